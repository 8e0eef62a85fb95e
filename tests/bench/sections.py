"""Sections of the reference page that a part of the bench writes alone."""

from __future__ import annotations


def put_section(page: str, *, title: str, text: str) -> str:
    """Give the page with a section in the place of the former of that title, or before the method.

    Args:
        page: all of it.
        title: with its marks, as ``## Waiting browsers``.
        text: begins with the title and ends with a line's end.
    """
    before, old, rest = page.partition(f"{title}\n")
    if old:
        _, heading, after = rest.partition("\n## ")
    else:
        before, heading, after = page.partition("## Method")
        return f"{before}{text}\n{heading}{after}"
    return f"{before}{text}{heading}{after}"

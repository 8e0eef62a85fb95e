"""Templates without an engine: `string.Template` files in which every value is escaped.

A value is text and is escaped, or is `Html`, which only `render` makes. There are no loops and no
conditions in a template: a page is put together from smaller ones, in Python.
"""

from __future__ import annotations

import html
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cardreader.agent.language import Language


class Html(str):
    """Markup that came out of `render`, so is safe to put into another template."""

    __slots__ = ()


NOTHING: Final = Html("")


def render(name: str, words: Language | None = None, /, **values: str | Html) -> Html:
    """Fill the template ``pages/<name>.html``; ``KeyError`` where it names what is not given.

    Args:
        name: the template.
        words: where given, each text without placeholders is available under its key.
        values: escaped unless they are `Html`.
    """
    filled: dict[str, str] = {}
    if words is not None:
        filled = {key: html.escape(text) for key, text in words.words.items()}
        filled["language"] = words.code
    for key, value in values.items():
        filled[key] = value if isinstance(value, Html) else html.escape(value)
    return Html(_template(name).substitute(filled))


def join(parts: Iterable[Html]) -> Html:
    """Put rendered parts one after the other."""
    return Html("".join(parts))


@cache
def static(name: str) -> bytes:
    """The bytes of a file of ours under ``static/``; the names are fixed by the router."""
    return resources.files("cardreader.agent").joinpath("static", name).read_bytes()


@cache
def _template(name: str) -> Template:
    file = resources.files("cardreader.agent").joinpath("pages", f"{name}.html")
    return Template(file.read_text(encoding="utf-8"))

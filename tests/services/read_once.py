"""What an application reads and compiles at its start, done once in a process of tests.

A provider starts once and serves for weeks; tests start thousands of applications, and without this
they would spend most of their time in reading the same catalogues, templates and routes again.
What is kept depends on its source alone, and nobody changes what is kept.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.routing import Rule

from idp.web import i18n, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Environment


@contextmanager
def read_once() -> Iterator[None]:
    """For the length of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "_read", cache(i18n._read))
        patch.setattr(pages, "templates", _once_a_language(pages.templates))
        patch.setattr(Rule, "_compile_builder", _once_a_route(Rule._compile_builder))
        yield


def _once_a_language(making: Callable[..., Environment]) -> Callable[..., Environment]:
    """Keep the templates that say the same: catalogues and files are what they are."""
    kept: dict[object, Environment] = {}

    def made(language: str, *, texts: i18n.Texts, **said: Any) -> Environment:
        same = {name: value for name, value in said.items() if name != "files"}
        key = language, texts.languages, *sorted(same.items())
        if key not in kept:
            kept[key] = making(language, texts=texts, **said)
        return kept[key]

    return made


def _once_a_route(compiling: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the function that writes a route's address; it takes the route as its argument."""
    kept: dict[object, Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:  # noqa: FBT001, FBT002 - theirs
        if rule.defaults:  # they are written into it
            return compiling(rule, append_unknown)
        key = rule.rule, tuple(rule._trace), append_unknown
        if key not in kept:
            kept[key] = compiling(rule, append_unknown)
        return kept[key]

    return compiled

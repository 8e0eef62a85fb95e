"""What an application reads and compiles at its start, done once in a process of tests.

A provider starts once and serves for weeks; tests start thousands of applications, and without this
they would spend most of their time in reading the same catalogues, templates and routes again.
What is kept depends on its source alone, and nobody changes what is kept.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import BytecodeCache, Environment
from werkzeug.routing import Rule

from idp.web import i18n, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

    from jinja2.bccache import Bucket


@contextmanager
def read_once() -> Iterator[None]:
    """For the length of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "_read", cache(i18n._read))
        patch.setattr(pages, "Environment", partial(Environment, bytecode_cache=Templates()))
        patch.setattr(Rule, "_compile_builder", _once_a_route(Rule._compile_builder))
        yield


class Templates(BytecodeCache):
    """Compiled templates by their name and the checksum of their source."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


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

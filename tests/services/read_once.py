"""What an application reads and compiles at its start, done once in a process of tests.

A provider starts once and serves for weeks; tests start thousands of applications, and without this
they would spend most of their time in reading the same catalogues, templates and routes again.
What is kept depends on its source alone, and nobody changes what is kept.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from werkzeug.routing import Rule

from cardreader.sim import image
from idp.store import shelf
from idp.web import i18n, pages
from keys import algorithms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Environment


KEYS = (
    (algorithms, "load_der_private_key"),
    (image, "load_pem_private_key"),
    (serialization, "load_pem_private_key"),
)
"""Who reads private keys: an RSA key is proven to be one each time, which takes its time."""


@contextmanager
def read_once() -> Iterator[None]:
    """For the length of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "_read", cache(i18n._read))
        patch.setattr(shelf, "Encoding", cache(shelf.Encoding))
        patch.setattr(pages, "templates", _once_a_language(pages.templates))
        for module, name in KEYS:
            patch.setattr(module, name, _once_a_key(getattr(module, name)))
        # Those whom the machine trusts certify nobody that a test reaches.
        patch.setenv("SSL_CERT_FILE", os.devnull)
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


def _once_a_key(reading: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the keys, which nobody can change; what is no key is refused each time."""
    kept: dict[tuple[bytes, bytes | None], Any] = {}

    def read(data: bytes, password: bytes | None, *more: Any) -> Any:
        key = bytes(data), password
        if key not in kept:
            kept[key] = reading(data, password, *more)
        return kept[key]

    return read


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

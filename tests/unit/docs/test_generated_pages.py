"""The reference pages say what the program does: they are generated, and none is stale."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from docs._generate.__main__ import PAGES, REFERENCE, stale
from docs._generate.registration import EXAMPLE, EXAMPLE_AT, ISSUER
from idp.config import load
from idp.oidc.registration.policy import policy_of
from idp.oidc.registration.rules import register

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_the_program_does(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "python -m docs._generate"


def test_a_page_that_was_changed_by_hand_is_stale(tmp_path: Path) -> None:
    for name, page in PAGES.items():
        (tmp_path / name).write_text(page(), encoding="utf-8")
    assert stale(tmp_path) == []
    (tmp_path / "problems.md").write_text("by hand")
    (tmp_path / "cli.md").unlink()
    assert stale(tmp_path) == ["problems.md", "cli.md"]


def test_the_example_of_a_registration_is_accepted(tmp_path: Path) -> None:
    config = tmp_path / "sesame.toml"
    config.write_text(f'issuer = "{ISSUER}"')
    client = register(tomllib.loads(EXAMPLE), policy_of(load(config)), now=EXAMPLE_AT)
    assert client.sector == "service.example"

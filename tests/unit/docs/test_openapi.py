"""The OpenAPI document is whole, and knows every parameter that the program reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs._generate import openapi, openapi_fields
from idp.oidc import grants, paths

SOURCES = Path(__file__).parents[3] / "idp" / "oidc"
READ = re.compile(r'\bparams\.(?:get|text|all)\("(\w+)"\)')
REFUSED = {"actor_token", "actor_token_type"}
"""Read only to say that they are not taken."""
DOCUMENT = openapi.described()


def test_every_reference_leads_to_a_schema_and_every_schema_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used == DOCUMENT["components"]["schemas"].keys()


def test_every_path_of_ours_is_described() -> None:
    ours = {value for name, value in vars(paths).items() if name.isupper()}
    assert ours <= DOCUMENT["paths"].keys()


def test_every_parameter_that_is_read_is_described() -> None:
    read = {
        name
        for file in SOURCES.rglob("*.py")
        for name in READ.findall(file.read_text(encoding="utf-8"))
    }
    assert len(read) > 30
    assert read - openapi_fields.FIELDS.keys() - {"grant_type"} == REFUSED


def test_a_grant_type_that_nobody_described_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi_fields, "GRANT_TYPES", (*grants.GRANT_TYPES, "urn:new"))
    with pytest.raises(KeyError, match="urn:new"):
        openapi_fields.token_forms()


def test_an_endpoint_that_nobody_described_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "PAGES", {**openapi.PAGES, "/new": ("GET",)})
    with pytest.raises(KeyError, match="/new"):
        openapi.described()

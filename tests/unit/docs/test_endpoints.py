"""The page of endpoints names each endpoint that is served or advertised, with its methods."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from idp.config import load
from idp.oidc import paths
from idp.oidc.metadata import metadata
from idp.web.cors import CrossOrigin
from idp.web.endpoints import Endpoints

if TYPE_CHECKING:
    from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "endpoints.md"
ENTRY = re.compile(r"^## `(\S+)`\n\nMethods: (.+?)\. Authentication: ", re.MULTILINE)
ISSUER = "https://login.example"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def written() -> dict[str, tuple[str, ...]]:
    return {
        path: tuple(re.findall(r"`([A-Z]+)`", methods))
        for path, methods in ENTRY.findall(PAGE.read_text(encoding="utf-8"))
    }


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    config = tmp_path / "sesame.toml"
    config.write_text(f'issuer = "{ISSUER}"')
    return load(config)


def test_every_path_has_an_entry_and_nothing_else_has() -> None:
    ours = {value for name, value in vars(paths).items() if name.isupper()}
    assert set(written()) == ours


def test_machine_endpoints_have_the_methods_that_are_served(settings: Any) -> None:
    class Services:
        ledger: Any = None
        grant_management: Any = None

        def __init__(self) -> None:
            self.settings = settings

    services: Any = Services()
    origins = CrossOrigin(services.ledger, now=lambda: NOW, monotonic=lambda: 0.0)
    table = Endpoints(services, origins).table()
    said = written()
    assert {path: said[path] for path in table} == {
        path: endpoint.methods for path, endpoint in table.items()
    }


def test_what_is_advertised_is_described(settings: Any) -> None:
    advertised = {
        str(value).removeprefix(ISSUER)
        for name, value in metadata(settings, algorithms=("ES256",)).items()
        if name.endswith(("_endpoint", "_uri"))
    }
    assert advertised <= set(written())

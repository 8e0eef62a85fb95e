"""The logo of a client as an operator gets to know of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from idp.domain.client import ClientId
from idp.outbound.client import OutboundFailed
from idp.outbound.pictures import Pictures
from tests.services.drawn import png

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.unit.cli.operators.conftest import Operator

LOGO = "https://shop.example/logo.png"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What is at which address."""
    pages: dict[str, bytes] = {}

    def fetch(_: Pictures, addresses: Iterable[str]) -> dict[str, bytes | OutboundFailed]:
        return {one: pages.get(one) or OutboundFailed("unreachable") for one in addresses}

    monkeypatch.setattr(Pictures, "__call__", fetch)
    return pages


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "shop.json"
    said = {
        "client_id": "shop",
        "client_name": {"en": "The shop"},
        "redirect_uris": ["https://shop.example/cb"],
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": LOGO,
    }
    path.write_text(json.dumps(said))
    return str(path)


def shown(operator: Operator) -> list[str]:
    with operator.unit() as unit:
        client = unit.clients.get(ClientId("shop"))
        assert client is not None
        digests = [one.digest for one in client.about.pictures.values()]
        assert all(unit.logos.get(digest) for digest in digests)
    return digests


def test_an_operator_is_told_that_the_logo_is_shown(
    operator: Operator, web: dict[str, bytes], document: str
) -> None:
    web[LOGO] = png()
    result = operator.run("clients", "add", "--from", document)
    assert f"logo of {LOGO}: 32 x 32 pixels, is shown" in result.stderr
    assert len(shown(operator)) == 1


def test_an_operator_is_told_why_it_is_not_and_fetches_it_later(
    operator: Operator, web: dict[str, bytes], document: str
) -> None:
    result = operator.run("clients", "add", "--from", document)
    assert f"logo of {LOGO}: it could not be fetched: unreachable" in result.stderr
    assert "sesame clients logo shop" in result.stderr
    assert shown(operator) == []
    web[LOGO] = b"<svg/>"
    assert "it is not a PNG" in operator.run("clients", "logo", "shop").stderr
    web[LOGO] = png()
    told = operator.told("clients", "logo", "shop")
    assert told["missing"] == {}
    assert [told["shown"]["en"]["digest"]] == shown(operator)
    assert operator.audited()[-1]["details"]["change"] == "logo fetched"


def test_a_logo_changes_when_the_operator_fetches_it_and_stays_when_that_fails(
    operator: Operator, web: dict[str, bytes], document: str
) -> None:
    web[LOGO] = png()
    operator.run("clients", "add", "--from", document)
    first = shown(operator)
    web[LOGO] = png(colour=b"\xff\0\0\xff")
    operator.run("clients", "edit", "shop", "--name", "en=The other shop", "--yes")
    assert shown(operator) == first
    operator.run("clients", "logo", "shop")
    second = shown(operator)
    assert second != first
    web.clear()
    assert "unreachable" in operator.run("clients", "logo", "shop").stderr
    assert shown(operator) == second


def test_there_may_be_nothing_to_fetch(operator: Operator, document: str) -> None:
    operator.run("clients", "add", "--from", document, "--client-uri", "x", fails=2)
    operator.run(
        "clients", "add", "plain", "--name", "en=Plain", "--redirect-uri", "https://a.example/cb",
        "--auth-method", "client_secret_basic",
    )  # fmt: skip
    assert "registered no logo_uri" in operator.run("clients", "logo", "plain", fails=1).output


def test_what_the_setting_does_not_show_is_not_fetched(
    operator: Operator, web: dict[str, bytes], document: str
) -> None:
    web[LOGO] = png()
    operator.config.write_text(f'{operator.config.read_text()}\n[registration]\nlogos = "none"\n')
    operator.run("clients", "add", "--from", document)
    assert shown(operator) == []
    said = operator.run("clients", "logo", "shop", fails=1).output
    assert "registration.logos is none" in said

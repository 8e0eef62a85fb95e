"""What an operator is told of clients and their profiles: the rule, and what to write instead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.certificate_use import CertificateUse
from idp.domain.profile import Profile
from idp.oidc.registration.narrowing import takes_away
from tests.attacks.profiles.bank import document
from tests.contract.store.stand_ins import a_client

if TYPE_CHECKING:
    from tests.unit.cli.deployed import Deployment


def registered(made: Deployment, *options: str, **changes: object) -> str:
    path = made.folder / "bank.json"
    path.write_text(json.dumps(document(**changes)), encoding="utf-8")
    return made.run("clients", "add", "--from", str(path), *options).output


def bound(made: Deployment) -> bool:
    told = made.json("clients", "show", "bank")
    return bool(told["registration"].get("dpop_bound_access_tokens"))


def test_every_broken_rule_is_named_with_what_to_write_instead(deployment: Deployment) -> None:
    said = registered(
        deployment,
        dpop_bound_access_tokens=None,
        pkce="optional",
        redirect_uris=["http://127.0.0.1/cb"],
    )
    for rule, instead in (
        ("sender-constrained", "register dpop_bound_access_tokens"),
        ("pkce-s256", "leave out pkce"),
        ("https-redirects", "write https://"),
    ):
        assert f"profile fapi2 rule {rule}: {instead}" in " ".join(said.split())
    assert deployment.json("clients", "list")["clients"] == []


def test_an_edit_that_breaks_the_profile_changes_nothing(deployment: Deployment) -> None:
    registered(deployment)
    answer = deployment.run("clients", "edit", "bank", "--not-dpop-bound")
    assert answer.exit_code == 1
    assert "profile fapi2 rule sender-constrained" in " ".join(answer.output.split())
    assert bound(deployment)
    answer = deployment.run(
        "clients", "edit", "bank", "--profile", "default", "--not-dpop-bound", "--yes"
    )
    assert answer.exit_code == 0, answer.output
    assert not bound(deployment)


def test_the_doctor_names_a_client_that_breaks_its_profile(deployment: Deployment) -> None:
    registered(deployment)
    whole, weaker = '"bound_tokens":true', '"bound_tokens":false'
    deployment.sql("update clients set body = replace(body, ?, ?)", whole, weaker)
    report = json.loads(deployment.run("doctor", "--json").stdout)
    found = [one for one in report["findings"] if one["part"] == "clients"]
    assert [one["verdict"] for one in found] == ["fail"]
    assert "bank breaks profile fapi2 rule sender-constrained" in found[0]["says"]
    assert "dpop_bound_access_tokens" in found[0]["mend"]


@pytest.mark.parametrize(
    ("after", "ends"),
    [
        ({"bound_tokens": True}, True),
        ({"certificates": CertificateUse(bound=True)}, True),
        ({"profile": Profile.FAPI2}, True),
        ({"profile": Profile.FAS}, True),
        ({"certificates": CertificateUse()}, False),
    ],
)
def test_what_was_held_ends_where_a_client_becomes_stricter(
    after: dict[str, Any], *, ends: bool
) -> None:
    client = a_client()
    assert takes_away(client, replace(client, **after)) is ends
    assert not takes_away(replace(client, **after), client)

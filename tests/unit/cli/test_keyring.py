"""``sesame keys``: what an operator sees and does on the day that policy does not know of."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cli.deployed import Deployment


def keys(deployment: Deployment, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = deployment.json("keys", "list", *options)["keys"]
    return found


def kid(deployment: Deployment, state: str) -> str:
    (found,) = (key["kid"] for key in keys(deployment) if key["state"] == state)
    return str(found)


def changes(deployment: Deployment, *arguments: str) -> list[tuple[str, str]]:
    answer = deployment.json("keys", *arguments)
    return [(change["kid"], change["state"]) for change in answer["changes"]]


def actors(deployment: Deployment) -> set[str]:
    with closing(sqlite3.connect(deployment.ledger)) as file:
        rows = file.execute("SELECT payload FROM audit WHERE stream = 'key'").fetchall()
    return {json.loads(payload)["actor"] for (payload,) in rows}


def test_a_new_deployment_has_one_key_that_signs(deployment: Deployment) -> None:
    (key,) = keys(deployment)
    assert (key["algorithm"], key["state"]) == ("ES256", "signing")
    shown = deployment.run("keys", "list").output
    assert shown.startswith(key["kid"])
    assert "retires from" in shown


def test_a_rotation_announces_one_successor_and_says_when_it_signs(deployment: Deployment) -> None:
    first = deployment.run("keys", "rotate")
    assert "is announced" in first.output
    assert "nothing to do" in deployment.run("keys", "rotate").output
    assert [key["state"] for key in keys(deployment)] == ["announced", "signing"]
    assert "signs from" in deployment.run("keys", "list").output


def test_promoting_early_must_be_meant(deployment: Deployment) -> None:
    deployment.json("keys", "generate", "ES256")
    new, old = kid(deployment, "announced"), kid(deployment, "signing")
    refused = deployment.run("keys", "promote", new)
    assert refused.exit_code == 1
    assert "--early" in refused.output
    assert changes(deployment, "promote", "--early", new) == [(old, "retiring"), (new, "signing")]


def test_retiring_asks_first_and_leaves_a_key_that_signs(deployment: Deployment) -> None:
    old = kid(deployment, "signing")
    assert deployment.run("keys", "retire", old).exit_code == 1
    assert kid(deployment, "signing") == old
    (gone, _), (new, _) = changes(deployment, "retire", "--yes", old)
    assert gone == old
    assert kid(deployment, "signing") == new
    assert old not in [key["kid"] for key in keys(deployment)]
    assert old in [key["kid"] for key in keys(deployment, "--all")]


def test_the_archive_holds_what_signed_once_and_nothing_private(deployment: Deployment) -> None:
    old = kid(deployment, "signing")
    deployment.json("keys", "retire", "--yes", old)
    deployment.json("keys", "generate", "ES256")
    archived = json.loads(deployment.run("keys", "archive").output)["keys"]
    assert {jwk["kid"] for jwk in archived} == {kid(deployment, "signing"), old}
    assert all(jwk.keys().isdisjoint({"d", "k", "p", "q"}) for jwk in archived)


def test_what_cannot_be_done_is_explained(deployment: Deployment) -> None:
    signing = kid(deployment, "signing")
    for arguments, says in (
        (("promote", signing), "only an announced key"),
        (("promote", "nobody"), "sesame keys list"),
        (("retire", "--yes", "nobody"), "sesame keys list"),
        (("generate", "PS256"), "keys.algorithms"),
        (("generate", "HS256"), "Invalid value"),
    ):
        result = deployment.run("keys", *arguments)
        assert result.exit_code != 0
        assert says in result.output
        assert "Traceback" not in result.output


def test_what_is_wrong_with_a_deployment_is_explained(deployment: Deployment) -> None:
    deployment.kek.chmod(0o644)
    result = deployment.run("keys", "list")
    assert result.exit_code == 1
    assert "chmod 600" in result.output


def test_before_setup_there_is_nothing_to_list(new: Deployment) -> None:
    result = new.run("keys", "list")
    assert result.exit_code == 1
    assert "sesame" in result.output


def test_the_audit_trail_names_who_did_it(deployment: Deployment) -> None:
    deployment.json("keys", "rotate")
    (actor,) = actors(deployment)
    assert actor.startswith("operator:")

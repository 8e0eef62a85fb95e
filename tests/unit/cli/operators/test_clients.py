"""``sesame clients`` as an operator types it, against a real Ledger."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import ClientId
from tests.contract.store.stand_ins import a_grant, a_person, a_session, a_token
from tests.unit.registration.documents import EC, REASON, public

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.operators.conftest import Operator

SHOP = ClientId("shop")
CALLBACK = "https://shop.example/cb"
WITH_SECRET = ("--auth-method", "client_secret_basic")


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [public(EC, kid="1")]}))
    return str(path)


def add_shop(operator: Operator, *words: str) -> Any:
    return operator.told(
        "clients", "add", "shop", "--name", "en=The shop", "--redirect-uri", CALLBACK, *words
    )


def add_with_secret(operator: Operator, *words: str) -> Any:
    return add_shop(operator, *WITH_SECRET, *words)


def give_grant(operator: Operator) -> None:
    with operator.unit() as unit:
        unit.people.add(a_person())
        unit.sessions.open(a_session())
        unit.grants.add(a_grant())
        unit.grants.add_access_token(a_token())


def has_grant(operator: Operator) -> bool:
    with operator.unit() as unit:
        grant = unit.grants.get(a_grant().id)
    assert grant is not None
    return grant.ended_at is None


def test_a_client_is_added_from_options(operator: Operator, jwks: str) -> None:
    told = add_shop(operator, "--jwks", jwks, "--scope", "openid profile")
    assert "client_secret" not in told
    with operator.unit() as unit:
        client = unit.clients.get(SHOP)
    assert client is not None
    assert client.redirect_uris == (CALLBACK,)
    assert client.scopes == ("openid", "profile")
    assert client.jwks == {"keys": [public(EC, kid="1")]}


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_client_is_added_from_a_file_and_options_win(
    operator: Operator, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"shop.{form}"
    if form == "json":
        document = {
            "client_id": "shop",
            "client_name": {"nl": "De winkel"},
            "redirect_uris": [CALLBACK],
            "jwks": {"keys": [public(EC)]},
            "contact": "file",
            "purposes": [{"name": "login", "reason": REASON, "claims": ["given_name"]}],
        }
        path.write_text(json.dumps(document))
    else:
        key = ", ".join(f'{name} = "{value}"' for name, value in public(EC).items())
        reason = ", ".join(f'{name} = "{value}"' for name, value in REASON.items())
        path.write_text(
            'client_id = "shop"\nclient_name = { nl = "De winkel" }\ncontact = "file"\n'
            f'redirect_uris = ["{CALLBACK}"]\njwks.keys = [{{ {key} }}]\n'
            f'[[purposes]]\nname = "login"\nclaims = ["given_name"]\nreason = {{ {reason} }}\n'
        )
    told = operator.told(
        "clients", "add", "--from", str(path), "--contact", "option", "--name", "en=The shop"
    )
    assert told["registration"]["contact"] == "option"
    assert told["registration"]["client_name"] == {"nl": "De winkel", "en": "The shop"}
    assert told["registration"]["purposes"][0]["claims"] == ["given_name"]


def test_every_fault_is_told_and_nothing_is_added(operator: Operator) -> None:
    result = operator.run(
        "clients", "add", "Shop", "--redirect-uri", "http://shop.example/#x", fails=1
    )
    for member in ("client_id", "client_name", "redirect_uris[0]", "jwks"):
        assert f"  {member}: " in result.output
    assert operator.told("clients", "list") == {"clients": []}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", '{"client_id": "a", "client_id": "b"}'),
        ("x.json", "[]"),
        ("x.json", "{"),
        ("x.toml", "client_id ="),
        ("x.toml", "\udcff"),
        ("x.toml", "#" * 300_000),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(
    operator: Operator, tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.write_text(text, errors="surrogateescape")
    result = operator.run("clients", "add", "--from", str(path), fails=1)
    assert name in result.output
    assert "Traceback" not in result.output


def test_a_taken_identifier_is_explained_even_after_removal(operator: Operator) -> None:
    add_with_secret(operator)
    taken = ("clients", "add", "shop", "--name", "en=x", "--redirect-uri", CALLBACK, *WITH_SECRET)
    assert "is taken" in operator.run(*taken, fails=1).output
    operator.run("clients", "remove", "shop", "--yes")
    assert "is taken" in operator.run(*taken, fails=1).output


def test_a_secret_is_shown_once_and_only_its_hash_is_kept(operator: Operator) -> None:
    told = add_with_secret(operator)
    text = told["client_secret"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    with operator.unit() as unit:
        client = unit.clients.get(SHOP)
    assert client is not None
    assert [one.digest for one in client.secrets] == [digest]
    for words in (("show", "shop"), ("list",), ("history", "shop")):
        for form in ((), ("--json",)):
            shown = operator.run("clients", *words, *form).output
            assert text not in shown
            assert digest not in shown


def test_two_clients_never_get_the_same_secret(operator: Operator) -> None:
    one = add_with_secret(operator)["client_secret"]
    other = operator.told("clients", "secret", "add", "shop")["client_secret"]
    assert one != other
    assert len(one) == len(other) == 43


def test_what_show_prints_can_be_given_back(operator: Operator, tmp_path: Path) -> None:
    add_with_secret(operator, "--contact", 'a "quoted" \\ é')
    shown = operator.run("clients", "show", "shop").stdout
    assert tomllib.loads(shown)["contact"] == 'a "quoted" \\ é'
    path = tmp_path / "shop.toml"
    path.write_text(shown)
    assert "nothing changes" in operator.run("clients", "edit", "shop", "--from", str(path)).output


def test_an_edit_shows_what_changes_and_asks(operator: Operator) -> None:
    add_with_secret(operator)
    words = ("clients", "edit", "shop", "--redirect-uri", "https://shop.example/new")
    asked = operator.run(*words, typed="n\n", fails=1)
    assert f'- redirect_uris = ["{CALLBACK}"]' in asked.stderr
    assert '+ redirect_uris = ["https://shop.example/new"]' in asked.stderr
    assert operator.told("clients", "show", "shop")["version"] == 1
    operator.run(*words, typed="y\n")
    shown = operator.told("clients", "show", "shop")
    assert shown["version"] == 2
    assert shown["registration"]["redirect_uris"] == ["https://shop.example/new"]


def test_an_edit_keeps_what_it_does_not_name(operator: Operator) -> None:
    add_with_secret(operator, "--contact", "team", "--name", "nl=De winkel")
    operator.run("clients", "edit", "shop", "--yes", "--name", "fr=La boutique")
    registration = operator.told("clients", "show", "shop")["registration"]
    assert registration["contact"] == "team"
    assert registration["client_name"] == {
        "nl": "De winkel",
        "fr": "La boutique",
        "en": "The shop",
    }
    operator.run("clients", "edit", "shop", "--yes", "--unset", "contact")
    assert "contact" not in operator.told("clients", "show", "shop")["registration"]


def test_an_edit_is_refused_as_a_whole_when_one_member_is_wrong(operator: Operator) -> None:
    add_with_secret(operator)
    operator.run("clients", "edit", "shop", "--yes", "--contact", "x", "--pkce", "plain", fails=1)
    assert operator.told("clients", "show", "shop")["version"] == 1


def test_an_edit_of_another_version_is_explained(operator: Operator) -> None:
    add_with_secret(operator)
    words = ("clients", "edit", "shop", "--yes", "--contact", "x", "--expect-version", "7")
    assert "was changed meanwhile" in operator.run(*words, fails=1).output


def test_of_two_edits_at_once_the_slower_is_told(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_with_secret(operator)

    def faster(*_: object, **__: object) -> bool:
        with operator.unit() as unit:
            client = unit.clients.get(SHOP)
            assert client is not None
            unit.clients.replace(client, expected_version=1)
        return True

    monkeypatch.setattr("click.confirm", faster)
    result = operator.run("clients", "edit", "shop", "--contact", "x", fails=1)
    assert "was changed meanwhile" in result.output
    assert operator.told("clients", "show", "shop")["version"] == 2


def test_a_client_that_turns_to_a_secret_gets_one(operator: Operator, jwks: str) -> None:
    add_shop(operator, "--jwks", jwks)
    told = operator.told("clients", "edit", "shop", "--yes", *WITH_SECRET, "--unset", "jwks")
    assert len(told["client_secret"]) == 43
    back = operator.told(
        "clients", "edit", "shop", "--yes", "--auth-method", "private_key_jwt", "--jwks", jwks
    )
    assert back["secrets"] == []


def test_disabling_ends_what_the_client_holds_and_enabling_brings_none_back(
    operator: Operator,
) -> None:
    add_with_secret(operator)
    give_grant(operator)
    assert has_grant(operator)
    assert operator.told("clients", "disable", "shop")["enabled"] is False
    assert not has_grant(operator)
    assert operator.told("clients", "enable", "shop")["enabled"] is True
    assert not has_grant(operator)
    assert "was enabled already" in operator.run("clients", "enable", "shop").output
    assert operator.told("clients", "show", "shop")["version"] == 3


def test_removing_ends_what_the_client_holds_and_keeps_its_history(operator: Operator) -> None:
    add_with_secret(operator)
    give_grant(operator)
    operator.run("clients", "remove", "shop", typed="n\n", fails=1)
    assert has_grant(operator)
    assert operator.told("clients", "remove", "shop", "--yes")["grants_ended"] == 1
    assert not has_grant(operator)
    operator.run("clients", "show", "shop", fails=1)
    history = operator.told("clients", "history", "shop")["history"]
    assert [(one["before"] is None, one["after"] is None) for one in history] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("--contact", "x"), False),
        (("--redirect-uri", "https://shop.example/new"), False),
        (("--scope", "openid"), True),
        (("--minimum-age", "18"), True),
        (("--accepted-document", "citizen"), True),
        (("--sector", "other.example"), True),
        (("--subject-type", "public", "--approve-public-subject"), True),
    ],
)
def test_an_edit_that_takes_away_ends_what_was_given(
    operator: Operator,
    words: tuple[str, ...],
    *,
    ends: bool,
) -> None:
    add_with_secret(operator, "--scope", "openid profile")
    give_grant(operator)
    operator.run("clients", "edit", "shop", "--yes", *words)
    assert has_grant(operator) is not ends


def test_a_public_subject_needs_approval_in_so_many_words(operator: Operator) -> None:
    words = ("clients", "add", "shop", "--name", "en=x", "--redirect-uri", CALLBACK, *WITH_SECRET)
    refused = operator.run(*words, "--subject-type", "public", fails=1)
    assert "--approve-public-subject" in refused.output
    operator.run(*words, "--subject-type", "public", "--approve-public-subject")


def test_secrets_overlap_while_they_are_rotated(operator: Operator) -> None:
    first = add_with_secret(operator)["secrets"][0]
    told = operator.told("clients", "secret", "add", "shop", "--overlap", "7")
    old, new = told["secrets"]
    assert old["reference"] == first["reference"]
    assert old["expires_at"] < first["expires_at"]
    assert new["expires_at"] == told["client_secret_expires_at"]
    after = operator.told("clients", "secret", "expire", "shop", old["reference"])
    assert [one["reference"] for one in after["secrets"]] == [new["reference"]]
    last = operator.run("clients", "secret", "expire", "shop", new["reference"], fails=1)
    assert "add another first" in last.output
    assert (
        "has no secret"
        in operator.run("clients", "secret", "expire", "shop", "00000000", fails=1).output
    )


def test_a_client_with_keys_has_no_secret_to_rotate(operator: Operator, jwks: str) -> None:
    add_shop(operator, "--jwks", jwks)
    assert "private_key_jwt" in operator.run("clients", "secret", "add", "shop", fails=1).output


def test_every_change_is_audited_with_who_made_it(operator: Operator) -> None:
    add_with_secret(operator)
    operator.run("clients", "edit", "shop", "--yes", "--contact", "x", "--pkce", "optional")
    operator.run("clients", "disable", "shop")
    operator.run("clients", "disable", "shop")
    operator.run("clients", "remove", "shop", "--yes")
    rows = [row for row in operator.audited() if row["kind"] == "client.changed"]
    account = pwd.getpwuid(os.getuid()).pw_name
    assert {row["actor"] for row in rows} == {f"operator:{account}"}
    assert [row["details"]["change"] for row in rows] == [
        "added",
        "edited contact pkce",
        "disabled",
        "removed",
    ]


def test_the_actor_is_not_what_a_variable_says(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    add_with_secret(operator)
    assert all("somebody-else" not in row.get("actor", "") for row in operator.audited())


def test_an_unknown_client_is_explained(operator: Operator) -> None:
    for words in (("show",), ("disable",), ("enable",), ("remove", "--yes"), ("edit", "--yes")):
        result = operator.run("clients", words[0], "nobody", *words[1:], fails=1)
        assert "there is no client nobody" in result.output
    assert "never" in operator.run("clients", "history", "nobody", fails=1).output


def test_the_list_is_one_line_a_client(operator: Operator) -> None:
    assert operator.run("clients", "list").stdout == ""
    add_with_secret(operator)
    assert operator.run("clients", "list").stdout.split() == [
        "shop",
        "enabled",
        "client_secret_basic",
        "operator",
        "The",
        "shop",
    ]

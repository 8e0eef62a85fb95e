"""``sesame people`` as an operator types it: states that close an account, and seeded persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from idp.domain.person import PersonState
from tests.contract.store.stand_ins import AN, a_client, a_grant, a_person, a_session
from tests.unit.cli.operators.conftest import deployed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.operators.conftest import Operator

NUMBER = "85073003328"
SEEDS = """
[[person]]
username = "an"
given_name = "An"
family_name = "Peeters"
national_number = "85073003328"
email = "an@example.be"
email_verified = true
address = { locality = "Luik", country = "BE" }

[[person]]
username = "bo"
given_name = "Bo"
"""


@pytest.fixture
def peopled(operator: Operator) -> Operator:
    with operator.unit() as unit:
        unit.clients.add(a_client())
        unit.people.add(a_person(), username="an")
        unit.sessions.open(a_session())
        unit.grants.add(a_grant(offline=True))
    return operator


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text(SEEDS)
    return path


@pytest.mark.parametrize(
    ("verb", "state"), [("lock", PersonState.LOCKED), ("suspend", PersonState.SUSPENDED)]
)
def test_closing_an_account_ends_sessions_and_grants_for_good(
    peopled: Operator, verb: str, state: PersonState
) -> None:
    assert peopled.told("people", verb, AN)["state"] == state
    assert peopled.told("people", "unlock", AN)["state"] == "active"
    with peopled.unit() as unit:
        session = unit.sessions.get(a_session().key)
        grant = unit.grants.get(a_grant().id)
    assert session is not None
    assert grant is not None
    assert session.ended_at is not None
    assert grant.ended_at is not None


def test_a_change_of_state_is_audited_once(peopled: Operator) -> None:
    for verb in ("lock", "lock", "suspend", "unlock"):
        peopled.run("people", verb, AN)
    changes = [
        row["details"]["change"] for row in peopled.audited() if row["kind"] == "person.changed"
    ]
    assert changes == ["active to locked", "locked to suspended", "suspended to active"]


def test_the_dead_are_not_unlocked(peopled: Operator) -> None:
    with peopled.unit() as unit:
        unit.people.set_state(AN, PersonState.DECEASED, at=a_person().created_at)
    for verb in ("lock", "unlock", "suspend"):
        assert "does not change" in peopled.run("people", verb, AN, fails=1).output


def test_a_person_is_found_and_the_number_is_never_printed(peopled: Operator) -> None:
    for result in (
        peopled.run("people", "find", "--number", typed=f"{NUMBER}\n"),
        peopled.run("people", "find", "--number", typed="85.07.30-033.28\n"),
        peopled.run("people", "find", "--username", "an"),
        peopled.run("people", "show", AN),
        peopled.run("people", "show", AN, "--json"),
    ):
        assert AN in result.output
        assert NUMBER not in result.output
        assert "85.07.30" not in result.output


def test_nobody_is_found_by_a_wrong_number(peopled: Operator) -> None:
    missing = peopled.run("people", "find", "--number", typed="85073003329\n", fails=1)
    assert "nobody is known by that" in missing.output
    assert "85073003329" not in missing.output
    assert (
        "eleven digits"
        in peopled.run("people", "find", "--number", typed="850730\n", fails=1).output
    )
    peopled.run("people", "find", fails=2)
    peopled.run("people", "show", "nobody", fails=1)


def test_seeding_twice_changes_nothing(operator: Operator, seeds: Path) -> None:
    assert operator.told("people", "seed", str(seeds)) == {
        "added": 2,
        "renewed": 0,
        "unchanged": 0,
    }
    first = operator.told("people", "find", "--username", "an")
    assert operator.told("people", "seed", str(seeds)) == {
        "added": 0,
        "renewed": 0,
        "unchanged": 2,
    }
    assert operator.told("people", "find", "--username", "an") == first
    changes = [row["details"]["change"] for row in operator.audited() if "person" in row]
    assert changes == ["seeded", "seeded"]


def test_a_seed_that_changed_renews_the_same_person(operator: Operator, seeds: Path) -> None:
    operator.run("people", "seed", str(seeds))
    first = operator.told("people", "find", "--username", "bo")
    seeds.write_text(SEEDS.replace('"Bo"', '"Boudewijn"'))
    assert operator.told("people", "seed", str(seeds))["renewed"] == 1
    renewed = operator.told("people", "find", "--username", "bo")
    assert (renewed["id"], renewed["given_name"]) == (first["id"], "Boudewijn")


def test_seeds_hold_standard_claims_by_their_types(operator: Operator, seeds: Path) -> None:
    operator.run("people", "seed", str(seeds))
    with operator.unit() as unit:
        person = unit.people.find_by_username("an")
    assert person is not None
    assert person.attributes.national_number_type == "national"
    assert person.attributes.standard == {
        "email": "an@example.be",
        "email_verified": True,
        "address": {"locality": "Luik", "country": "BE"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person = 3", "[[person]]"),
        ('[people]\nusername = "an"', "[[person]]"),
        ("[[person]]", "username"),
        ('[[person]]\nusername = "An Peeters"', "username"),
        ('[[person]]\nusername = "an"\nshoe_size = "38"', "shoe_size"),
        ('[[person]]\nusername = "an"\nemail = 3', "email"),
        ('[[person]]\nusername = "an"\nemail_verified = "yes"', "email_verified"),
        ('[[person]]\nusername = "an"\naddress = "Luik"', "address"),
        ('[[person]]\nusername = "an"\nnational_number = "8507"', "national_number"),
        ('[[person]]\nusername = "an"\nnational_number_type = "x"', "national_number_type"),
        ('[[person]]\nusername = "an"\n[[person]]\nusername = "an"', "already"),
        ("[[person", "people.toml"),
    ],
)
def test_a_seed_that_is_wrong_is_explained(
    operator: Operator, seeds: Path, text: str, said: str
) -> None:
    seeds.write_text(text)
    assert said in operator.run("people", "seed", str(seeds), fails=1).output
    assert operator.audited() == [row for row in operator.audited() if "person" not in row]


def test_two_seeds_cannot_share_a_number(operator: Operator, seeds: Path) -> None:
    seeds.write_text(SEEDS.replace('"Bo"', f'"Bo"\nnational_number = "{NUMBER}"'))
    result = operator.run("people", "seed", str(seeds), fails=1)
    assert "somebody else" in result.output
    assert NUMBER not in result.output


def test_nobody_is_seeded_where_seeded_persons_cannot_sign_in(tmp_path: Path, seeds: Path) -> None:
    operator = deployed(tmp_path, seeded=False)
    assert "test or conformance" in operator.run("people", "seed", str(seeds), fails=1).output

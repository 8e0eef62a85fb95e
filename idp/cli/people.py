"""``sesame people``: find a person, change what they may do, seed persons where tests need them.

A state that closes the account ends, in the same unit, every session and every grant of the person.
National numbers are never printed, never arguments, and never in the audit trail.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from idp.cli.deployment import config_option, json_option, opened, operator
from idp.cli.seeding import seed
from idp.domain import audit_event
from idp.domain.person import PersonId, PersonState

if TYPE_CHECKING:
    from pathlib import Path

    from idp.domain.person import Person
    from idp.store.ports import Unit

_FINAL: Final = frozenset({PersonState.DECEASED, PersonState.ERASED})


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def people() -> None:
    """Find people, change their state; seed people in test environments."""


@people.command()
@click.option("--username", help="Of a seeded person.")
@click.option(
    "--number",
    "by_number",
    is_flag=True,
    help="By national number, asked without being shown (or one line of standard input).",
)
@config_option
@json_option
def find(username: str | None, config_path: Path | None, *, by_number: bool, as_json: bool) -> None:
    """Find a person by user name or national number."""
    if (username is None) is not by_number:
        raise click.UsageError("give either --username NAME or --number")
    number = _asked_number() if by_number else ""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        person = (
            unit.people.find_by_username(username)
            if username is not None
            else unit.people.find_by_number(number)
        )
    if person is None:
        raise click.ClickException("nobody is known by that")
    _tell(person, as_json=as_json)


@people.command()
@click.argument("person_id")
@config_option
@json_option
def show(person_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Show the person PERSON_ID (the opaque identifier of the audit trail)."""
    with opened(config_path) as foundation, foundation.ledger.read() as unit:
        person = _known(unit, person_id)
    _tell(person, as_json=as_json)


@people.command()
@click.argument("person_id")
@config_option
@json_option
def lock(person_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Close the account for now, for a danger to it; ends sessions and grants."""
    _move(person_id, PersonState.LOCKED, config_path, as_json=as_json)


@people.command()
@click.argument("person_id")
@config_option
@json_option
def suspend(person_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Close the account by a decision about the person; ends sessions and grants."""
    _move(person_id, PersonState.SUSPENDED, config_path, as_json=as_json)


@people.command()
@click.argument("person_id")
@config_option
@json_option
def unlock(person_id: str, config_path: Path | None, *, as_json: bool) -> None:
    """Open a locked or suspended account again; what ended stays ended."""
    _move(person_id, PersonState.ACTIVE, config_path, as_json=as_json)


people.add_command(seed)


def _move(person_id: str, state: PersonState, config_path: Path | None, *, as_json: bool) -> None:
    with opened(config_path) as foundation:
        now = foundation.now()
        with foundation.ledger.begin() as unit:
            person = _known(unit, person_id)
            if person.state in _FINAL:
                raise click.ClickException(f"{person_id} is {person.state}: that does not change")
            if person.state is not state:
                unit.people.set_state(person.id, state, at=now)
                unit.record(
                    audit_event.person_changed(
                        person=person.id,
                        at=now,
                        actor=operator(),
                        change=f"{person.state} to {state}",
                    )
                )
            if state is not PersonState.ACTIVE:
                unit.sessions.end_by_person(person.id, at=now)
                unit.grants.end_by_person(person.id, at=now)
            person = _known(unit, person_id)
    _tell(person, as_json=as_json)


def _known(unit: Unit, person_id: str) -> Person:
    person = unit.people.get(PersonId(person_id))
    if person is None:
        raise click.ClickException("there is no such person; see 'sesame people find --help'")
    return person


def _asked_number() -> str:
    if sys.stdin.isatty():
        text: str = click.prompt("National number", hide_input=True, err=True)
    else:
        text = sys.stdin.readline()
    digits = "".join(one for one in text if one.isascii() and one.isdigit())
    if len(digits) != len("85073003328"):
        raise click.ClickException("a national number has eleven digits")
    return digits


def _tell(person: Person, *, as_json: bool) -> None:
    """Show what an operator needs to know them by; the number is not among it."""
    shown: dict[str, Any] = {
        "id": person.id,
        "state": person.state.value,
        "given_name": person.attributes.given_name,
        "family_name": person.attributes.family_name,
        "national_number": "known" if person.attributes.national_number else "not known",
        "created_at": person.created_at.isoformat(),
        "updated_at": person.updated_at.isoformat(),
    }
    if as_json:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for name, value in shown.items():
        if value is not None:
            click.echo(f"{name:<16} {value}")

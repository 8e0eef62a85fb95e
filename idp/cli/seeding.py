"""``sesame people seed``: made-up persons with a user name, for tests and conformance alone.

The file is TOML: one ``[[person]]`` each, with ``username``, any standard claims of OpenID Connect
Core 5.1, and perhaps a made-up ``national_number``. Seeding twice changes nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from base64 import urlsafe_b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from idp.cli.deployment import config_option, json_option, opened, operator
from idp.domain import audit_event
from idp.domain.person import Attributes, Person, PersonId, PersonState
from idp.domain.vocabulary import FLAGS, TEXTS
from idp.store.ports import Duplicate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from idp.foundation import Foundation
    from idp.store.ports import Unit

_ID_BYTES: Final = 16
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{11}", re.ASCII)
_NAMES: Final = ("given_name", "family_name")
_KNOWN: Final = frozenset(
    {"username", *_NAMES, "national_number", "national_number_type", "address", *TEXTS, *FLAGS}
)


@click.command()
@click.argument("source", metavar="FILE", type=click.File("rb"))
@config_option
@json_option
def seed(source: BinaryIO, config_path: Path | None, *, as_json: bool) -> None:
    """Make (or renew) the persons of FILE; in the test and conformance environments only."""
    with opened(config_path) as foundation:
        if not foundation.settings.login.seeded_sign_in:
            raise click.ClickException(
                "persons are seeded only where they can sign in: the environment test or "
                "conformance, with login.seeded_sign_in = true"
            )
        persons = persons_in(source)
        outcomes = Counter(seeded(foundation, name, one) for name, one in persons.items())
    told = {word: outcomes[word] for word in ("added", "renewed", "unchanged")}
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(", ".join(f"{count} {word}" for word, count in told.items()))


def seeded(foundation: Foundation, username: str, attributes: Attributes) -> str:
    """Make or renew one person in a unit of its own; give which of the two it was."""
    now = foundation.now()
    try:
        with foundation.ledger.begin() as unit:
            person = unit.people.find_by_username(username)
            if person is None:
                key = urlsafe_b64encode(foundation.entropy(_ID_BYTES)).rstrip(b"=").decode()
                person = Person(
                    id=PersonId(key),
                    state=PersonState.ACTIVE,
                    attributes=attributes,
                    created_at=now,
                    updated_at=now,
                )
                unit.people.add(person, username=username)
                _record(unit, person, at=now, change="seeded")
                return "added"
            if person.attributes == attributes:
                return "unchanged"
            unit.people.renew(person.id, attributes, at=now)
            _record(unit, person, at=now, change="seeded again")
            return "renewed"
    except Duplicate:
        raise click.ClickException(
            f"{username}: somebody else has this national number already"
        ) from None


def _record(unit: Unit, person: Person, *, at: datetime, change: str) -> None:
    unit.record(
        audit_event.person_changed(person=person.id, at=at, actor=operator(), change=change)
    )


def persons_in(source: BinaryIO) -> dict[str, Attributes]:
    """Give what a file says of persons, by user name. Raises: ClickException."""
    try:
        table = tomllib.loads(source.read().decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{source.name}: {error}") from error
    entries = table.get("person")
    if not isinstance(entries, list) or set(table) != {"person"}:
        raise click.ClickException(f"{source.name}: write [[person]] for each person")
    persons: dict[str, Attributes] = {}
    for place, entry in enumerate(entries):
        faults = list(_faults(entry))
        if not faults and entry["username"] in persons:
            faults = ["this username is there already"]
        if faults:
            raise click.ClickException(f"{source.name}: person {place + 1}: {'; '.join(faults)}")
        persons[entry["username"]] = _attributes(entry)
    return persons


def _faults(entry: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(entry.keys() - _KNOWN):
        yield f"{name} is not a standard claim of a person"
    username = entry.get("username")
    if not isinstance(username, str) or not _USERNAME.fullmatch(username):
        yield "username is 1 to 64 of a-z, 0-9, dot, underscore and hyphen"
    number = entry.get("national_number")
    if number is not None and not (isinstance(number, str) and _NUMBER.fullmatch(number)):
        yield "national_number is eleven digits between quotes"
    if entry.get("national_number_type") not in {None, "national", "bis"}:
        yield "national_number_type is national or bis"
    for name in sorted((TEXTS | set(_NAMES)) & entry.keys()):
        if not isinstance(entry[name], str):
            yield f"{name} is a text between quotes"
    for name in sorted(FLAGS.keys() & entry.keys()):
        if not isinstance(entry[name], bool):
            yield f"{name} is true or false"
    if not isinstance(entry.get("address", {}), dict):
        yield "address is a table (OpenID Connect Core 5.1.1)"


def _attributes(entry: Mapping[str, Any]) -> Attributes:
    number = entry.get("national_number")
    kind = entry.get("national_number_type") or ("national" if number else None)
    apart = {"username", *_NAMES, "national_number", "national_number_type"}
    return Attributes(
        given_name=entry.get("given_name"),
        family_name=entry.get("family_name"),
        national_number=number,
        national_number_type=kind,
        standard={name: value for name, value in entry.items() if name not in apart},
    )

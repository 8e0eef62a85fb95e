"""How a registration is shown to an operator: as TOML to give back, as JSON, or in one line."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from idp.cli.toml_text import toml_text
from idp.oidc.client_secrets import reference
from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.rules import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.domain.client import Client
    from idp.oidc.client_secrets import Minted


def full(client: Client) -> dict[str, Any]:
    """Give all that may be shown; of a secret only its reference and end."""
    return {
        "registration": describe(client),
        "version": client.version,
        "enabled": client.enabled,
        "origin": origin(client),
        "created_at": client.created_at.isoformat(),
        "updated_at": client.updated_at.isoformat(),
        "secrets": [
            {"reference": reference(one), "expires_at": one.expires_at.isoformat()}
            for one in client.secrets
        ],
    }


def card(client: Client) -> str:
    """Give the registration as TOML, under comments that say what is no member."""
    lines = [
        f"# version {client.version}, {_state(client)}, by {origin(client)}",
        f"# registered {client.created_at.isoformat()}, changed {client.updated_at.isoformat()}",
        *(
            f"# secret {reference(one)} until {one.expires_at.isoformat()}"
            for one in client.secrets
        ),
    ]
    return "\n".join((*lines, "", toml_text(describe(client)))).rstrip("\n")


def brief(client: Client) -> str:
    """Give one line."""
    return (
        f"{client.id:<24}  {_state(client):<8}  {client.auth:<20}  {origin(client):<24}  "
        f"{client.display_name('en')}"
    )


def origin(client: Client) -> str:
    """Tell who registered a client: an operator, or itself, by which invitation."""
    if client.origin is None:
        return "operator"
    if client.origin.invitation is None:
        return "itself"
    return f"invitation {client.origin.invitation}"


def made_known(client: Client, minted: Minted | None, *, said: str, as_json: bool) -> None:
    """Tell what was committed; a new secret stands here for the only time."""
    if as_json:
        told: dict[str, Any] = {"client_id": client.id, **full(client)}
        if minted is not None:
            told["client_secret"] = minted.text
            told["client_secret_expires_at"] = minted.kept.expires_at.isoformat()
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(f"{client.id} {said} (version {client.version})")
    if minted is not None:
        click.echo(f"client_secret = {minted.text}")
        click.echo(
            f"shown once, good until {minted.kept.expires_at.isoformat()}; "
            f"reference {reference(minted.kept)}",
            err=True,
        )


@contextmanager
def refused_by() -> Iterator[None]:
    """Turn the faults of a registration into a message with one line for each."""
    try:
        yield
    except RegistrationRefused as refused:
        count = len(refused.faults)
        raise click.ClickException(
            f"the registration has {count} fault{'s' if count > 1 else ''}; nothing was changed\n"
            + "\n".join(f"  {fault}" for fault in refused.faults)
        ) from None


def differences(before: Client, after: Client) -> dict[str, dict[str, Any]]:
    """Give the members that differ, each with what it was and what it becomes."""
    old, new = describe(before), describe(after)
    return {
        name: {"before": old.get(name), "after": new.get(name)}
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    }


def diff_lines(changes: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Give the differences as lines: what goes behind ``-``, what comes behind ``+``."""
    for name, change in changes.items():
        for sign, value in (("-", change["before"]), ("+", change["after"])):
            if value is not None:
                for line in toml_text({name: value}).strip().splitlines():
                    yield f"{sign} {line}"


def _state(client: Client) -> str:
    return "enabled" if client.enabled else "disabled"

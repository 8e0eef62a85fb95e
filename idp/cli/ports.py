"""The ports we are about to listen on, tried before anything starts."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from idp.config import Settings

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """Where a role listens, and the setting that says so."""

    host: str
    port: int
    setting: str


def doors(settings: Settings) -> tuple[Door, ...]:
    """Give every listener of ``sesame serve``."""
    listen = settings.listen
    return (
        Door(host=listen.host, port=listen.port, setting="listen.port"),
        Door(host=LOOPBACK, port=listen.health_port, setting="listen.health_port"),
    )


def waiting_doors(settings: Settings) -> tuple[Door, ...]:
    """Give every listener of ``sesame wait``."""
    waiting = settings.waiting
    return (
        Door(host=waiting.host, port=waiting.port, setting="waiting.port"),
        Door(host=LOOPBACK, port=waiting.health_port, setting="waiting.health_port"),
    )


def trouble(door: Door) -> str | None:
    """Say why one could not listen there, or ``None``.

    The server's workers share the port among themselves, so that a second server would join them
    unnoticed: only a plain bind tells that somebody is there.
    """
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((door.host, door.port))
            probe.listen(1)
        except OSError as error:
            variable = "SESAME_" + door.setting.upper().replace(".", "__")
            remedy = f"set {door.setting} (or the variable {variable}) to another"
            if error.errno == errno.EADDRINUSE:
                where = f"port {door.port} of {door.host}"
                return f"{where} is taken: stop what listens there, or {remedy}"
            return f"cannot listen on {door.host}:{door.port} ({error.strerror}): {remedy}"
    return None


def refuse_taken(needed: tuple[Door, ...]) -> None:
    """Raise the command's error if a port that we need is taken."""
    problems = [found for door in needed if (found := trouble(door))]
    if problems:
        raise click.ClickException("\n".join(problems))

"""``sesame serve`` and ``sesame housekeep``: the roles of a running deployment."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from idp import log
from idp.cli import ports
from idp.cli.deployment import (
    ENVIRONMENT_VARIABLE,
    clock_of,
    config_option,
    explained,
    json_option,
    lifeline_option,
    opened,
    settings_from,
    start_logging,
)
from idp.cli.stopping import Stop, stop_when_closed
from idp.runtime import system_entropy, system_monotonic
from idp.store.sql.machine import this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idp.config import Settings
    from idp.foundation import Foundation
    from idp.housekeeper.outbox import Handler
    from idp.oidc.ciba.delivering import Delivering
    from idp.outbound.client import OutboundClient


@click.command()
@click.option(
    "--all", "everything", is_flag=True, help="Run the other roles too, under one parent."
)
@config_option
@lifeline_option
def serve(config_path: Path | None, *, everything: bool, lifeline: int | None) -> None:
    """Run the provider's workers.

    They stop on SIGTERM or Ctrl-C, after the requests they are answering. /live and /ready answer
    on 127.0.0.1, port listen.health_port.
    """
    settings = settings_from(config_path)
    _tell_children(config_path)
    start_logging(settings)
    doors = ports.doors(settings)
    if everything and settings.waiting.url is not None:
        doors += ports.waiting_doors(settings)
    ports.refuse_taken(doors)
    if lifeline is not None:
        stop_when_closed(lifeline)
    # A role under one parent need not try again what the parent tried.
    with rehearsed(settings) if lifeline is None else opened(config_path) as foundation:
        if not everything:
            run_serve(foundation)
    if everything:
        _run_all(settings)


@click.command()
@click.option("--once", is_flag=True, help="Do what waits now, and end.")
@config_option
@json_option
@lifeline_option
def housekeep(config_path: Path | None, *, once: bool, as_json: bool, lifeline: int | None) -> None:
    """Run the background jobs: sealing, keys, counters, outbox, purge.

    Run as many as you like: each job is done by one of them at a time.
    """
    from idp.housekeeper.jobs import jobs
    from idp.housekeeper.loop import Housekeeper

    start_logging(settings_from(config_path))
    if lifeline is not None:
        stop_when_closed(lifeline)
    stop = Stop()
    with opened(config_path) as foundation:
        keeper = Housekeeper(
            jobs(
                ledger=foundation.ledger,
                ephemeral=foundation.ephemeral,
                signer=foundation.audit_signer,
                advance_keys=lambda: len(foundation.ring.advance(by="housekeeper")),
                handlers=_handlers(foundation),
                receipts=foundation.settings.phone.receipts,
                retention=foundation.settings.audit.retention,
                now=foundation.now,
                entropy=foundation.entropy,
            ),
            ledger=foundation.ledger,
            holder=f"{this_machine()}:{os.getpid()}:{system_entropy(4).hex()}",
            now=foundation.now,
            monotonic=foundation.monotonic,
            wait=stop.wait,
            entropy=foundation.entropy,
        )
        if once:
            _tell(keeper.once(), as_json=as_json)
            return
        stop.listen()
        log.write("housekeeper.started", role="housekeep", pid=os.getpid())
        keeper.run()
        log.write("housekeeper.stopped", role="housekeep", pid=os.getpid())


def _handlers(foundation: Foundation) -> dict[str, Handler]:
    """Give what the outbox's messages are delivered by, kind by kind."""
    from idp.housekeeper.asks import ask_handlers
    from idp.housekeeper.pings import ping_handlers
    from idp.housekeeper.push import push_handlers
    from idp.login.phone_desk import vapid_of
    from idp.outbound.making import outbound_of

    settings = foundation.settings
    client = outbound_of(settings, monotonic=foundation.monotonic)
    always = (
        ping_handlers(client)
        | ask_handlers(_delivering(foundation))
        | _logout_handlers(foundation, client)
    )
    key = vapid_of(settings, foundation.vault)
    if key is None:
        return always
    return always | push_handlers(
        ledger=foundation.ledger,
        client=client,
        key=key,
        services=settings.phone.push_services,
        now=foundation.now,
    )


def _logout_handlers(foundation: Foundation, client: OutboundClient) -> dict[str, Handler]:
    from idp.housekeeper.logouts import logout_handlers
    from idp.oidc.logout_token import LogoutTokens

    tokens = LogoutTokens(
        ring=foundation.ring,
        issuer=foundation.settings.issuer,
        now=foundation.now,
        entropy=foundation.entropy,
    )
    return logout_handlers(tokens, ledger=foundation.ledger, client=client, now=foundation.now)


def _delivering(foundation: Foundation) -> Delivering:
    """Give what asks phones for back-channel requests."""
    from idp.login.phone_desk import open_desk
    from idp.oidc.ciba.delivering import Delivering

    settings, approvals = foundation.settings, None
    if settings.phone.enabled:
        desk = open_desk(
            settings,
            ledger=foundation.ledger,
            ephemeral=foundation.ephemeral,
            vault=foundation.vault,
            ring=foundation.ring,
            now=foundation.now,
            entropy=foundation.entropy,
        )
        approvals = desk.approvals
    return Delivering(
        ledger=foundation.ledger,
        approvals=approvals,
        issuer=settings.issuer,
        now=foundation.now,
    )


@contextmanager
def rehearsed(settings: Settings) -> Iterator[Foundation]:
    """Build what every worker will build, so that a fault is told once and nothing starts."""
    from cardreader.trust.anchors import TrustMalformed
    from idp.login.methods import NoMeansOfLogin
    from idp.login.phone_desk import RelyingPartyMoved
    from idp.login.phone_keys import RootsUnreadable
    from idp.services import build
    from idp.store.places import PlacesUnreadable

    with explained():
        try:
            services = build(
                settings,
                now=clock_of(settings),
                monotonic=system_monotonic,
                entropy=system_entropy,
            )
        except (TrustMalformed, OSError) as error:
            raise click.ClickException(f"{settings.card.trust} (card.trust): {error}") from error
        except (RelyingPartyMoved, RootsUnreadable, PlacesUnreadable) as error:
            raise click.ClickException(str(error)) from error
        except NoMeansOfLogin as error:
            raise click.ClickException(f"nobody could log in: {error}") from error
        try:
            yield services.foundation
        finally:
            services.foundation.close()


def run_serve(foundation: Foundation, *, target: str = "idp.app:application") -> None:
    """Run workers and health until told to stop; ``target`` is the application's factory."""
    from idp.cli import health
    from idp.cli.workers import serve_until_stopped, server_for

    settings = foundation.settings
    server = server_for(settings, target=target)
    readiness = health.Readiness(
        health.checks(foundation),
        draining=lambda: server.interrupt_signal,
        monotonic=foundation.monotonic,
    )
    with health.answering(settings.listen.health_port, readiness):
        serve_until_stopped(server, settings)


def _run_all(settings: Settings) -> None:
    from idp.cli.roles import Process, Roles

    stop = Stop()
    stop.listen()
    # A role that no page would turn to is not run.
    waiting = {} if settings.waiting.url is None else {"wait": lambda: Process(["wait"])}
    Roles(
        {
            "serve": lambda: Process(["serve"]),
            "housekeep": lambda: Process(["housekeep"]),
            **waiting,
        },
        monotonic=system_monotonic,
        wait=stop.wait,
        pause=threading.Event().wait,
        impatient=lambda: stop.times > 1,
        drain=settings.deadlines.drain.total_seconds(),
    ).run()


def _tell_children(config_path: Path | None) -> None:
    """Leave the configuration's name where workers and roles look for it."""
    if config_path is not None:
        os.environ[ENVIRONMENT_VARIABLE] = str(config_path.absolute())


def _tell(done: dict[str, int | None], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done, indent=2))
        return
    for job, count in done.items():
        said = "not done: another process has it, or it failed" if count is None else str(count)
        click.echo(f"{job:<15} {said}")

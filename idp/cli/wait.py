"""``sesame wait``: the role that holds the browsers which wait for a phone."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from idp.cli import health, ports
from idp.cli.deployment import config_option, lifeline_option, opened, settings_from, start_logging
from idp.cli.stopping import stop_when_closed

if TYPE_CHECKING:
    from pathlib import Path

    from idp.foundation import Foundation
    from idp.waiting.serving import Serving


@click.command()
@config_option
@lifeline_option
def wait(config_path: Path | None, *, lifeline: int | None) -> None:
    """Hold the browsers that wait for a phone, and wake them.

    One process holds many thousands. Pages come here if waiting.url is set. /live and /ready answer
    on 127.0.0.1, port waiting.health_port. On SIGTERM every browser is sent away and comes back.
    """
    from idp.waiting.looking import approvals
    from idp.waiting.serving import Serving

    settings = settings_from(config_path)
    start_logging(settings)
    ports.refuse_taken(ports.waiting_doors(settings))
    if lifeline is not None:
        stop_when_closed(lifeline)
    with opened(config_path) as foundation:
        serving = Serving(foundation, also=(approvals(foundation.ledger),))
        readiness = health.Readiness(
            _checks(foundation, serving),
            draining=lambda: serving.draining,
            monotonic=foundation.monotonic,
            role="wait",
        )
        with health.answering(settings.waiting.health_port, readiness):
            serving.run((signal.SIGTERM, signal.SIGINT))


def _checks(foundation: Foundation, serving: Serving) -> health.Checks:
    """Give the parts without which a browser waits in vain."""

    def ephemeral() -> None:
        foundation.ephemeral.generation()

    def hints() -> None:
        if serving.hearing.deaf:
            raise health.NotReady(serving.hearing.deaf)

    return {"ephemeral": ephemeral, "hints": hints}

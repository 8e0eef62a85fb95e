"""What every command shares: where the configuration is, and the clock and log it asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from idp import log
from idp.config import ConfigRefused, load
from idp.runtime import shifted_now, system_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.config import Settings

ENVIRONMENT_VARIABLE: Final = "SESAME_CONFIG"

config_option = click.option(
    "--config",
    "config_path",
    envvar=ENVIRONMENT_VARIABLE,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The TOML configuration (or the variable SESAME_CONFIG).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")


def settings_from(config_path: Path | None) -> Settings:
    """Load the configuration; a fault becomes a message that says what to change.

    Relative paths in the file are relative to the working directory, as everywhere.
    """
    try:
        return load(config_path)
    except ConfigRefused as error:
        raise click.ClickException(f"the configuration is refused\n{error}") from error


def settings_from_environment() -> Settings:
    """Load what the parent process named; for workers."""
    name = os.environ.get(ENVIRONMENT_VARIABLE)
    return load(Path(name) if name else None)


def clock_of(settings: Settings) -> Callable[[], datetime]:
    """Give the clock of this deployment: the system's, or the shared test offset."""
    if settings.clock.offset_file is not None:
        return shifted_now(settings.clock.offset_file)
    return system_now


def start_logging(settings: Settings) -> None:
    """Send JSON lines to standard error."""
    log.configure(clock_of(settings))

"""What every command shares: where the configuration is, and the clock and log it asks for."""

from __future__ import annotations

import os
import pwd
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from idp import log
from idp.config import ConfigRefused, load
from idp.runtime import shifted_now, system_entropy, system_monotonic, system_now
from idp.store.ports import SchemaOutdated, StoreUnavailable, UnsafeStore
from keys.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from idp.config import Settings
    from idp.foundation import Foundation

ENVIRONMENT_VARIABLE: Final = "SESAME_CONFIG"

config_option = click.option(
    "--config",
    "config_path",
    envvar=ENVIRONMENT_VARIABLE,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The TOML configuration (or the variable SESAME_CONFIG).",
)
lifeline_option = click.option("--while-open", "lifeline", type=int, hidden=True)
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


def operator() -> str:
    """Name who runs this command, as the audit trail will: the account of the machine.

    The account is asked of the system; the variables LOGNAME and USER say what anybody writes.
    """
    try:
        return f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:  # an account without a name
        return f"operator:{os.getuid()}"


@contextmanager
def explained() -> Iterator[None]:
    """Turn what can be wrong with a deployment into a message that says what to do."""
    try:
        yield
    except SchemaOutdated as error:
        raise click.ClickException(f"the Ledger's {error}") from error
    except StoreUnavailable as error:
        raise click.ClickException(f"a store cannot be used: {error.detail}") from error
    except (UnsafeStore, KeysError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened(config_path: Path | None) -> Iterator[Foundation]:
    """Open what the configuration describes, and explain whatever is wrong until it is closed."""
    from idp.foundation import lay

    settings = settings_from(config_path)
    with explained():
        foundation = lay(
            settings,
            now=clock_of(settings),
            monotonic=system_monotonic,
            entropy=system_entropy,
        )
        try:
            yield foundation
        finally:
            foundation.close()

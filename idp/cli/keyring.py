"""``sesame keys``: look at the signing keys and move them on by hand.

By itself the ring needs nobody: the housekeeper announces, promotes and retires by policy. These
commands are for the day that policy does not know of: a key that may be known to somebody else, an
algorithm to add, a rotation that must not wait.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from idp.cli.deployment import config_option, json_option, opened, operator
from keys.algorithms import ALGORITHMS
from keys.ports import State
from keys.states import outlook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from keys.ports import KeyRecord, Move
    from keys.ring import KeyRing
    from keys.states import RingPolicy

_NEXT: Final = {
    State.ANNOUNCED: "signs from",
    State.SIGNING: "retires from",
    State.RETIRING: "published until",
}
_SAID: Final = {
    State.ANNOUNCED: "is announced; it will sign once every cache must know it",
    State.SIGNING: "signs from now on",
    State.RETIRING: "no longer signs; it stays published until what it signed is over",
    State.RETIRED: "is gone from JWKS; what it signed is refused within seconds",
}


@click.group(name="keys", context_settings={"help_option_names": ["-h", "--help"]})
def keys() -> None:
    """List, generate, promote, retire and rotate signing keys."""


@keys.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Retired keys too.")
@config_option
@json_option
def list_keys(config_path: Path | None, *, everything: bool, as_json: bool) -> None:
    """Show the keys, the newest first, and what happens to each next."""
    with opened(config_path) as foundation:
        ring = foundation.ring
        rows = [_row(key, ring.policy) for key in ring.list() if everything or not _over(key)]
    if as_json:
        click.echo(json.dumps({"keys": rows}, indent=2))
        return
    for row in rows:
        following = f"{_NEXT[State(row['state'])]} {row['next_at']}" if row["next_at"] else ""
        click.echo(f"{row['kid']}  {row['algorithm']:<5}  {row['state']:<9}  {following}".rstrip())


@keys.command()
@config_option
def archive(config_path: Path | None) -> None:
    """Print the public half of every key that ever signed, as a JWK Set.

    Keep it: receipts are verified with it long after their key was retired.
    """
    with opened(config_path) as foundation:
        click.echo(json.dumps({"keys": foundation.ring.archive()}, indent=1))


@keys.command()
@click.argument("algorithm", type=click.Choice(ALGORITHMS))
@config_option
@json_option
def generate(algorithm: str, config_path: Path | None, *, as_json: bool) -> None:
    """Announce a new key of ALGORITHM; it succeeds the one that signs now."""
    _do(config_path, lambda ring: ring.generate(algorithm, by=operator()), as_json=as_json)


@keys.command()
@click.argument("kid")
@click.option(
    "--early",
    is_flag=True,
    help="Although caches may not know the key yet: e-services that honour them refuse its tokens "
    "until they fetch JWKS again.",
)
@config_option
@json_option
def promote(kid: str, config_path: Path | None, *, early: bool, as_json: bool) -> None:
    """Let the announced key KID sign now; the one that signed before retires."""
    _do(config_path, lambda ring: ring.promote(kid, by=operator(), early=early), as_json=as_json)


@keys.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def retire(kid: str, config_path: Path | None, *, yes: bool, as_json: bool) -> None:
    """Take the key KID out of use at once: for a key that may be known to somebody else.

    Every token it signed is refused from then on. If it was the signing key, the announced one (or
    else a new one) signs at once.
    """
    if not yes:
        click.confirm(
            "Every token that this key signed will be refused. Retire it?", abort=True, err=True
        )
    _do(config_path, lambda ring: ring.retire(kid, by=operator()), as_json=as_json)


@keys.command()
@config_option
@json_option
def rotate(config_path: Path | None, *, as_json: bool) -> None:
    """Announce a successor for every signing key, to sign as soon as every cache must know it."""
    _do(config_path, lambda ring: ring.rotate(by=operator()), as_json=as_json)


def _do(
    config_path: Path | None, change: Callable[[KeyRing], tuple[Move, ...]], *, as_json: bool
) -> None:
    with opened(config_path) as foundation:
        moves = change(foundation.ring)
    _tell(moves, as_json=as_json)


def _tell(moves: Iterable[Move], *, as_json: bool) -> None:
    done = list(moves)
    if as_json:
        changes = [
            {"kid": move.kid, "algorithm": move.algorithm, "state": move.state.value}
            for move in done
        ]
        click.echo(json.dumps({"changes": changes}, indent=2))
        return
    for move in done:
        click.echo(f"{move.kid} ({move.algorithm}) {_SAID[move.state]}")
    if not done:
        click.echo("nothing to do: every signing key has a successor announced")


def _over(key: KeyRecord) -> bool:
    return key.state is State.RETIRED


def _row(key: KeyRecord, policy: RingPolicy) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "announced_at": _written(key.announced_at),
        "signing_at": _written(key.signing_at),
        "retiring_at": _written(key.retiring_at),
        "retired_at": _written(key.retired_at),
        "next_at": _written(outlook(key, policy)),
    }


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")

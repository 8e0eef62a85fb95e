"""The demo country, behind ``make run``: provider, e-service, card agent and responder, together.

Everything listens on loopback and is kept in ``var/``. Ctrl-C stops all of it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests.world import cards, children
from tests.world.children import ROOT, Child, ChildFailed
from tests.world.deployment import CommandFailed, Deployment, Ports
from tests.world.relying_party.registration import document, own_key

if TYPE_CHECKING:
    from types import FrameType

NAMES = {
    "provider": "the provider",
    "service": "the e-service",
    "library": "the library, an e-service that reads the card",
    "wine": "the wine house, an e-service for adults",
    "agent": "the card agent",
    "responder": "the OCSP responder",
    "health": "the provider's health",
    "waiting": "the provider's waiting browsers",
    "watch": "their role's health",
}
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STORES = ("ledger.sqlite", "ephemeral.sqlite")
CARD = "adult"
SETTINGS = {
    "deadlines": {"drain": 3},  # Ctrl-C must not take long here
    "phone": {"enabled": True},
}


class Stopped(Exception):
    """Somebody asked us to end."""


def main(arguments: list[str] | None = None) -> None:
    """Run the demo country until Ctrl-C or SIGTERM; ends with code 1 where it cannot."""
    options = _options(arguments)
    for name in ENDINGS:
        signal.signal(name, _stop)
    started: list[Child] = []
    ports = Ports(**{row.name: getattr(options, row.name) for row in fields(Ports)})
    try:
        folder: Path = options.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _claim(folder, ports)
        print("Starting the demo country …", flush=True)
        if options.fresh:
            _forget(folder)
        now = dt.datetime.now(dt.UTC)
        world = cards.prepare(
            folder,
            base_url=f"http://127.0.0.1:{ports.responder}",
            at=now,
            afresh=options.fresh,
        )
        deployment = Deployment(folder=folder, world=world, ports=ports, more=SETTINGS)
        _start(deployment, started, now)
        print(_welcome(deployment), flush=True)
        while True:
            children.check(started)
            time.sleep(0.5)
    except Stopped:
        print("\nStopping …", flush=True)
    except (ChildFailed, CommandFailed) as error:
        _give_up(f"The demo country stops: {error}", started)
    finally:
        _ignore_endings()
        children.stop(started)
    del lock
    print("The demo country has stopped.", flush=True)


def _start(deployment: Deployment, started: list[Child], now: dt.datetime) -> None:
    shutil.rmtree(deployment.log, ignore_errors=True)
    deployment.write_configuration()
    key = own_key(deployment.service_key)
    started.append(deployment.start_responder())
    started.append(deployment.start_service(*deployment.beside))
    started.append(deployment.start_agent())
    deployment.sesame("setup")
    started.append(deployment.start_provider())
    deployment.register(document(deployment.service, key, year=now.year))
    deployment.register_beside(year=now.year)
    children.wait_until_ready(started)


def _welcome(deployment: Deployment) -> str:
    people = deployment.world.people
    citizen = people.named(CARD)
    holder = f"{citizen.given_names} {citizen.surname}"
    rows = [
        "The demo country is ready.",
        "",
        f"  Open             {deployment.service}",
        f"  The library      http://localhost:{deployment.ports.library} (asks age and address)",
        f"  The wine house   http://localhost:{deployment.ports.wine} (for adults only)",
        f"  Your card        {CARD} ({holder}): press Insert when you are asked",
        f"  Its PIN          {people.pin} (the PIN of every card here)",
        f"  All your cards   {deployment.agent}",
        f"  Your phone       {deployment.issuer}/account enrols one; without a phone, open",
        f"                   {deployment.issuer}/phone/ in another window",
        f"  The provider     {deployment.issuer}",
        "",
        f"  Everything is kept in {_short(deployment.folder)}. To restore a blocked card,",
        '  and forget all else:  make run ARGS="--fresh"',
        "",
        "Ctrl-C stops everything.",
    ]
    width = max(len(row) for row in rows)
    edge = "+" + "-" * (width + 2) + "+"
    return "\n".join([edge, *(f"| {row:<{width}} |" for row in rows), edge])


def _claim(folder: Path, ports: Ports) -> int:
    """Make sure that the ports are free and the folder is ours alone; gives the folder's lock."""
    lock = os.open(folder / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shared = False
    except OSError:
        shared = True
    numbers = {row.name: getattr(ports, row.name) for row in fields(Ports)}
    taken = [name for name, number in numbers.items() if not _is_free(number)]
    if taken or shared:
        os.close(lock)
        _give_up(_in_the_way(folder, numbers, taken, shared=shared), [])
    return lock


def _in_the_way(folder: Path, numbers: dict[str, int], taken: list[str], *, shared: bool) -> str:
    lines = [
        f"Port {numbers[name]} is taken ({NAMES[name]}): --{name}-port changes it."
        for name in taken
    ]
    if shared:
        lines.append(f"The demo country already runs from {_short(folder)}: --folder changes it.")
    wanted = [f"--{name}-port {_free_near(numbers[name] + 100)}" for name in taken]
    wanted += [f"--folder {_short(folder)}-2"] if shared else []
    lines += [
        "Stop what runs there, or start this one beside it:",
        f'  make run ARGS="{" ".join(wanted)}"',
    ]
    return "\n".join(lines)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connection is fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)  # a port that others share among themselves refuses only this
        except OSError:
            return False
        return True


def _free_near(port: int) -> int:
    while not _is_free(port):
        port += 100
    return port


def _forget(folder: Path) -> None:
    """Remove what the demo wrote here, and nothing else."""
    for store in STORES:
        for path in folder.glob(f"{store}*"):
            path.unlink()
    for name in ("kek", "demo.toml"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "service", ignore_errors=True)


def _short(path: Path) -> str:
    full = path.resolve()
    return str(full.relative_to(ROOT)) if full.is_relative_to(ROOT) else str(full)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    _ignore_endings()
    raise Stopped


def _ignore_endings() -> None:
    """From here on a second Ctrl-C changes nothing: the end is already under way."""
    for name in ENDINGS:
        signal.signal(name, signal.SIG_IGN)


def _give_up(message: str, started: list[Child]) -> NoReturn:
    _ignore_endings()
    children.stop(started)
    print(message, file=sys.stderr, flush=True)
    sys.exit(1)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make run", usage='make run ARGS="[options]"', description=__doc__
    )
    for row in fields(Ports):
        parser.add_argument(
            f"--{row.name}-port",
            dest=row.name,
            type=int,
            default=row.default,
            metavar="PORT",
            help=f"of {NAMES[row.name]} (default: {row.default})",
        )
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "var",
        help="where cards, keys and stores are kept (default: var)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="forget everything kept and begin anew"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

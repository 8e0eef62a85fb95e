"""Serve the e-service on loopback: ``python -m tests.world.relying_party --issuer … --key …``."""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import secrets
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import make_server

from tests.world.relying_party import wire
from tests.world.relying_party.registration import key_of, own_key
from tests.world.relying_party.services import MUNICIPALITY, SERVICES, Service
from tests.world.relying_party.sign_in import HIGH, USUAL, Provider
from tests.world.relying_party.site import Site
from tests.world.relying_party.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from werkzeug.serving import BaseWSGIServer


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="tests.world.relying_party", description=__doc__)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--port", type=int, default=8401)
    parser.add_argument(
        "--beside",
        metavar="SERVICE=PORT",
        action="append",
        default=[],
        help="another e-service on another port, by its key; may be repeated",
    )
    parser.add_argument("--key", type=Path, required=True, help="its private key; made if missing")
    parser.add_argument("--clock", type=Path, help="a file with seconds added to the clock")
    parser.add_argument("--address", help="our public one; default: the port on localhost")
    parser.add_argument("--reach", metavar="HOST=ADDRESS:PORT", help="where the provider is found")
    parser.add_argument(
        "--phone", action="store_true", help="be content with a phone until a certificate is asked"
    )
    parser.add_argument("--ca", type=Path, help="whose certificates the provider has")
    options = parser.parse_args()
    if options.reach is not None:
        host, _, there = options.reach.partition("=")
        address, _, port = there.rpartition(":")
        wire.reach(host, address, int(port), ca=options.ca)

    def now() -> dt.datetime:
        moved = 0.0
        if options.clock is not None and options.clock.exists():
            written = options.clock.read_text(encoding="ascii")
            if written.startswith("@"):  # the world's clock stands still
                return dt.datetime.fromtimestamp(float(written[1:]), dt.UTC)
            moved = float(written or 0)
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=moved)

    address = options.address or f"http://localhost:{options.port}"
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
    # Its log of requests would hold codes and states.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = _server(options, MUNICIPALITY, options.port, now=now, address=address)
    others = [
        _server(options, SERVICES[name], int(port), now=now, address=f"http://localhost:{port}")
        for name, _, port in (text.partition("=") for text in options.beside)
    ]
    for other in others:
        threading.Thread(target=other.serve_forever, daemon=True).start()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        threading.Thread(target=server.shutdown).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    print(f"The e-service is at {address}", flush=True)
    server.serve_forever()
    for one in (server, *others):
        one.server_close()


def _server(
    options: argparse.Namespace,
    service: Service,
    port: int,
    *,
    now: Callable[[], dt.datetime],
    address: str,
) -> BaseWSGIServer:
    entropy = secrets.token_bytes
    key = own_key(key_of(service, options.key))
    provider = Provider(
        options.issuer,
        address,
        key,
        now=now,
        entropy=entropy,
        acr=USUAL if options.phone else (HIGH,),
        service=service,
    )
    site = Site(address=address, provider=provider, visits=Visits(entropy), service=service)
    return make_server("127.0.0.1", port, site.app(), threaded=True)


if __name__ == "__main__":
    main()

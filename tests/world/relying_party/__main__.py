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
from tests.world.relying_party.registration import own_key
from tests.world.relying_party.sign_in import Provider
from tests.world.relying_party.site import Site
from tests.world.relying_party.visits import Visits

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="tests.world.relying_party", description=__doc__)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--port", type=int, default=8401)
    parser.add_argument("--key", type=Path, required=True, help="its private key; made if missing")
    parser.add_argument("--clock", type=Path, help="a file with seconds added to the clock")
    parser.add_argument("--address", help="our public one; default: the port on localhost")
    parser.add_argument("--reach", metavar="HOST=ADDRESS:PORT", help="where the provider is found")
    parser.add_argument("--ca", type=Path, help="whose certificates the provider has")
    options = parser.parse_args()
    if options.reach is not None:
        host, _, there = options.reach.partition("=")
        address, _, port = there.rpartition(":")
        wire.reach(host, address, int(port), ca=options.ca)

    def now() -> dt.datetime:
        moved = 0.0
        if options.clock is not None and options.clock.exists():
            moved = float(options.clock.read_text(encoding="ascii") or 0)
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=moved)

    address = options.address or f"http://localhost:{options.port}"
    key = own_key(options.key)
    entropy = secrets.token_bytes
    provider = Provider(options.issuer, address, key, now=now, entropy=entropy)
    site = Site(address=address, provider=provider, visits=Visits(entropy))
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
    # Its log of requests would hold codes and states.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", options.port, site.app(), threaded=True)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        threading.Thread(target=server.shutdown).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    print(f"The e-service is at {address}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()

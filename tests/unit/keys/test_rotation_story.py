"""Rotations seen from outside: a strict e-service with a cache never meets a key it cannot know."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from joserfc import jwk, jwt

from keys.ring import KeyRing
from keys.states import RingPolicy
from tests.unit.keys.rows import ME, MINUTE, Clocks, RingInMemory, a_vault

if TYPE_CHECKING:
    from datetime import datetime

TOKEN_LIFE = 10 * MINUTE
POLICY = RingPolicy(
    algorithms=("ES256",),
    announce=10 * MINUTE,
    signing=60 * MINUTE,
    retiring=TOKEN_LIFE + MINUTE,
    jwks_max_age=5 * MINUTE,
    reread=timedelta(seconds=5),
)


class Service:
    """Fetches JWKS only when its copy is over, never because a key is unknown."""

    def __init__(self, clocks: Clocks, worker: KeyRing) -> None:
        self._clocks = clocks
        self._worker = worker
        self._keys: jwk.KeySet | None = None
        self._fresh_until = clocks.at

    def verify(self, token: str) -> object:
        if self._keys is None or self._clocks.at >= self._fresh_until:
            document = self._worker.jwks()
            self._keys = jwk.KeySet.import_key_set(json.loads(document.body))
            self._fresh_until = self._clocks.at + timedelta(seconds=document.max_age)
        return jwt.decode(token, self._keys, algorithms=["ES256"]).claims["n"]


def test_ten_hours_of_rotations_fail_no_token_at_a_service_that_only_honours_its_cache() -> None:
    rows, clocks = RingInMemory(), Clocks()
    housekeeper, *workers = (
        KeyRing(rows, a_vault(), POLICY, now=clocks.now, monotonic=clocks.monotonic)
        for _ in range(3)
    )
    housekeeper.begin(by="setup")
    services = [Service(clocks, worker) for worker in workers]
    alive: list[tuple[datetime, int, str]] = []
    kids = set()
    for n in range(10 * 60 * 2):
        signer = workers[n % 2].signer()
        kids.add(signer.kid)
        alive.append((clocks.at + TOKEN_LIFE, n, signer.sign({"n": n})))
        # At issue, and just before it ends; read by whoever fetched keys from whichever worker.
        for until, number, token in (alive[0], alive[-1]):
            assert services[number % 2].verify(token) == number
            assert workers[number % 2].open(token, typ="JWT") == {"n": number}
            assert until >= clocks.at
        clocks.move(MINUTE / 2)
        housekeeper.advance(by="housekeeper")
        alive = [one for one in alive if one[0] >= clocks.at]
    assert len(kids) >= 9


def test_after_an_emergency_new_tokens_are_good_as_soon_as_a_service_looks() -> None:
    rows, clocks = RingInMemory(), Clocks()
    operator, worker = (
        KeyRing(rows, a_vault(), POLICY, now=clocks.now, monotonic=clocks.monotonic)
        for _ in range(2)
    )
    operator.begin(by=ME)
    stolen = worker.signer().kid
    operator.retire(stolen, by=ME)
    clocks.move(POLICY.reread)
    token = worker.signer().sign({"n": 1})
    assert worker.signer().kid != stolen
    assert Service(clocks, worker).verify(token) == 1
    assert stolen not in worker.jwks().body.decode()

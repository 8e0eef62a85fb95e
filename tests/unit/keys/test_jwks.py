"""The key set as clients fetch it: order, members, tag, life; prepared once a change."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from keys.jwks import document
from keys.ports import State
from tests.unit.keys.rows import ME, a_ring

if TYPE_CHECKING:
    from keys.ring import KeyRing
    from tests.unit.keys.rows import Clocks, RingInMemory


def test_a_document_s_tag_follows_from_its_bytes() -> None:
    one, same, other = (
        document(body, media_type="application/json", max_age=timedelta(minutes=5))
        for body in (b"one", b"one", b"other")
    )
    assert one == same
    assert one.etag != other.etag
    assert one.etag.startswith('"')
    assert one.etag.endswith('"')
    assert one.max_age == 300


def test_two_processes_publish_the_same_bytes(
    ring: KeyRing, rows: RingInMemory, clocks: Clocks
) -> None:
    ring.rotate(by=ME)
    assert a_ring(rows, clocks).jwks() == ring.jwks()


def test_the_keys_that_sign_come_first_and_the_default_before_all(
    rows: RingInMemory, clocks: Clocks
) -> None:
    ring = a_ring(rows, clocks, "PS256", "ES256")
    ring.begin(by=ME)
    ring.rotate(by=ME)
    states = {key.kid: key.state for key in ring.list()}
    shown = [(key["alg"], states[key["kid"]]) for key in json.loads(ring.jwks().body)["keys"]]
    assert shown == [
        ("PS256", State.SIGNING),
        ("ES256", State.SIGNING),
        ("PS256", State.ANNOUNCED),
        ("ES256", State.ANNOUNCED),
    ]


def test_a_change_changes_the_tag(ring: KeyRing) -> None:
    before = ring.jwks()
    ring.rotate(by=ME)
    after = ring.jwks()
    assert after.etag != before.etag
    assert after.media_type == "application/jwk-set+json"

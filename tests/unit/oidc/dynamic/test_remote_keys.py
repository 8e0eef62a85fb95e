"""Keys that clients publish: fetched when needed, seldom, by one thread, for one client alone."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from idp.domain.remote import Remote
from idp.errors import INVALID_CLIENT, UNAVAILABLE, Refused
from idp.oidc.client_jws import ClientKeys, Kind, read
from idp.oidc.remote_keys import AGAIN, FRESH, STALE, RemoteKeys
from idp.outbound.client import OutboundFailed
from tests.contract.store.stand_ins import a_client
from tests.unit.registration.documents import EC, RSA, public

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.domain.client import Client

WHERE = "https://shop.example/jwks"
KIND = Kind(word="test", types=frozenset({"jwt"}), longest=4096, problem=INVALID_CLIENT)
SECOND = ECKey.generate_key("P-256")


class Host:
    """A client's host: what it publishes, how often it was asked, and a clock beside it."""

    def __init__(self) -> None:
        self.page: bytes | None = keys(EC)
        self.asked: list[str] = []
        self.time = 1000.0
        self.hold: Event | None = None
        self.reached = Event()

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        self.reached.set()
        if self.hold is not None:
            assert self.hold.wait(30)
        if self.page is None:
            raise OutboundFailed("unreachable")
        return self.page


def keys(*some: Any) -> bytes:
    listed = [public(key, kid=key.thumbprint()) for key in some]
    return json.dumps({"keys": listed}).encode()


def published(name: str = "shop", **changes: Any) -> Client:
    return a_client(name, remote=Remote(jwks=WHERE), **changes)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def remote(host: Host) -> RemoteKeys:
    return RemoteKeys(host.fetch, monotonic=lambda: host.time, threads=8)


@pytest.fixture
def check(remote: RemoteKeys) -> Callable[..., None]:
    """Check a signature by a key as an endpoint would."""
    verifier = ClientKeys(entropy=secrets.token_bytes, remote=remote)

    def checked(key: ECKey, client: Client | None = None, *, kid: str | None = None) -> None:
        header = {"alg": "ES256", "kid": kid or key.thumbprint()}
        text = jws.serialize_compact(header, b"{}", key)
        verifier.check_signature(read(text, KIND), client or published())

    return checked


def test_a_published_key_is_fetched_once_and_counts_for_ten_minutes(
    host: Host, check: Callable[..., None]
) -> None:
    for seconds in (0, 100, FRESH - 101):
        host.time += seconds
        check(EC)
    assert host.asked == [WHERE]
    host.time += 2
    check(EC)
    assert len(host.asked) == 2


@pytest.mark.proves("registration.key-rotation")
def test_a_new_key_is_fetched_as_soon_as_it_is_used(host: Host, check: Callable[..., None]) -> None:
    check(EC)
    host.time += AGAIN
    host.page = keys(SECOND)
    check(SECOND)
    assert len(host.asked) == 2
    with pytest.raises(Refused):
        check(EC)  # and the one it replaced is none any more


def test_no_host_is_asked_twice_in_a_minute(host: Host, check: Callable[..., None]) -> None:
    check(EC)
    for _ in range(20):
        host.time += 2
        with pytest.raises(Refused) as refused:
            check(SECOND)
        assert refused.value.problem is INVALID_CLIENT
    assert len(host.asked) == 1


def test_a_key_that_changed_under_the_same_kid_is_fetched_too(
    host: Host, check: Callable[..., None]
) -> None:
    check(EC)
    host.time += AGAIN
    host.page = json.dumps({"keys": [public(SECOND, kid=EC.thumbprint())]}).encode()
    check(SECOND, kid=EC.thumbprint())


def test_a_host_that_does_not_answer_is_asked_once_a_minute(
    host: Host, check: Callable[..., None]
) -> None:
    host.page = None
    for _ in range(10):
        with pytest.raises(Refused):
            check(EC)
    assert len(host.asked) == 1
    host.time += AGAIN
    host.page = keys(EC)
    check(EC)


def test_while_the_host_is_silent_the_keys_count_for_an_hour(
    host: Host, check: Callable[..., None]
) -> None:
    check(EC)
    host.page = None
    host.time += STALE - 1
    check(EC)
    host.time += AGAIN
    with pytest.raises(Refused):
        check(EC)


def test_a_changed_registration_is_fetched_for_anew(host: Host, check: Callable[..., None]) -> None:
    check(EC)
    host.page = keys(SECOND)
    with pytest.raises(Refused):
        check(EC, published(version=2))
    assert len(host.asked) == 2
    elsewhere = replace(published(version=3), remote=Remote(jwks=f"{WHERE}/new"))
    check(SECOND, elsewhere)
    assert host.asked[-1] == f"{WHERE}/new"


def test_keys_that_a_client_withdrew_are_none(host: Host, check: Callable[..., None]) -> None:
    check(EC)
    host.page = b'{"keys": []}'
    host.time += FRESH
    with pytest.raises(Refused):
        check(EC)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [NaN]}',
        b"\xff\xfe",
        b"[" * 60_000,
        json.dumps({"keys": [{}] * 51}).encode(),
        json.dumps({"keys": ["k", None, 7, {"kty": "oct", "k": "AA"}]}).encode(),
        json.dumps({"keys": [EC.as_dict(private=True)]}).encode(),
        json.dumps({"keys": [public(EC, use="enc")]}).encode(),
        json.dumps({"keys": [public(EC, kid="k" * 500)]}).encode(),
    ],
)
def test_what_is_no_public_key_set_verifies_nothing(
    host: Host, check: Callable[..., None], page: bytes
) -> None:
    host.page = page
    with pytest.raises(Refused) as refused:
        check(EC)
    assert refused.value.problem is INVALID_CLIENT


def test_keys_of_other_kinds_beside_a_fitting_one_do_no_harm(
    host: Host, check: Callable[..., None]
) -> None:
    others = [{"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-521"}, public(RSA, use="enc")]
    host.page = json.dumps({"keys": [*others, public(EC, x5t="x", note=1)]}).encode()
    check(EC)


def test_one_client_is_nothing_to_another(host: Host, check: Callable[..., None]) -> None:
    check(EC, published("one"))
    check(EC, published("two"))
    assert len(host.asked) == 2


def test_many_at_once_ask_once_and_a_slow_host_delays_its_own_client_alone() -> None:
    slow, quick = Host(), Host()
    slow.hold = Event()

    def fetch(url: str) -> bytes:
        return (slow if url == WHERE else quick).fetch(url)

    remote = RemoteKeys(fetch, monotonic=lambda: 0.0, threads=8)
    done: list[str] = []

    def ask() -> None:
        done.append("keys" if remote.of(published("slow")) else "none")

    first = Thread(target=ask)
    first.start()
    assert slow.reached.wait(30)
    others = [Thread(target=ask) for _ in range(3)]
    for thread in others:
        thread.start()
    while remote.room.taken[published("slow").id] < 4:  # they wait for the first
        pass
    with pytest.raises(Refused) as refused:
        remote.of(published("slow"))  # of five that may wait in all it takes four at most
    assert refused.value.problem is UNAVAILABLE
    other = a_client("quick", remote=Remote(jwks="https://quick.example/jwks"))
    assert remote.of(other) is not None  # while the slow one still holds
    slow.hold.set()
    for thread in (first, *others):
        thread.join(30)
    assert done == ["keys"] * 4
    assert len(slow.asked) == 1


def test_while_one_thread_asks_again_the_others_use_what_there_is() -> None:
    host = Host()
    remote = RemoteKeys(host.fetch, monotonic=lambda: host.time, threads=4)
    before = remote.of(published())
    host.time += FRESH
    host.hold, host.page = Event(), keys(SECOND)
    host.reached.clear()
    found: list[object] = []
    thread = Thread(target=lambda: found.append(remote.of(published())))
    thread.start()
    assert host.reached.wait(30)
    assert remote.of(published()) is before
    host.hold.set()
    thread.join(30)
    assert found != [before]
    assert remote.of(published()) == found[0]


@pytest.mark.parametrize("threads", [2, 3, 4, 16])
def test_slow_hosts_of_several_clients_leave_a_thread_for_others(threads: int) -> None:
    slow = Host()
    slow.hold = Event()
    remote = RemoteKeys(slow.fetch, monotonic=lambda: 0.0, threads=threads)
    refused: list[Refused] = []
    done: list[object] = []

    def ask(name: str) -> None:
        try:
            done.append(remote.of(published(name)))
        except Refused as error:
            refused.append(error)

    asking = [Thread(target=ask, args=(f"client-{place}",)) for place in range(threads)]
    for thread in asking:
        thread.start()
    while not refused and len(slow.asked) < threads:
        pass
    slow.hold.set()
    for thread in asking:
        thread.join(30)
    assert refused
    assert done

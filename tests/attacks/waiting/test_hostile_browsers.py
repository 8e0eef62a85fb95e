"""Attacks on the role that holds waiting browsers, at a real process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.flows.waiting.role import Role, running_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.waiting.role import Stream

SHARE = 40


@pytest.fixture(scope="module")
def role(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Role]:
    folder = tmp_path_factory.mktemp("role")
    with running_role(
        folder,
        SESAME_WAITING__PER_ADDRESS=str(SHARE),
        SESAME_PROXY__TRUSTED='["127.0.0.1/32"]',
    ) as made:
        yield made


def from_address(role: Role, address: str, login: str) -> Stream:
    return role.wait(login, f"X-Forwarded-For: {address}")


def test_another_browser_learns_nothing_of_a_login_not_even_that_it_is(role: Role) -> None:
    held = role.login()
    stranger = role.wait(held.tx.id, cookie="another-browser")
    nothing = role.wait("never-was-one")
    assert stranger.head() == nothing.head()
    role.transactions.move(held, replace(held.tx, language="fr"))
    assert stranger.event() == ""


def test_many_slow_heads_keep_nobody_else_waiting(role: Role) -> None:
    held = role.login()
    slow = [role.stream() for _ in range(300)]
    for one in slow:
        one.send(b"GET /wait/")
    tab = role.admitted(held.tx.id)
    role.transactions.move(held, replace(held.tx, language="fr"))
    assert tab.event() == "changed"
    assert len(slow) == 300


def test_many_waits_from_one_address_end_at_its_share(role: Role) -> None:
    logins = [role.login().tx.id for _ in range(SHARE // 10 + 1)]
    taken = [
        from_address(role, "192.0.2.7", logins[number % len(logins)]) for number in range(SHARE)
    ]
    assert {one.status for one in taken} == {200}
    assert from_address(role, "192.0.2.7", logins[0]).status == 429
    assert from_address(role, "192.0.2.8", role.login().tx.id).status == 200


def test_an_endless_head_is_cut_off(role: Role) -> None:
    stream = role.stream()
    stream.send(b"GET /wait/loginlogin HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 9000)
    assert stream.status == 431
    assert stream.event() == ""


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /wait/other HTTP/1.1\r\n\r\n",
        b"Content-Length: 5\r\n\r\nhello",
        b"\r\nGET /wait/otherother HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_nothing_is_smuggled_behind_a_head(role: Role, smuggled: bytes) -> None:
    stream = role.stream()
    plain = role.request(role.login().tx.id)
    stream.send(plain[:-2] + smuggled)
    assert stream.status == 400
    assert stream.event() == ""


def test_a_page_of_another_origin_may_not_wait(role: Role) -> None:
    stream = role.wait(role.login().tx.id, "Origin: https://evil.example")
    assert b" 403 " in (head := stream.head())
    assert b"Access-Control" not in head


def test_whoever_hangs_up_in_any_moment_leaves_no_trace(role: Role) -> None:
    whole = role.request(role.login().tx.id)
    for cut in range(0, len(whole) + 1, 7):
        stream = role.stream()
        stream.send(whole[:cut])
        stream.socket.close()
    assert role.admitted(role.login().tx.id)
    log = (role.deployment.folder / "log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "wait.fault" not in log

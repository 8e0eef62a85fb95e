"""A head is one GET of one path or it is refused, whatever bytes it is made of."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.waiting.asking import MOST_BYTES, Unanswerable, complete, read

LOGIN = "q" * 32
HEAD = f"GET /wait/{LOGIN} HTTP/1.1\r\nHost: login.example\r\nCookie: a=b".encode()
NAMES = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=20).filter(
    lambda name: name.lower() not in {"host", "content-length", "transfer-encoding", "origin"}
)
VALUES = st.text([chr(code) for code in range(0x20, 0x7F)], max_size=60)


def refused(head: bytes) -> int:
    with pytest.raises(Unanswerable) as error:
        read(head)
    return error.value.status


def test_a_plain_request_is_read() -> None:
    asked = read(HEAD)
    assert asked.login == LOGIN
    assert asked.fields == {"host": "login.example", "cookie": "a=b"}


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_nothing_else(sent: bytes) -> None:
    try:
        asked = read(sent)
    except Unanswerable as error:
        assert error.status in {400, 404, 405, 431}  # noqa: PT017 - either end is right
    else:
        assert re.fullmatch(r"[A-Za-z0-9_-]{8,128}", asked.login)


@given(st.binary(max_size=60), st.integers(min_value=0, max_value=len(HEAD)))
def test_bytes_put_into_a_request_never_bring_a_control_character_through(
    more: bytes, at: int
) -> None:
    try:
        asked = read(HEAD[:at] + more + HEAD[at:])
    except Unanswerable:
        return
    texts = [asked.login, *asked.fields, *asked.fields.values()]
    assert not any(re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text) for text in texts)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=20))
def test_what_is_well_formed_is_read_as_it_was_written(fields: list[tuple[str, str]]) -> None:
    lines = "".join(f"\r\n{name}: {value}" for name, value in fields)
    asked = read(HEAD + lines.encode())
    names = [name.lower() for name, _ in fields]
    for name, value in fields:
        if names.count(name.lower()) == 1 and name.lower() != "cookie":
            assert asked.fields[name.lower()] == value.strip(" ")


@given(st.integers(min_value=0, max_value=len(HEAD) + 4))
def test_a_head_is_complete_with_its_empty_line_and_not_before(cut: int) -> None:
    whole = HEAD + b"\r\n\r\n"
    assert complete(whole[:cut]) == (HEAD if cut == len(whole) else None)


def test_nothing_may_follow_a_head() -> None:
    for more in (b"x", b"\r\n", HEAD):
        with pytest.raises(Unanswerable):
            complete(HEAD + b"\r\n\r\n" + more)


def test_a_head_of_any_length_that_never_ends_is_refused() -> None:
    assert complete(b"G" * MOST_BYTES) is None
    with pytest.raises(Unanswerable) as error:
        complete(b"G" * (MOST_BYTES + 1))
    assert error.value.status == 431


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"GET /wait/{LOGIN} HTTP/1.0", 200),
        (f"POST /wait/{LOGIN} HTTP/1.1", 405),
        (f"OPTIONS /wait/{LOGIN} HTTP/1.1", 405),
        (f"HEAD /wait/{LOGIN} HTTP/1.1", 405),
        (f"GET /wait/{LOGIN}?x=1 HTTP/1.1", 404),
        (f"GET /wait/{LOGIN}/ HTTP/1.1", 404),
        (f"GET //wait/{LOGIN} HTTP/1.1", 404),
        ("GET /wait/ HTTP/1.1", 404),
        ("GET /wait/short HTTP/1.1", 404),
        ("GET /wait/../wait/../../etc HTTP/1.1", 404),
        ("GET /wait/" + "q" * 129 + " HTTP/1.1", 404),
        ("GET / HTTP/1.1", 404),
        (f"GET http://login.example/wait/{LOGIN} HTTP/1.1", 400),
        (f"GET  /wait/{LOGIN} HTTP/1.1", 400),
        (f"GET /wait/{LOGIN} HTTP/1.1 ", 400),
        (f" GET /wait/{LOGIN} HTTP/1.1", 400),
        (f"get /wait/{LOGIN} HTTP/1.1", 400),
        (f"GET /wait/{LOGIN} HTTP/2.0", 400),
        (f"GET /wait/{LOGIN}", 400),
        ("", 400),
    ],
)
def test_the_first_line_is_exact(line: str, status: int) -> None:
    head = f"{line}\r\nHost: login.example".encode()
    if status == 200:
        assert read(head).login == LOGIN
    else:
        assert refused(head) == status


@pytest.mark.parametrize(
    "more",
    [
        b"Host: other.example",
        b"Content-Length: 1",
        b"Content-Length: 0, 1",
        b"Content-Length: +0",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding:",
        b"Origin: https://a.example\r\nOrigin: https://b.example",
        b"Blank : x",
        b" Folded: x",
        b"\tFolded: x",
        b"No colon",
        b": no name",
        b"Name: \x00",
        b"Name: a\rb",
        b"Name: a\nHost: b",
        b"N\xc3\xa9: x",
        b"",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(more: bytes) -> None:
    assert refused(HEAD + b"\r\n" + more) == 400


def test_a_request_without_a_host_is_refused() -> None:
    assert refused(f"GET /wait/{LOGIN} HTTP/1.1\r\nCookie: a=b".encode()) == 400


def test_an_underscore_does_not_pass_for_a_hyphen() -> None:
    asked = read(HEAD + b"\r\nX_Forwarded_For: 192.0.2.1\r\nContent_Length: 5")
    assert set(asked.fields) == {"host", "cookie"}


def test_cookies_in_two_lines_are_one_list() -> None:
    assert read(HEAD + b"\r\ncookie: c=d").fields["cookie"] == "a=b; c=d"


def test_too_many_fields_are_refused() -> None:
    assert refused(HEAD + b"".join(b"\r\nX-%d: y" % number for number in range(70))) == 431

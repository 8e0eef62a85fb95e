"""Native messages: exact frames, exact arguments, fixed error texts."""

from __future__ import annotations

import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardreader import errors
from cardreader.agent import messages
from cardreader.agent.messages import MessageRefused


def framed(body: bytes, length: int | None = None) -> io.BytesIO:
    return io.BytesIO(struct.pack("=I", len(body) if length is None else length) + body)


def test_a_frame_goes_round() -> None:
    read = messages.read_frame(io.BytesIO(messages.frame(messages.hello())))
    assert read is not None
    assert json.loads(read) == {"version": messages.VERSION}


@pytest.mark.parametrize("length", [0, 1, 4, 8193, 2**32 - 1])
def test_a_length_outside_the_protocol_is_refused_before_reading(length: int) -> None:
    stream = framed(b"x" * 10_000, length)
    with pytest.raises(MessageRefused):
        messages.read_frame(stream)
    assert stream.tell() == 4


@pytest.mark.parametrize("cut", [1, 3, 4, 10])
def test_a_stream_that_ends_in_the_middle_is_refused(cut: int) -> None:
    whole = messages.frame({"command": "quit", "arguments": {}})
    with pytest.raises(MessageRefused):
        messages.read_frame(io.BytesIO(whole[:cut]))


def test_a_stream_that_ends_before_a_message_is_a_goodbye() -> None:
    assert messages.read_frame(io.BytesIO()) is None


def test_a_reply_longer_than_the_protocol_is_not_sent() -> None:
    with pytest.raises(MessageRefused):
        messages.frame({"x": "y" * 9000})


GOOD = [
    {"command": "quit", "arguments": {}},
    {"command": "authenticate", "arguments": {"challengeNonce": "n", "origin": "o"}},
    {"command": "authenticate", "arguments": {"challengeNonce": "n", "origin": "o", "lang": "nl"}},
    {"command": "get-signing-certificate", "arguments": {"origin": "o"}},
    {
        "command": "sign",
        "arguments": {"hash": "h", "hashFunction": "f", "certificate": "c", "origin": "o"},
    },
]
BAD = [
    {"command": "quit"},
    {"command": "quit", "arguments": {"lang": "nl"}},
    {"command": "status", "arguments": {}},
    {"command": ["quit"], "arguments": {}},
    {"command": "quit", "arguments": []},
    {"command": "quit", "arguments": {}, "more": 1},
    {"command": "authenticate", "arguments": {"challengeNonce": "n"}},
    {"command": "authenticate", "arguments": {"challengeNonce": "n", "origin": "o", "pin": "1"}},
    {"command": "authenticate", "arguments": {"challengeNonce": 5, "origin": "o"}},
    {"command": "authenticate", "arguments": {"challengeNonce": "n", "origin": "o", "lang": None}},
]


@pytest.mark.parametrize("message", GOOD)
def test_the_exact_argument_sets_are_read(message: dict) -> None:
    command = messages.parse_command(json.dumps(message).encode())
    assert (command.name, command.arguments) == (message["command"], message["arguments"])


@pytest.mark.parametrize("message", BAD)
def test_any_other_argument_set_is_refused(message: dict) -> None:
    with pytest.raises(MessageRefused):
        messages.parse_command(json.dumps(message).encode())


def test_a_member_that_stands_twice_is_refused() -> None:
    with pytest.raises(MessageRefused):
        messages.parse_command(b'{"command":"quit","command":"quit","arguments":{}}')


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_but_never_break(body: bytes) -> None:
    try:
        messages.parse_command(body)
    except MessageRefused:
        return


SHAPES = (
    lambda text: text,
    lambda text: [text],
    lambda text: [[text], None],
    lambda text: {text: text},
    lambda text: {"quit": [text]},
    len,
    bool,
    lambda _: None,
)


@given(st.integers(0, len(SHAPES) - 1), st.text(max_size=12))
def test_any_json_in_place_of_the_command_is_refused(shape: int, text: str) -> None:
    value = SHAPES[shape](text)
    with pytest.raises(MessageRefused):
        messages.parse_command(json.dumps({"command": value, "arguments": {}}).encode())


def test_the_extension_gets_only_codes_of_its_protocol() -> None:
    known = {messages.USER_CANCELLED, messages.INVALID_ARGUMENT, messages.FATAL}
    pending = [errors.CardError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        error = kind.__new__(kind)
        assert messages.describe(error, own_codes=False)["code"] in known


def test_our_pages_are_told_the_tries_left() -> None:
    described = messages.describe(errors.PinWrong(2), own_codes=True)
    assert described == {
        "code": "ERR_SESAME_PIN_WRONG",
        "message": "the PIN is wrong",
        "triesLeft": 2,
    }
    assert "triesLeft" not in messages.describe(errors.PinWrong(2), own_codes=False)

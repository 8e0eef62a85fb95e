"""Parameters: one source, each name once, bounded, nothing chosen silently."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from idp.errors import INVALID_REQUEST, PARAMETER_REPEATED, Problem, Refused
from idp.oidc.form import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_BYTES,
    MOST_PARAMETERS,
    REPEATABLE,
    Parameters,
)


def refused(encoded: bytes) -> Problem:
    with pytest.raises(Refused) as error:
        Parameters.parse(encoded)
    return error.value.problem


def outcome(encoded: bytes) -> Parameters | Problem:
    try:
        return Parameters.parse(encoded)
    except Refused as error:
        return error.problem


def test_a_form_is_read_as_browsers_write_it() -> None:
    read = Parameters.parse(b"a=1+2&b=%C3%A9%2B&c=x=y&&d=")
    assert read.get("a") == "1 2"
    assert read.text("b") == "é+"
    assert read.get("c") == "x=y"
    assert read.get("d") is None
    assert read.get("e") is None
    assert read.names() == {"a", "b", "c"}


def test_an_empty_form_holds_nothing() -> None:
    assert Parameters.parse(b"").names() == frozenset()


@pytest.mark.parametrize("name", sorted(REPEATABLE))
def test_two_names_may_repeat_and_are_never_one(name: str) -> None:
    read = Parameters.parse(f"{name}=a&{name}=b&{name}=".encode())
    assert read.all(name) == ("a", "b")
    with pytest.raises(Refused) as error:
        read.get(name)
    assert error.value.problem is PARAMETER_REPEATED


@pytest.mark.parametrize(
    "encoded",
    [b"state=a&state=b", b"state=a&state=a", b"state=&state=b", b"x&x", b"st%61te=a&state=b"],
)
def test_any_other_name_twice_is_refused(encoded: bytes) -> None:
    assert refused(encoded) is PARAMETER_REPEATED


@pytest.mark.parametrize(
    "encoded",
    [
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"a=%u0041",
        b"a=%FF",
        b"a=%C3",
        b"a=%ED%A0%80",
        b"a=\xc3\xa9",
        b"a=b c",
        b"a=b\tc",
        b"a=%00",
        b"a=%0A",
        b"a=%0d",
        b"a=%09",
        b"a=%1b[31m",
        b"a=%7F",
        b"a=%C2%85",
        b"a=%E2%80%A8",
        b"%0a=a",
        b"=a",
        b"&".join(b"a%d=1" % n for n in range(MOST_PARAMETERS + 1)),
        b"&" * MOST_PARAMETERS,
        b"a=" + b"x" * (LONGEST_VALUE + 1),
        b"a=" + b"%78" * (LONGEST_VALUE + 1),
        b"n" * (LONGEST_NAME + 1) + b"=1",
        b"&".join(b"a%d=" % n + b"x" * 4096 for n in range(9)),
        b"a=" + b"x" * MOST_BYTES,
    ],
)
def test_what_is_malformed_or_too_much_is_refused(encoded: bytes) -> None:
    assert refused(encoded) is INVALID_REQUEST


def test_the_bounds_themselves_are_allowed() -> None:
    most = "&".join(f"a{n}=1" for n in range(MOST_PARAMETERS))
    assert len(Parameters.parse(most.encode()).names()) == MOST_PARAMETERS
    longest = "x" * LONGEST_VALUE
    assert Parameters.parse(f"a={longest}".encode()).get("a") == longest


def test_protocol_parameters_are_ascii_and_texts_need_not_be() -> None:
    read = Parameters.parse(b"a=%C3%A9&resource=%C3%A9")
    assert read.text("a") == "é"
    for ask in (lambda: read.get("a"), lambda: read.all("resource")):
        with pytest.raises(Refused) as error:
            ask()
        assert error.value.problem is INVALID_REQUEST


def test_what_was_sent_is_not_shown_by_a_trace() -> None:
    assert "secret" not in repr(Parameters.parse(b"client_secret=secret"))


NAMES = some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
VALUES = some.text(
    some.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=200
)


@given(some.dictionaries(NAMES, VALUES, max_size=20))
def test_what_a_browser_encodes_is_read_back(sent: dict[str, str]) -> None:
    read = Parameters.parse(urlencode(sent).encode())
    assert {name: read.text(name) for name in read.names()} == sent


@given(some.binary(max_size=400))
def test_any_bytes_are_read_or_refused(encoded: bytes) -> None:
    read = outcome(encoded)
    if not isinstance(read, Parameters):
        assert read in {INVALID_REQUEST, PARAMETER_REPEATED}
        return
    for name in read.names():
        for value in read._values[name]:
            assert value.encode()
            assert not any(letter < " " or "\x7f" <= letter < "\xa0" for letter in value)


@given(some.binary(min_size=1, max_size=100))
def test_escaped_bytes_are_text_or_refused(raw: bytes) -> None:
    read = outcome(b"a=" + quote_from_bytes(raw, safe="").encode())
    if isinstance(read, Parameters):
        assert (read.text("a") or "").encode() == raw
    else:
        assert read is INVALID_REQUEST

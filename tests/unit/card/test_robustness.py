"""No bytes from a card, however made, raise anything but a typed error, or keep us busy for long.

Each property is tried on a planted fault too: a reader with one careless line must be found out.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardreader import apdu, client
from cardreader.apdu import Command, Response, exchange
from cardreader.beid import birth, cards, files, numbers, register, tlv
from cardreader.beid.session import BeidSession
from cardreader.errors import CardDataMalformed, CardError, CardReset, TokenRefused
from cardreader.server import certified
from cardreader.sim.reader import SimReader
from tests.world import holders, tokens
from tests.world.deep import PATIENCE, examples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cardreader.sim.image import AppletName

pytestmark = PATIENCE

QUICK = settings(
    deadline=None, max_examples=examples(80), suppress_health_check=[HealthCheck.too_slow]
)


@cache
def identity() -> bytes:
    return holders.image("1.8").contents[files.IDENTITY]


EDITS = st.lists(
    st.tuples(st.integers(0, 5_000), st.integers(0, 8), st.binary(max_size=8)),
    min_size=1,
    max_size=2,
)


def edited(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, fresh in edits:
        at = place % (len(content) + 1)
        content = content[:at] + fresh + content[at + length :]
    return content


def bent(content: bytes) -> st.SearchStrategy[bytes]:
    """A good content with a few bytes changed, cut or put in."""
    return st.builds(edited, st.just(content), EDITS)


FIELDS = st.dictionaries(
    st.integers(0, 0x1F), st.one_of(st.binary(max_size=60), st.just(b"1 JAN 1990")), max_size=3
)


@cache
def good_fields() -> dict[int, bytes]:
    return {field.tag: field.value for field in tlv.split(identity())}


@st.composite
def structured(draw: st.DrawFn) -> bytes:
    """Well-formed fields, some of any content: what a parser must judge field by field."""
    usual = good_fields() if draw(st.booleans()) else {}
    fields = sorted({**usual, **draw(FIELDS)}.items())
    return b"".join(tlv.encode(tag, value) for tag, value in fields)


def only_malformed(parse: Callable[[Any], object], content: object) -> None:
    said = ""
    try:
        parse(content)
    except CardDataMalformed as error:
        said = str(error)
    # A message is a short sentence of ours: nothing that stood on the card.
    assert len(said) < 60


# --- files ---------------------------------------------------------------------------------------


@QUICK
@given(st.one_of(st.binary(max_size=600), structured(), st.deferred(lambda: bent(identity()))))
def test_fields_are_cut_or_refused_and_lose_no_byte(content: bytes) -> None:
    try:
        found = tlv.split(content)
    except CardDataMalformed:
        return
    raw = b"".join(item.raw for item in found)
    assert content.startswith(raw)
    assert content[len(raw) : len(raw) + 1] in (b"", b"\0")
    assert all(tlv.encode(item.tag, item.value) == item.raw for item in found)


@QUICK
@given(st.one_of(st.binary(max_size=400), structured(), st.deferred(lambda: bent(identity()))))
def test_identity_and_address_files_are_parsed_or_refused(content: bytes) -> None:
    only_malformed(register.parse_identity, content)
    only_malformed(register.parse_address, content)


MONTHS = ("JAN", "FEV", "MÄR", "MARS", "APR", "MAI", "JUIN", "DEZ", "XXX", "SEPT")
TEXTS = st.one_of(
    st.text(max_size=20),
    st.builds(
        "{}{}{}{}{}".format,
        st.integers(0, 99),
        st.sampled_from(" ."),
        st.sampled_from(MONTHS),
        st.sampled_from([" ", ".", "  ", " ."]),
        st.integers(0, 12_000),
    ),
    st.builds("{:0{}}".format, st.integers(0, 10**12 - 1), st.integers(11, 12)),
)


@QUICK
@given(TEXTS)
def test_dates_and_numbers_are_read_or_refused(text: str) -> None:
    for parse in (birth.parse_birth_date, numbers.national_number, numbers.card_number):
        only_malformed(parse, text)


@QUICK
@given(st.binary(max_size=40))
def test_card_data_is_read_or_refused(content: bytes) -> None:
    for raw in (content, content.ljust(cards.CARD_DATA_LENGTH, b"\x18")[:28]):
        try:
            cards.parse_card_data(raw)
        except CardError:
            continue
        cards.recognise(raw)


# --- commands ------------------------------------------------------------------------------------


class Hostile:
    """A card that answers with what it was told, again and again, and counts what it was asked."""

    def __init__(self, answers: Sequence[bytes | None]) -> None:
        self.atr = b"\x3b"
        self._answers = answers
        self.asked = 0

    def transmit(self, command: bytes | bytearray) -> bytes:
        del command
        answer = self._answers[self.asked % len(self._answers)]
        self.asked += 1
        if answer is None:
            raise CardReset
        return answer


STATUS = st.one_of(
    st.sampled_from([b"\x90\x00", b"\x61\x00", b"\x61\x10", b"\x6c\x10", b"\x63\xc0", b"\x6b\x00"]),
    st.binary(max_size=3),
)
ENDS = (
    b"\x90\x00",
    b"\x90\x00",
    b"\x61\x00",
    b"\x61\x10",
    b"\x6c\x10",
    b"\x63\xc0",
    b"\x6b\x00",
    b"",
)
KNOWN = (None, bytes(21) + b"\x18" + bytes(6) + ENDS[0], bytes(252) + ENDS[0])


def conversation(plan: bytes, data: bytes) -> list[bytes | None]:
    """As many answers as the plan has bytes; each is a known one, or a part of the data ended."""
    parts = max(1, len(data) // len(plan))
    answers: list[bytes | None] = []
    for number, planned in enumerate(plan):
        kind = planned % (len(KNOWN) + len(ENDS))
        part = data[number * parts : (number + 1) * parts][:262]
        answers.append(KNOWN[kind] if kind < len(KNOWN) else part + ENDS[kind - len(KNOWN)])
    return answers


# Two draws make a whole conversation: a list of drawn answers would take ten times as long.
ANSWERS = st.builds(conversation, st.binary(min_size=1, max_size=12), st.binary(max_size=900))


@QUICK
@given(ANSWERS, st.sampled_from([None, 1, 28, 256]))
def test_an_exchange_ends_and_raises_card_errors_only(
    answers: list[bytes | None], le: int | None
) -> None:
    card = Hostile(answers)
    try:
        data = exchange(card, Command(cla=0, ins=0xB0, p1=0, p2=0, le=le))
    except CardError:
        pass
    else:
        assert len(data) <= apdu.MOST_BYTES
    assert card.asked <= apdu.MOST_ROUNDS + 1


@QUICK
@given(st.binary(max_size=70_000))
def test_any_answer_is_split_or_refused(raw: bytes) -> None:
    try:
        response = Response.parse(raw)
    except CardError:
        return
    assert response.data + response.status.to_bytes(2) == raw


VERBS: tuple[Callable[[BeidSession], object], ...] = (
    lambda session: session.files(),
    lambda session: session.identity(),
    lambda session: session.tries_left(),
    lambda session: session.verify_pin("1234"),
    lambda session: session.change_pin("1234", "5678"),
    lambda session: session.prove_chip(bytes(48)),
    lambda session: session.sign_authentication(bytes(48), "sha384"),
    client.summary,
)
MOST_ASKED = 2_000
"""More commands than the longest honest conversation needs: every file of 32 kB, read twice."""


@settings(QUICK, max_examples=examples(200))
@given(ANSWERS, st.integers(0, len(VERBS) - 1))
def test_a_hostile_card_gets_no_further_than_a_typed_error(
    answers: list[bytes | None], verb: int
) -> None:
    card = Hostile(answers)
    with suppress(CardError):
        VERBS[verb](BeidSession(card))
    assert card.asked < MOST_ASKED


@settings(QUICK, max_examples=examples(40))
@given(
    place=st.integers(0, 60),
    answer=st.one_of(STATUS, st.binary(max_size=270)),
    summary=st.booleans(),
)
def test_a_card_that_talks_nonsense_once_is_a_typed_error_or_no_matter(
    place: int, answer: bytes, *, summary: bool
) -> None:
    class Nonsense:
        def __init__(self, inner: Any) -> None:
            self.atr = inner.atr
            self._inner, self._left = inner, place

        def transmit(self, command: bytes | bytearray) -> bytes:
            self._left -= 1
            good: bytes = self._inner.transmit(command)
            return answer if self._left == -1 else good

    reader = SimReader("sim")
    reader.insert(holders.soft_card())
    with reader.connect() as connection, suppress(CardError):
        session = BeidSession(Nonsense(connection))
        client.summary(session) if summary else session.files()


# --- certificates --------------------------------------------------------------------------------


@cache
def certificate(applet: AppletName) -> bytes:
    return holders.certificates(applet).authentication.public_bytes(Encoding.DER)


@settings(QUICK, max_examples=examples(60))
@given(
    # Mostly one whose path is two RSA keys: those are verified in no time.
    st.sampled_from(["1.7", "1.7", "1.7", "1.8"]),
    st.one_of(st.binary(max_size=300), EDITS),
)
def test_no_bytes_for_a_certificate_pass_or_raise_anything_but_a_refusal(
    applet: AppletName, drawn: bytes | list[tuple[int, int, bytes]]
) -> None:
    good = certificate(applet)
    der = drawn if isinstance(drawn, bytes) else edited(good, drawn)
    if der == good:
        return
    with pytest.raises(TokenRefused):
        certified(der, anchors=tokens.anchors(), now=tokens.NOW)


# --- the control ---------------------------------------------------------------------------------


def careless(content: bytes) -> tuple[tlv.Field, ...]:
    """The same cutting without one check: a field may run over the end."""
    found, at = [], 0
    while at + 1 < len(content):
        end = at + 2 + content[at + 1]
        found.append(tlv.Field(tag=content[at], value=content[at + 2 : end], raw=content[at:end]))
        at = end
    return tuple(found)


@pytest.mark.parametrize(
    ("owner", "name", "planted", "test"),
    [
        (tlv, "split", careless, test_fields_are_cut_or_refused_and_lose_no_byte),
        (register, "parse_address", lambda raw: raw.decode(), None),
        (Response, "parse", lambda raw: Response(data=raw[:-2], status=raw[-2]), None),
    ],
    ids=["a field over the end", "bytes taken for text", "no status word"],
)
def test_a_planted_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, planted: Any, test: Any
) -> None:
    usual = {
        "parse_address": test_identity_and_address_files_are_parsed_or_refused,
        "parse": test_any_answer_is_split_or_refused,
    }
    monkeypatch.setattr(owner, name, planted)
    with pytest.raises((AssertionError, UnicodeDecodeError, IndexError, ExceptionGroup)):
        cast("Any", test or usual[name])()

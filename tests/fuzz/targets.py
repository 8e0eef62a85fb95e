"""What is fuzzed: every place where bytes of a stranger enter the card's code, with its promise.

A target takes any bytes and returns; what it raises is a finding. Each knows which refusals are
typed answers, and asserts what must hold of whatever was accepted. Seeds are the demo country's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cardreader import apdu, client
from cardreader.apdu import Command, Response
from cardreader.beid import birth, cards, numbers, register, tlv
from cardreader.beid.session import BeidSession
from cardreader.errors import CardDataMalformed, CardError, CardReset, TokenRefused
from cardreader.server import (
    CardServer,
    ChipProof,
    UnverifiedFiles,
    certified,
    read_answer,
    verify_files,
)
from cardreader.server.login import CardChallenge
from cardreader.sim.card import SoftCard
from cardreader.sim.reader import SimReader
from cardreader.trust import crl
from cardreader.trust.ocsp import OcspJudge, ResponderBusy
from tests.fuzz.pieces import join, split
from tests.fuzz.seeds import CHIP, NONCE, NOW, ORIGIN, Harvest, entropy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.reader import Connection

MOST_ASKED: Final = 2_000
"""More commands than the longest honest conversation needs: every file of 32 kB, read twice."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One entrance.

    Attributes:
        run: takes any bytes; what it raises is a finding.
        seeds: good ones to begin with.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...] = field(repr=False)


class Scripted:
    """A card that says what it was told, again and again; an empty answer is a reset."""

    def __init__(self, answers: list[bytes]) -> None:
        self.atr = b"\x3b"
        self._answers = answers or [b"\x6f\x00"]
        self.asked = 0

    def transmit(self, command: bytes | bytearray) -> bytes:
        del command
        answer = self._answers[self.asked % len(self._answers)]
        self.asked += 1
        assert self.asked <= MOST_ASKED, "asked without end"
        if not answer:
            raise CardReset
        return answer


class Meddling:
    """A good card, some of whose answers somebody else gives: place and answer, in pairs."""

    def __init__(self, inner: Connection, told: list[bytes]) -> None:
        self.atr = inner.atr
        self._inner = inner
        self._told = {
            place[0]: answer for place, answer in zip(told[::2], told[1::2], strict=False) if place
        }
        self._asked = -1

    def transmit(self, command: bytes | bytearray) -> bytes:
        self._asked += 1
        good = self._inner.transmit(command)
        return self._told.get(self._asked, good)


VERBS: Final[tuple[Callable[[BeidSession], object], ...]] = (
    lambda session: session.files(),
    lambda session: session.identity(),
    lambda session: session.address(),
    lambda session: session.tries_left(),
    lambda session: session.verify_pin("1234"),
    lambda session: session.change_pin("1234", "5678"),
    lambda session: session.prove_chip(bytes(48)),
    lambda session: session.sign_authentication(bytes(48), "sha384"),
    client.summary,
)


# --- the citizen's side ---------------------------------------------------------------------------


def fields(data: bytes) -> None:
    """TLV: cut or refused; what was cut is the content and loses no byte."""
    try:
        found = tlv.split(data)
    except CardDataMalformed:
        return
    raw = b"".join(item.raw for item in found)
    assert data.startswith(raw)
    assert data[len(raw) : len(raw) + 1] in (b"", b"\0")
    assert all(tlv.encode(item.tag, item.value) == item.raw for item in found)


def card_files(data: bytes) -> None:
    """Identity, address, card data, dates and numbers: parsed or refused in a short sentence."""
    text = data.decode("utf-8", "replace")
    for parse, content in (
        (register.parse_identity, data),
        (register.parse_address, data),
        (birth.parse_birth_date, text),
        (numbers.national_number, text),
        (numbers.card_number, text),
        (cards.parse_card_data, data),
    ):
        try:
            parse(content)  # type: ignore[operator] # each with its own kind of content
        except CardError as error:
            assert len(str(error)) < 60, "a refusal that repeats what stood on the card"  # noqa: PT017
    cards.recognise(data)


def exchange(data: bytes) -> None:
    """Answers and status words: an exchange ends, within its bounds, in data or a refusal."""
    told = split(data)
    card = Scripted(told[1:])
    le = told[0][0] + 1 if told and told[0] else None
    with suppress(CardError):
        answer = apdu.exchange(card, Command(cla=0, ins=0xB0, p1=0, p2=0, le=le))
        assert len(answer) <= apdu.MOST_BYTES
    assert card.asked <= apdu.MOST_ROUNDS + 1
    for raw in told:
        with suppress(CardError):
            response = Response.parse(raw)
            assert response.data + response.status.to_bytes(2) == raw


def hostile_card(data: bytes) -> None:
    """A card behind a session that says anything: every verb ends in a value or a typed error."""
    answers = split(data)
    for verb in VERBS:
        with suppress(CardError):
            verb(BeidSession(Scripted(answers)))


def meddled_card(harvest: Harvest) -> Callable[[bytes], None]:
    """A good card with strange answers in places: read or refused, and no PIN try is lost."""

    def run(data: bytes) -> None:
        card = SoftCard(harvest.image, entropy=entropy)
        reader = SimReader("sim")
        reader.insert(card)
        with reader.connect() as connection, suppress(CardError):
            session = BeidSession(Meddling(connection, split(data)))
            session.tries_left()
            session.files(photo=False)
            client.summary(session)
        assert card.tries_left == 3, "reading spent a try"

    return run


def software_card(harvest: Harvest) -> Callable[[bytes], None]:
    """The software card itself, asked anything: it answers with a status word."""

    def run(data: bytes) -> None:
        card = SoftCard(harvest.image, entropy=entropy)
        card.power_on()
        for command in split(data)[:20]:
            assert 2 <= len(card.transmit(command)) <= 258

    return run


# --- the provider's side --------------------------------------------------------------------------


def certificate(harvest: Harvest) -> Callable[[bytes], None]:
    """A certificate: refused, or the country's own to the byte that counts, its number."""

    def run(data: bytes) -> None:
        try:
            found = certified(data, anchors=harvest.anchors, now=NOW)
        except TokenRefused:
            return
        assert found.national_number in harvest.numbers, "a certificate that nobody issued"

    return run


def token(harvest: Harvest) -> Callable[[bytes], None]:
    """A Web eID token: refused, or one that a card of the country signed."""
    server = CardServer(harvest.anchors, harvest.fetch, now=lambda: NOW, entropy=entropy)
    challenge = CardChallenge(nonce=NONCE, expires_at=NOW)

    def run(data: bytes) -> None:
        try:
            found = server.complete(challenge, data.decode("utf-8", "replace"), origin=ORIGIN)
        except TokenRefused:
            return
        assert found.national_number in harvest.numbers, "a login of nobody"

    return run


def card_answer(data: bytes) -> None:
    """A citizen's answer, token and files together: taken apart or refused."""
    with suppress(TokenRefused):
        found = read_answer(data.decode("utf-8", "replace"))
        assert found.files is None or found.files.only(()).files.photo is None


def identity_files(harvest: Harvest) -> Callable[[bytes], None]:
    """Identity files with everything around them: refused, or what the register signed."""

    def run(data: bytes) -> None:
        parts = [*split(data), *(b"",) * 8][:8]
        sent = UnverifiedFiles(
            identity=parts[0],
            identity_signature=parts[1],
            register_certificate=parts[2],
            address=parts[3] or None,
            address_signature=parts[4] or None,
            photo=parts[5] or None,
            card_key=parts[6] or None,
        )
        chip = ChipProof(challenge=CHIP, answer=parts[7]) if parts[7] else None
        try:
            found = verify_files(sent, anchors=harvest.anchors, now=NOW, holder=None, chip=chip)
        except TokenRefused:
            return
        assert found.identity.national_number in harvest.numbers, "files that nobody signed"

    return run


def ocsp_answer(harvest: Harvest) -> Callable[[bytes], None]:
    """A responder's answer: no good word that the CA's responder did not say."""

    def run(data: bytes) -> None:
        with suppress(TokenRefused, ResponderBusy):
            found = OcspJudge().judge(data, request=harvest.ocsp_request, ca=harvest.ca, now=NOW)
            assert found == harvest.evidence, "an answer that nobody signed"

    return run


def revocation_list(harvest: Harvest) -> Callable[[bytes], None]:
    """A revocation list: refused, or the CA's own."""
    good = crl.verify(harvest.revocation_list, ca=harvest.ca, now=NOW)

    def run(data: bytes) -> None:
        with suppress(TokenRefused):
            found = crl.verify(data, ca=harvest.ca, now=NOW)
            assert found == good, "a list that nobody signed"

    return run


# --- all of them ----------------------------------------------------------------------------------


def targets(harvest: Harvest) -> tuple[Target, ...]:
    """Every target with its seeds."""
    return tuple(
        Target(name=name, run=run, seeds=tuple(dict.fromkeys(seeds)))
        for name, run, seeds in (*_citizens_side(harvest), *_providers_side(harvest))
    )


_Row = tuple[str, Callable[[bytes], None], list[bytes]]


def _citizens_side(harvest: Harvest) -> Iterator[_Row]:
    visits = harvest.visits
    cut = [part for row in visits for part in (row.files.identity, row.files.address or b"")]
    texts = [b"30 JUL 1985", b"13.AUG. 1996", b"1962", *map(str.encode, sorted(harvest.numbers))]
    answers = visits[0].answers
    data = next(answer[:-2] for answer in answers if len(answer) == cards.CARD_DATA_LENGTH + 2)
    yield "tlv", fields, cut
    yield "card-files", card_files, [*cut, *texts, data]
    scripts = [join([b"\xff", *answers[:6]]), join([b"", b"\x61\x10", b"a\x90\0"])]
    yield "exchange", exchange, scripts
    hostile = [join(row.answers[:40]) for row in visits]
    yield "hostile-card", hostile_card, [*hostile, join([b"\x90\0", b"", b"\x63\xc0"])]
    meddled = [join([b"\x04", b"\x6b\0", b"\x09", answers[3]])]
    yield "meddled-card", meddled_card(harvest), meddled
    asked = visits[0].commands
    commands = [join(asked[at : at + 10]) for at in range(0, len(asked), 10)]
    yield "software-card", software_card(harvest), commands


def _providers_side(harvest: Harvest) -> Iterator[_Row]:
    visits = harvest.visits
    ders = [der for row in visits for der in row.certificates]
    tokens = [json.dumps(row.token).encode() for row in visits]
    whole = [
        join(
            part or b""
            for part in (
                row.files.identity,
                row.files.identity_signature,
                row.files.register_certificate,
                row.files.address,
                row.files.address_signature,
                row.files.photo,
                row.files.card_key,
                row.chip.answer if row.chip else b"",
            )
        )
        for row in visits
    ]
    yield "certificate", certificate(harvest), ders
    yield "token", token(harvest), tokens
    yield "card-answer", card_answer, [*tokens, *harvest.card_answers()]
    yield "identity-files", identity_files(harvest), whole
    yield "ocsp", ocsp_answer(harvest), [harvest.ocsp_answer]
    yield "crl", revocation_list(harvest), [harvest.revocation_list]

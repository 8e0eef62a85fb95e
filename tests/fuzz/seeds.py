"""What fuzzing begins with: the cards, certificates, tokens and answers of the demo country."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509

from cardreader import client, trust
from cardreader.apdu import Command
from cardreader.beid import carried, files
from cardreader.beid.session import BeidSession
from cardreader.errors import CertificateAbsent
from cardreader.server import ChipProof, UnverifiedFiles
from cardreader.server.answer import FORMAT
from cardreader.sim.card import SoftCard
from cardreader.sim.image import CardImage
from cardreader.sim.pki import Country
from cardreader.sim.reader import SimReader
from cardreader.sim.transcript import Recorder
from cardreader.trust.anchors import TrustAnchors, TrustedCa
from cardreader.trust.case import Evidence
from cardreader.trust.ocsp import OcspJudge, make_request
from cardreader.trust.ports import FetchAnswer, FetchFailed, FetchRequest
from tests.world import cards

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world.cards import World

NOW: Final = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)
NONCE: Final = base64.b64encode(bytes(range(32))).decode()
ORIGIN: Final = "https://login.example"
CHIP: Final = carried.chip_challenge(origin=ORIGIN, nonce=NONCE)
_SEEDING: Final = ("adult", "adult-older-card", "foreigner", "kid", "moved", "identity-corrupted")


def entropy(count: int) -> bytes:
    """Bytes that are not random at all: a finding must come again."""
    return bytes(range(256))[:count]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one card said when everything was read of it."""

    files: UnverifiedFiles
    chip: ChipProof | None
    certificates: tuple[bytes, ...]
    commands: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    token: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """The country as a fuzzer needs it."""

    anchors: TrustAnchors
    image: CardImage
    visits: tuple[Visit, ...]
    numbers: frozenset[str]
    ca: TrustedCa
    ocsp_request: bytes = field(repr=False)
    ocsp_answer: bytes = field(repr=False)
    evidence: Evidence
    revocation_list: bytes = field(repr=False)
    country: Country = field(repr=False)

    def fetch(self, request: FetchRequest) -> FetchAnswer:
        """Answer the provider's questions to the responder; there is no list."""
        if request.body is None:
            raise FetchFailed("no list")
        body = self.country.ocsp_answer(request.body, at=NOW)
        return FetchAnswer(status=200, media_type=request.accept, body=body)

    def card_answers(self) -> list[bytes]:
        """What our own agent sends: token and files together."""
        return [
            json.dumps(
                {"format": FORMAT, "token": row.token, "files": carried.pack(row.files, row.chip)}
            ).encode()
            for row in self.visits
        ]


def grown(folder: Path) -> World:
    """Make the country in this folder, or take the one that is there."""
    return cards.prepare(folder, base_url="http://127.0.0.1:8405", at=NOW)


def harvest(world: World) -> Harvest:
    """Read the country's cards."""
    anchors = trust.load(world.trust, allow_simulated=True)
    country = world.pki()
    visits = tuple(_visit(world.image(name)) for name in _SEEDING)
    label = "citizen-new"
    ca = next(ca for ca in anchors.cas if ca.label == label)
    holder = x509.load_der_x509_certificate(visits[0].certificates[0])
    request = make_request(holder, ca.certificate, bytes(32) if ca.nonce else b"")
    answer = country.ocsp_answer(request, at=NOW)
    return Harvest(
        anchors=anchors,
        image=world.image("adult"),
        visits=visits,
        numbers=frozenset(citizen.national_number for citizen in world.people.citizens),
        ca=ca,
        ocsp_request=request,
        ocsp_answer=answer,
        evidence=OcspJudge().judge(answer, request=request, ca=ca, now=NOW),
        revocation_list=country.crl(label, at=NOW),
        country=country,
    )


def _visit(image: CardImage) -> Visit:
    reader = SimReader("sim")
    reader.insert(SoftCard(image, entropy=entropy))
    with Recorder(reader.connect()) as recorder:
        session = BeidSession(recorder)
        found = session.files()
        ders = [session.authentication_certificate()]
        for place in (files.SIGNATURE_CERTIFICATE, files.CA_CERTIFICATE, files.RRN_CERTIFICATE):
            try:
                ders.append(session.certificate(place))
            except CertificateAbsent:
                continue
        proof = session.prove_chip(CHIP)
        turns = recorder.transcript.turns
        token = client.authenticate(
            session, challenge_nonce=NONCE, origin=ORIGIN, ask_pin=lambda _: "1234"
        )
    return Visit(
        files=found,
        chip=proof,
        certificates=tuple(ders),
        commands=(*(bytes.fromhex(turn.command) for turn in turns), *_OTHER),
        answers=tuple(turn.answer for turn in turns),
        token=token,
    )


_OTHER: Final = tuple(
    bytes(command)
    for command in (
        Command(cla=0x00, ins=0x84, p1=0, p2=0, le=20),
        Command(cla=0x80, ins=0xB2, p1=1, p2=7, le=256),
        Command(cla=0x00, ins=0x20, p1=0, p2=1, data=bytes.fromhex("241234FFFFFFFFFF")),
        Command(cla=0x00, ins=0x22, p1=0x41, p2=0xB6, data=bytes.fromhex("0480028482")),
        Command(cla=0x00, ins=0x2A, p1=0x9E, p2=0x9A, data=bytes(48)),
        Command(cla=0x00, ins=0xC0, p1=0, p2=0, le=96),
        Command(cla=0x80, ins=0xE6, p1=0, p2=0),
    )
)

"""The certificate to sign with, and a signature under a document: what the citizen sees first."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from cardreader import signing
from cardreader.agent.assembly import assemble
from cardreader.agent.language import NAMES, language
from cardreader.agent.slots import Slots
from cardreader.agent.tasks import ShareCertificate, Sign, Task
from cardreader.agent.terminal import ask_on_terminal
from cardreader.errors import (
    CardProtocolError,
    CertificateAbsent,
    PinBlocked,
    PinWrong,
    UnknownCard,
    UserCancelled,
)
from cardreader.signing import Document, DocumentMalformed, HashUnsupported, OtherCard
from tests.unit.agent.fake_card import PIN, FakeCard, certificate_for
from tests.unit.agent.fake_reader import Bench, FakeReader
from tests.unit.agent.test_loopback_api import ticket
from tests.world import holders

if TYPE_CHECKING:
    from pathlib import Path

    from cardreader.agent.desk import Outcome
    from cardreader.sim.image import AppletName

ORIGIN = "https://notary.example.be"
DIGEST = bytes(range(48))


@dataclass(kw_only=True)
class SigningCard(FakeCard):
    """A card with a second key; ``declined`` has no certificate for it, ``pad`` a reader's keys."""

    other: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))
    declined: bool = False
    pad: str | None = None
    signed: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.signer = certificate_for(self.other)

    @property
    def has_pad(self) -> bool:
        return self.pad is not None

    def verify_pin_on_pad(self) -> None:
        self.verify_pin(self.pad or "")

    def signature_certificate(self) -> bytes:
        if self.declined:
            raise CertificateAbsent
        return self.signer

    def sign_non_repudiation(self, digest: bytes, hash_name: str, pin: str | None) -> bytes:
        self.verify_pin(self.pad or "" if pin is None else pin)
        self.signed.append(digest)
        assert hash_name == "sha384"
        return b"\x01" * (95 if self.short_signature else 96)


def document(card: SigningCard, **changes: Any) -> Document:
    usual = {"digest": DIGEST, "function": "SHA-384", "certificate": card.signer}
    return Document(**(usual | changes))


def bench_with(card: SigningCard) -> Bench:
    bench = Bench()
    assert bench.reader.current is not None
    bench.reader.cards_by_name[bench.reader.current] = card
    return bench


def asked(bench: Bench, task: Task, *, lang: str | None = None) -> tuple[str, str]:
    question = bench.desk.open(page_origin=ORIGIN, origin=ORIGIN, task=task, language=lang)
    return question.id, f"/pin/{question.link}"


def outcome(bench: Bench, question_id: str) -> Outcome | None:
    return bench.desk.asked(question_id, page_origin=ORIGIN).outcome


# --- what the card software says ---------------------------------------------------------------


@pytest.mark.parametrize("applet", ["1.7", "1.8"])
def test_a_card_signs_what_it_said_it_could_and_the_signature_holds(
    tmp_path: Path, applet: AppletName
) -> None:
    holders.soft_card(applet).save(tmp_path / "nora.json")
    assembled = assemble(tmp_path, entropy=holders.entropy)
    assert assembled.rack is not None
    assembled.rack.insert("nora")
    with assembled.slots.card() as session:
        shared = signing.share(session, origin=ORIGIN, agree=lambda _: None)
    der = base64.b64decode(shared["certificate"])
    key = x509.load_der_x509_certificate(der).public_key()
    for algorithm in shared["supportedSignatureAlgorithms"]:
        function = {
            "SHA-256": hashes.SHA256(),
            "SHA-384": hashes.SHA384(),
            "SHA-512": hashes.SHA512(),
        }[algorithm["hashFunction"]]
        digest = bytes(function.digest_size)
        wanted = Document(digest=digest, function=algorithm["hashFunction"], certificate=der)
        with assembled.slots.card() as session:
            given = signing.sign(session, wanted, origin=ORIGIN, ask_pin=lambda _: holders.PIN)
        assert given["signatureAlgorithm"] == algorithm
        signature = base64.b64decode(given["signature"])
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(function))
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            half = len(signature) // 2
            r, s = (int.from_bytes(part) for part in (signature[:half], signature[half:]))
            encoded = utils.encode_dss_signature(r, s)
            key.verify(encoded, digest, ec.ECDSA(utils.Prehashed(function)))


def test_a_card_without_that_certificate_signs_nothing_and_shares_nothing() -> None:
    card = SigningCard(declined=True)
    with pytest.raises(CertificateAbsent):
        signing.share(card, origin=ORIGIN, agree=pytest.fail)
    with pytest.raises(CertificateAbsent):
        signing.sign(card, document(card), origin=ORIGIN, ask_pin=pytest.fail)
    with pytest.raises(UnknownCard):
        signing.signer(FakeCard())


def test_another_card_than_the_one_named_is_asked_no_pin() -> None:
    card = SigningCard()
    other = document(card, certificate=SigningCard().signer)
    with pytest.raises(OtherCard):
        signing.sign(card, other, origin=ORIGIN, ask_pin=pytest.fail)
    with pytest.raises(OtherCard):  # nor the same card's key to log in with
        signing.sign(card, document(card, certificate=card.der), origin=ORIGIN, ask_pin=pytest.fail)


def test_a_hash_that_the_card_does_not_sign_is_refused_before_the_pin() -> None:
    card = SigningCard()
    short = document(card, digest=bytes(28), function="SHA-224")
    with pytest.raises(HashUnsupported):
        signing.sign(card, short, origin=ORIGIN, ask_pin=pytest.fail)


def test_one_pin_makes_one_attempt_and_the_right_to_sign_is_given_back() -> None:
    card = SigningCard()
    with pytest.raises(PinWrong):
        signing.sign(card, document(card), origin=ORIGIN, ask_pin=lambda _: "0000")
    assert card.presented == ["0000"]
    signing.sign(card, document(card), origin=ORIGIN, ask_pin=lambda _: PIN)
    assert not card.verified
    blocked = SigningCard(tries=0)
    with pytest.raises(PinBlocked):
        signing.sign(blocked, document(blocked), origin=ORIGIN, ask_pin=pytest.fail)
    broken = SigningCard(short_signature=True)
    with pytest.raises(CardProtocolError):
        signing.sign(broken, document(broken), origin=ORIGIN, ask_pin=lambda _: PIN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hash_": "!"},
        {"hash_": base64.b64encode(bytes(47)).decode()},
        {"hash_": base64.urlsafe_b64encode(b"\xff" * 48).decode()},
        {"function": "SHA-256"},
        {"function": "SHA-1"},
        {"function": "sha-384"},
        {"certificate": ""},
        {"certificate": "A" * 8000},
    ],
)
def test_what_is_no_hash_of_that_function_is_refused(wrong: dict[str, str]) -> None:
    usual = {"hash_": base64.b64encode(DIGEST).decode(), "function": "SHA-384"}
    right = usual | {"certificate": base64.b64encode(b"der").decode()}
    assert signing.check_document(**right).digest == DIGEST
    with pytest.raises(DocumentMalformed):
        signing.check_document(**(right | wrong))


# --- what the citizen is shown -----------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(NAMES))
def test_the_page_shows_who_asks_and_the_fingerprint_and_that_a_signature_binds(code: str) -> None:
    card = SigningCard()
    bench = bench_with(card)
    task = Sign(document=document(card))
    _, path = asked(bench, task, lang=code)
    page = html.unescape(bench.get(path).body.decode())
    words = language(code)
    for key in ("sign_title", "sign_asks", "sign_check", "sign_submit", "sign_law"):
        assert words.say(key) in page
    assert words.say("pin_asks") not in page
    assert ORIGIN in page
    assert task.fingerprint() in page
    assert "SHA-384" in page
    assert 'type="password"' in page


def test_the_citizen_signs_on_the_page() -> None:
    card = SigningCard()
    bench = bench_with(card)
    question, path = asked(bench, Sign(document=document(card)))
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": "0000"})
    assert outcome(bench, question) is None
    assert b"2 attempts left" in bench.get(path).body
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": PIN})
    ended = outcome(bench, question)
    assert ended is not None
    assert ended.token is not None
    assert set(ended.token) == {"signature", "signatureAlgorithm"}
    assert card.signed == [DIGEST]
    assert b"Your card has answered" in bench.get(path).body


@pytest.mark.parametrize("code", sorted(NAMES))
def test_sharing_the_certificate_asks_for_agreement_and_no_pin(code: str) -> None:
    card = SigningCard(tries=0)  # blocked: that is no matter here
    bench = bench_with(card)
    question, path = asked(bench, ShareCertificate(), lang=code)
    page = bench.get(path)
    words = language(code)
    assert words.say("share_hint") in html.unescape(page.body.decode())
    assert b'type="password"' not in page.body
    assert outcome(bench, question) is None
    bench.post(path, {"ticket": ticket(page), "pin": ""})
    ended = outcome(bench, question)
    assert ended is not None
    assert ended.token is not None
    assert base64.b64decode(ended.token["certificate"]) == card.signer
    assert card.presented == []


@pytest.mark.parametrize("code", sorted(NAMES))
def test_a_card_that_cannot_sign_is_told_and_another_may_be_put_in(code: str) -> None:
    bench = bench_with(SigningCard(declined=True))
    able = SigningCard()
    bench.reader.cards_by_name["bo"] = able
    question, path = asked(bench, ShareCertificate(), lang=code)
    page = html.unescape(bench.get(path).body.decode())
    assert language(code).say("sign_no_certificate") in page
    bench.reader.insert("bo")
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": ""})
    ended = outcome(bench, question)
    assert ended is not None
    assert ended.token is not None


def test_another_card_is_told_and_asked_for_no_pin_on_the_page() -> None:
    card = SigningCard()
    bench = bench_with(card)
    wanted = document(card, certificate=SigningCard().signer)
    question, path = asked(bench, Sign(document=wanted))
    page = bench.get(path).body
    assert b"not the card whose certificate you shared" in page
    assert b'type="password"' not in page
    assert outcome(bench, question) is None


def test_a_card_swapped_after_it_was_shown_signs_nothing() -> None:
    card, other = SigningCard(), SigningCard()
    bench = bench_with(card)
    bench.reader.cards_by_name["bo"] = other
    question, path = asked(bench, ShareCertificate())
    page = bench.get(path)
    bench.reader.insert("bo")
    bench.post(path, {"ticket": ticket(page), "pin": ""})
    assert outcome(bench, question) is None


def test_what_no_card_of_the_citizen_can_sign_ends_the_question() -> None:
    card = SigningCard()
    bench = bench_with(card)
    short = document(card, digest=bytes(28), function="SHA3-224")
    question, path = asked(bench, Sign(document=short))
    assert b"This did not work" in bench.get(path).body
    ended = outcome(bench, question)
    assert ended is not None
    assert ended.error is not None
    assert ended.error["code"] == "ERR_WEBEID_NATIVE_INVALID_ARGUMENT"


def test_the_pin_of_a_signature_is_typed_on_a_reader_that_has_keys() -> None:
    card = SigningCard(pad=PIN)
    bench = bench_with(card)
    question, path = asked(bench, Sign(document=document(card)))
    page = bench.get(path)
    assert b'type="password"' not in page.body
    bench.post(path, {"ticket": ticket(page), "pin": ""})
    ended = outcome(bench, question)
    assert ended is not None
    assert ended.token is not None


# --- on a terminal -----------------------------------------------------------------------------


def terminal(card: SigningCard, task: Task, *typed: str) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    answers = list(typed)
    reader = FakeReader(cards_by_name={"an": card}, current="an")
    ended = ask_on_terminal(
        Slots(cast("Any", reader), open_session=lambda one: cast("Any", one)),
        origin=ORIGIN,
        task=task,
        words=language("nl"),
        say=said.append,
        read_secret=lambda _: answers.pop(0),
    )
    return ended, said


def test_the_terminal_shares_only_on_a_plain_yes() -> None:
    card = SigningCard()
    ended, said = terminal(card, ShareCertificate(), "j")
    assert ended.token is not None
    assert any(ORIGIN in line for line in said)
    assert not any("poging" in line for line in said)
    for no in ("", "n", "jazeker misschien"):
        with pytest.raises(UserCancelled):
            terminal(card, ShareCertificate(), no)


def test_the_terminal_shows_the_fingerprint_and_signs() -> None:
    card = SigningCard()
    task = Sign(document=document(card))
    ended, said = terminal(card, task, PIN)
    assert ended.token is not None
    assert any(task.fingerprint() in line for line in said)

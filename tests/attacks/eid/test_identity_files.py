"""EID-28 and its neighbours: files that were changed, mixed, copied or signed by somebody else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from cardreader.beid import tlv
from cardreader.errors import (
    CardCopied,
    DocumentRefused,
    FileSignatureWrong,
    FilesMalformed,
    FilesOfAnother,
    FilesRefused,
    PhotoWrong,
    RegisterUntrusted,
)
from cardreader.sim import profiles
from cardreader.sim.pki import generate_key
from tests.world import holders, identity_files, tokens
from tests.world.deep import PATIENCE, examples
from tests.world.identity_files import CHALLENGE, Named, Read, of_card, verify

if TYPE_CHECKING:
    from cardreader.sim.image import AppletName

pytestmark = PATIENCE

POLICY = "2.16.56.13.6.0.1"


@cache
def good(applet: AppletName = "1.8") -> Read:
    return identity_files.read(holders.soft_card(applet))


@cache
def neighbour() -> Read:
    """Another person's card of the same country, generation and day."""
    other = holders.make_national_number(dt.date(1990, 2, 3), 7)
    return of_card(
        national_number=other, surname="Peeters", address=replace_address(), photo=b"\xff\xd8\xff0"
    )


def replace_address() -> Any:
    from cardreader.sim.personalise import Address

    return Address(street="Kerkstraat 1", zip_code="9000", town="Gent")


def der(issuer: profiles.Issuer) -> bytes:
    return issuer.certificate.public_bytes(Encoding.DER)


# --- whose files ---------------------------------------------------------------------------------


def test_eid_28_the_files_of_another_person_are_refused() -> None:
    with pytest.raises(FilesOfAnother):
        verify(neighbour())


def test_a_foreigners_certificate_does_not_go_with_a_citizens_files() -> None:
    with pytest.raises(FilesOfAnother):
        verify(good(), holder=Named(kind="foreigner"))
    with pytest.raises(FilesOfAnother):
        verify(of_card(document_type=12), holder=Named(kind="citizen"))
    with pytest.raises(FilesOfAnother):
        verify(of_card(document_type=61), holder=Named(kind="citizen"))


def test_files_and_certificate_of_two_generations_do_not_go_together() -> None:
    with pytest.raises(FilesOfAnother):
        verify(good("1.7"), holder=Named(generation="1.8"))
    with pytest.raises(FilesOfAnother):
        verify(good("1.8"), holder=Named(generation="1.7"))


@pytest.mark.parametrize("code", [7, 8])
def test_a_technical_document_is_never_accepted(code: int) -> None:
    for kind in ("citizen", "foreigner"):
        with pytest.raises(DocumentRefused):
            verify(of_card(document_type=code), holder=Named(kind=kind))


def test_a_document_that_ends_before_it_begins_is_refused() -> None:
    odd = of_card(valid_from=dt.date(2027, 6, 15), valid_until=dt.date(2025, 12, 15))
    with pytest.raises(DocumentRefused):
        verify(odd)


def test_a_card_number_with_wrong_check_digits_is_refused_but_for_specimens() -> None:
    number = tlv.encode(0x01, b"591191706459")
    rest = good("1.7").files.identity[len(number) :]
    odd = signed_again("1.7", number + rest)
    with pytest.raises(DocumentRefused):
        verify(odd)
    assert verify(odd, strict_number=False).identity.card_number == "591191706459"


def test_a_foreigners_card_number_of_another_form_is_taken() -> None:
    identity = good("1.7").files.identity
    rest = identity[14:].replace(tlv.encode(0x0F, b"1"), tlv.encode(0x0F, b"11"))
    odd = signed_again("1.7", tlv.encode(0x01, b"B123456789") + rest)
    found = verify(odd, holder=Named(kind="foreigner", generation="1.7"))
    assert found.identity.card_number == "B123456789"


def signed_again(applet: AppletName, identity: bytes) -> Read:
    """Files that the register really signed, whatever they say."""
    from cardreader.sim.personalise import _register_signer

    key = holders.certificates(applet).rrn_key
    sign = _register_signer(key, padded_to=128)
    found = good(applet)
    signature = sign(identity)
    assert found.files.address is not None
    files = replace(
        found.files,
        identity=identity,
        identity_signature=signature,
        address_signature=sign(found.files.address.rstrip(b"\0") + signature),
    )
    return replace(found, files=files)


# --- changed, mixed and copied -------------------------------------------------------------------


def test_an_address_from_another_card_is_refused() -> None:
    other = neighbour().files
    with pytest.raises(FileSignatureWrong):
        verify(good(), address=other.address, address_signature=other.address_signature)


def test_an_address_with_its_signature_over_the_unpadded_identity_signature_is_refused() -> None:
    from cardreader.sim.personalise import _register_signer

    files = good().files
    sign = _register_signer(holders.certificates("1.8").rrn_key, padded_to=128)
    assert files.address is not None
    short = files.identity_signature[: files.identity_signature[1] + 2]
    with pytest.raises(FileSignatureWrong):
        verify(good(), address_signature=sign(files.address.rstrip(b"\0") + short))


def test_an_address_without_a_signature_is_refused() -> None:
    with pytest.raises(FilesMalformed):
        verify(good(), address_signature=None)


def test_a_swapped_photo_is_refused() -> None:
    assert good().files.photo != neighbour().files.photo
    with pytest.raises(PhotoWrong):
        verify(good(), photo=neighbour().files.photo)


def test_a_photo_that_the_register_signed_and_that_is_no_jpeg_is_refused() -> None:
    with pytest.raises(FilesMalformed):
        verify(of_card(photo=b"<svg/>"))


def test_a_copied_data_set_is_refused() -> None:
    found = good()
    assert found.chip is not None
    replayed = replace(found, chip=replace(found.chip, challenge=bytes(48)))
    other = replace(found, chip=neighbour().chip)
    for copy in (replace(found, chip=None), replayed, other):
        with pytest.raises(CardCopied):
            verify(copy)


def test_a_chip_that_brings_a_key_of_its_own_is_refused() -> None:
    other = neighbour()
    with pytest.raises(CardCopied):
        verify(replace(good(), chip=other.chip), card_key=other.files.card_key)
    with pytest.raises(CardCopied):
        verify(good(), card_key=None)


@pytest.mark.parametrize("answer", [b"", bytes(96), b"\xff" * 96, bytes(95)])
def test_no_rubbish_passes_for_the_chips_answer(answer: bytes) -> None:
    chip = identity_files.ChipProof(challenge=CHALLENGE, answer=answer)
    with pytest.raises(CardCopied):
        verify(replace(good(), chip=chip))


@pytest.mark.parametrize(
    "name", ["identity", "identity_signature", "register_certificate", "card_key", "photo"]
)
@pytest.mark.parametrize("content", [b"", bytes(0x8000)], ids=["empty", "huge"])
def test_a_file_of_no_size_or_of_any_size_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(FilesMalformed):
        verify(good(), **{name: content})


# --- signed by somebody else ---------------------------------------------------------------------


STRANGERS = (
    *("another root of the same name", "the policy of another root", "the policy of citizens"),
    *("under a CA", "run out", "not begun", "a holder", "a CA", "the root itself"),
)


@cache
def strangers() -> dict[str, profiles.Issuer]:
    country = tokens.country()
    root, begin = country.issuer("root-new"), tokens.NOW - tokens.YEAR
    key = generate_key("ec-p384")
    own = profiles.root(root.certificate.subject, key, begin, 10)
    return {
        "another root of the same name": profiles.rrn(own, key, POLICY, begin),
        "the policy of another root": profiles.rrn(root, key, "2.16.56.12.1.1.4", begin),
        "the policy of citizens": profiles.rrn(root, key, "2.16.56.13.6.1.1.1000", begin),
        "under a CA": profiles.rrn(country.issuer("citizen-new"), key, POLICY, begin),
        "run out": profiles.rrn(root, key, POLICY, begin - 11 * tokens.YEAR),
        "not begun": profiles.rrn(root, key, POLICY, tokens.NOW + tokens.YEAR),
        "a holder": holder_as_register(),
        "a CA": country.issuer("citizen-new"),
        "the root itself": root,
    }


def holder_as_register() -> profiles.Issuer:
    made = holders.certificates("1.8")
    return profiles.Issuer(key=made.authentication_key, certificate=made.authentication)


@pytest.mark.parametrize("which", STRANGERS)
def test_files_signed_by_anybody_but_the_register_are_refused(which: str) -> None:
    with pytest.raises(RegisterUntrusted):
        verify(good(), register_certificate=der(strangers()[which]))


def test_a_register_under_an_expired_root_is_refused() -> None:
    late = tokens.NOW + 21 * tokens.YEAR
    with pytest.raises(RegisterUntrusted):
        verify(good(), now=late)


def test_the_registers_certificate_with_another_registers_signature_is_refused() -> None:
    country = tokens.country()
    other = profiles.rrn(
        country.issuer("root-new"), generate_key("ec-p384"), POLICY, tokens.NOW - tokens.YEAR
    )
    with pytest.raises(FileSignatureWrong):
        verify(good(), register_certificate=der(other))


def test_nothing_but_zeros_may_follow_the_signature() -> None:
    signature = good().files.identity_signature
    with pytest.raises(FileSignatureWrong):
        verify(good(), identity_signature=signature[:-1] + b"\1")


NAMES = ("identity", "identity_signature", "address", "address_signature", "photo", "card_key")


@settings(deadline=None, max_examples=examples(120))
@given(
    # Mostly files of a card whose register signs with RSA: those are verified in no time.
    applet=st.sampled_from(["1.7", "1.7", "1.7", "1.7", "1.7", "1.8"]),
    name=st.sampled_from((*NAMES, "register_certificate")),
    place=st.integers(0, 5_000),
    length=st.integers(0, 6),
    fresh=st.binary(max_size=8),
)
def test_no_change_of_any_file_gets_through_or_raises_anything_else(
    applet: AppletName, name: str, place: int, length: int, fresh: bytes
) -> None:
    read = good("1.8" if name == "card_key" else applet)  # older chips have no key of their own
    content: bytes = getattr(read.files, name)
    begin = place % len(content)
    bad = content[:begin] + fresh + content[begin + length :]
    if bad.rstrip(b"\0") == content.rstrip(b"\0"):
        bad = b"\1" + content
    with pytest.raises(FilesRefused):
        verify(read, **{name: bad})

"""What a verifier learns from a card's identity files, and on whose word."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from cardreader.beid.register import Holder, UnverifiedFiles
from cardreader.errors import FileSignatureWrong, RegisterUntrusted
from cardreader.server import verify_files
from cardreader.sim import profiles
from tests.world import holders, identity_files, tokens
from tests.world.identity_files import Named, Read, of_card, verify

if TYPE_CHECKING:
    from cardreader.sim.image import AppletName
    from cardreader.trust.anchors import TrustAnchors


@cache
def good(applet: AppletName = "1.8") -> Read:
    return identity_files.read(holders.soft_card(applet))


@pytest.mark.parametrize(
    ("applet", "root", "proven"), [("1.8", "root-new", True), ("1.7", "root-old", False)]
)
def test_the_files_of_both_generations_are_verified(
    applet: AppletName, root: str, *, proven: bool
) -> None:
    found = verify(good(applet))
    who = found.identity
    assert (who.surname, who.given_names, who.sex) == ("Specimen", "Nora Élise", "F")
    assert (who.birth_date.year, who.birth_date.month, who.birth_date.day) == (1985, 7, 30)
    assert who.national_number == holders.NUMBER
    assert who.document_type.holder is Holder.CITIZEN
    assert (who.root, who.chip_proven, who.signature) == (root, proven, "strong")
    assert found.address is not None
    assert (found.address.street, found.address.town) == ("Sint-Jansstraat 7 b 3", "Leuven")
    assert found.photo is not None
    assert found.photo.jpeg == good(applet).files.photo


def test_only_what_was_asked_for_comes_out() -> None:
    found = verify(good(), address=None, address_signature=None, photo=None)
    assert (found.address, found.photo) == (None, None)
    assert found.identity.surname == "Specimen"


def test_what_is_personal_is_in_no_representation() -> None:
    found = verify(good())
    for value in (found, found.identity, found.address, found.photo, good().files, good().chip):
        assert "Specimen" not in repr(value)
        assert holders.NUMBER not in repr(value)
        assert "Leuven" not in repr(value)


def test_verified_values_cannot_be_changed() -> None:
    found = verify(good())
    with pytest.raises(AttributeError):
        found.identity.surname = "Other"  # type: ignore[misc] # on purpose
    assert {field.name for field in fields(found.identity)} & {"raw", "photo_digest"} == set()


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1, "citizen"), (6, "citizen"), (11, "foreigner"), (35, "foreigner"), (69, "foreigner")],
)
def test_each_kind_of_document_goes_with_its_kind_of_certificate(code: int, kind: Any) -> None:
    found = verify(of_card(document_type=code), holder=Named(kind=kind))
    assert found.identity.document_type.code == code


def test_a_document_type_that_is_not_known_yet_is_kept() -> None:
    found = verify(of_card(document_type=45), holder=Named(kind="foreigner"))
    assert found.identity.document_type.holder is Holder.UNKNOWN


def test_a_child_without_certificates_is_read_without_a_holder() -> None:
    found = of_card(document_type=6)
    said = verify_files(
        found.files, anchors=tokens.anchors(), now=tokens.NOW, holder=None, chip=found.chip
    )
    assert said.identity.document_type.holder is Holder.CHILD


@pytest.mark.parametrize(
    ("moment", "in_force"),
    [
        (dt.datetime(2027, 6, 15, 23, 59, tzinfo=dt.UTC), True),
        (dt.datetime(2027, 6, 16, 0, 0, tzinfo=dt.UTC), False),
        (dt.datetime(2025, 12, 14, 22, 0, tzinfo=dt.UTC), True),
        (dt.datetime(2025, 12, 14, 21, 59, tzinfo=dt.UTC), False),
    ],
)
def test_the_document_is_good_on_its_first_and_last_day_in_brussels(
    moment: dt.datetime, *, in_force: bool
) -> None:
    from cardreader.errors import DocumentExpired, DocumentNotYetValid

    if in_force:
        assert verify(good(), now=moment).identity.verified_at == moment
    else:
        with pytest.raises((DocumentExpired, DocumentNotYetValid)):
            verify(good(), now=moment)


# --- what the register signed with until 2020 ----------------------------------------------------


def old_register(size: int, digest: hashes.HashAlgorithm) -> UnverifiedFiles:
    """The files of a 1.7 card as a register with this key and digest signs them."""
    country = tokens.country()
    key = rsa.generate_private_key(public_exponent=65537, key_size=size)
    made = profiles.rrn(
        country.issuer("root-old"), key, "2.16.56.12.1.1.4", tokens.NOW - tokens.YEAR
    )
    files = good("1.7").files
    scheme = padding.PKCS1v15()
    identity_signature = key.sign(files.identity, scheme, digest)
    assert files.address is not None
    covered = files.address.rstrip(b"\0") + identity_signature
    return replace(
        files,
        register_certificate=made.certificate.public_bytes(Encoding.DER),
        identity_signature=identity_signature,
        address_signature=key.sign(covered, scheme, digest),
    )


def allowing_weak() -> TrustAnchors:
    trusted = tokens.anchors()
    return replace(
        trusted, roots=tuple(replace(root, weak_register=True) for root in trusted.roots)
    )


def weakly(files: UnverifiedFiles, anchors: TrustAnchors) -> str:
    return verify_files(
        files, anchors=anchors, now=tokens.NOW, holder=Named(generation="1.7"), chip=None
    ).identity.signature


@pytest.mark.parametrize(
    ("size", "digest", "strength"),
    [
        (2048, hashes.SHA256(), "strong"),
        (2048, hashes.SHA1(), "weak"),
        (1024, hashes.SHA256(), "weak"),
        (1024, hashes.SHA1(), "weak"),
    ],
)
def test_a_weak_signature_of_the_register_counts_only_where_its_root_says_so(
    size: int, digest: hashes.HashAlgorithm, strength: str
) -> None:
    files = old_register(size, digest)
    assert weakly(files, allowing_weak()) == strength
    if strength == "weak":
        with pytest.raises(FileSignatureWrong):
            weakly(files, tokens.anchors())


def test_a_root_without_a_register_policy_stands_behind_no_file() -> None:
    trusted = tokens.anchors()
    silent = replace(
        trusted, roots=tuple(replace(root, register=frozenset()) for root in trusted.roots)
    )
    with pytest.raises(RegisterUntrusted):
        verify(good(), anchors=silent)

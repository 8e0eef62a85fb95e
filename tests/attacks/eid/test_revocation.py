"""EID-20 to EID-26, EID-40: a responder that lies, is away, is old; and a list in its place."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given, settings
from hypothesis import strategies as st

from cardreader.errors import (
    CertificateRevoked,
    CertificateUnknown,
    RevocationUnavailable,
    TokenRefused,
)
from cardreader.sim import profiles
from cardreader.sim.pki import OcspLies
from cardreader.trust.case import Case
from cardreader.trust.ports import FetchAnswer, FetchFailed
from cardreader.trust.revocation import RevocationCheck, RevocationLimits
from tests.world import tokens
from tests.world.deep import PATIENCE, examples
from tests.world.tokens import NOW, YEAR, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.server import VerifiedCard
    from cardreader.sim.register import Revocation
    from cardreader.trust.ports import FetchRequest

pytestmark = PATIENCE

MINUTE = dt.timedelta(minutes=1)
OCSP = "http://127.0.0.1:8405/ocsp/citizen-new"
CRL = "http://127.0.0.1:8405/crl/citizen-new"


def fresh_card() -> tokens.CardCertificates:
    return tokens.country().issue(tokens.request())


def login(provider: Provider, made: tokens.CardCertificates, **other: Any) -> VerifiedCard:
    return provider.login(made.authentication, made.authentication_key, **other)


@pytest.mark.parametrize(
    "lies",
    [
        OcspLies(signer="wrong-key"),
        OcspLies(signer="no-eku"),
        OcspLies(signer="expired"),
        OcspLies(signer="other-ca"),
        OcspLies(signer="unrelated"),
        OcspLies(other_serial=4711),
        OcspLies(nonce="absent"),
        OcspLies(nonce="other"),
        OcspLies(moved=dt.timedelta(minutes=2)),
        OcspLies(moved=-dt.timedelta(minutes=17)),
        OcspLies(moved=-dt.timedelta(minutes=17), next_update=False),
        OcspLies(moved=-dt.timedelta(days=1)),
    ],
    ids=repr,
)
def test_eid_20_22_23_a_lying_answer_is_refused_and_no_list_is_asked_instead(
    lies: OcspLies,
) -> None:
    provider = Provider()
    provider.world.lies = lies
    with pytest.raises(RevocationUnavailable):
        provider.card()
    assert provider.world.calls == [OCSP]


@pytest.mark.parametrize("moved", [MINUTE, -16 * MINUTE])
def test_eid_22_clocks_may_differ_by_the_configured_skew(moved: dt.timedelta) -> None:
    provider = Provider()
    provider.world.lies = OcspLies(moved=moved)
    assert provider.card().checked.this_update == NOW + moved


def test_a_responder_without_nonce_may_answer_from_stock_for_a_day_but_not_past_its_end() -> None:
    provider = Provider()
    provider.world.lies = OcspLies(moved=-dt.timedelta(hours=11))
    assert provider.card("citizen-old", "rsa-2048").issuer == "citizen-old"
    other = Provider()
    other.world.lies = OcspLies(moved=-dt.timedelta(hours=13))
    with pytest.raises(RevocationUnavailable):
        other.card("citizen-old", "rsa-2048")


@pytest.mark.parametrize("suspended", [True, False])
def test_a_revoked_and_a_suspended_card_are_refused_by_ocsp_and_by_list(*, suspended: bool) -> None:
    made = fresh_card()
    tokens.country().revoke(made.authentication.serial_number, at=NOW, suspended=suspended)
    for down in (False, True):
        provider = Provider()
        provider.world.ocsp_down = down
        with pytest.raises(CertificateRevoked):
            login(provider, made)
        assert provider.world.calls == ([OCSP, CRL] if down else [OCSP])


def test_a_suspended_card_works_again_once_it_is_activated() -> None:
    made = fresh_card()
    serial = made.authentication.serial_number
    tokens.country().revoke(serial, at=NOW, suspended=True)
    tokens.country().reinstate(serial)
    assert login(Provider(), made).surname == "Specimen"


def test_a_card_that_the_issuer_does_not_know_is_refused_by_its_own_name() -> None:
    made = tokens.spoiled(lambda builder: builder, known=False)
    provider = Provider()
    with pytest.raises(CertificateUnknown):
        provider.login(made.certificate, made.key)
    assert provider.world.calls == [OCSP]


@pytest.mark.parametrize("refuse", ["try-later", "internal-error"])
def test_a_busy_responder_leads_to_the_list(refuse: Any) -> None:
    provider = Provider()
    provider.world.lies = OcspLies(refuse=refuse)
    assert provider.card().checked.method == "crl"
    assert provider.world.calls == [OCSP, CRL]


@pytest.mark.parametrize(
    ("status", "media_type"),
    [
        (500, "application/ocsp-response"),
        (503, "text/html"),
        (200, "text/html"),
        (302, "application/ocsp-response"),
        (200, ""),
    ],
)
def test_f_o01_what_is_no_answer_leads_to_the_list_and_without_one_to_refusal(
    status: int, media_type: str
) -> None:
    for crl_down in (False, True):
        provider = Provider()
        provider.world.crl_down = crl_down
        provider.world.framed = (status, media_type)
        if crl_down:
            with pytest.raises(RevocationUnavailable):
                provider.card()
        else:
            assert provider.card().checked.method == "crl"


def test_f_o01_a_login_never_waits_longer_than_five_seconds_in_all() -> None:
    limits = RevocationLimits()
    assert limits.place_seconds + limits.ocsp_seconds + limits.crl_seconds <= 5
    provider = Provider()
    provider.world.ocsp_down = True
    asked: list[float] = []
    provider.world.heard = lambda request: asked.append(request.seconds)
    provider.card()
    assert asked == [limits.ocsp_seconds, limits.crl_seconds]


def test_when_neither_responder_nor_list_answers_nobody_gets_in() -> None:
    provider = Provider()
    provider.world.ocsp_down = provider.world.crl_down = True
    with pytest.raises(RevocationUnavailable):
        provider.card()
    assert provider.world.calls == [OCSP, CRL]


def bad_lists() -> Iterator[bytes]:
    issuer = tokens.country().issuer("citizen-new")
    other = tokens.country().issuer("foreigner-new")
    day = dt.timedelta(days=1)
    none: dict[int, Revocation] = {}
    yield profiles.revocation_list(issuer, none, at=NOW - 2 * day, until=NOW - day)
    yield profiles.revocation_list(issuer, none, at=NOW + day, until=NOW + 2 * day)
    yield profiles.revocation_list(other, none, at=NOW, until=NOW + day)
    forged = profiles.Issuer(key=other.key, certificate=issuer.certificate)
    yield profiles.revocation_list(forged, none, at=NOW, until=NOW + day)
    yield b""
    yield b"rubbish"
    delta = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + day)
        .add_extension(x509.DeltaCRLIndicator(1), critical=True)
        .sign(issuer.key, profiles.digest_for(issuer.key))
    )
    yield delta.public_bytes(profiles.serialization.Encoding.DER)


@pytest.mark.parametrize("number", range(7))
def test_a_list_that_is_old_partial_or_anothers_is_refused(number: Any) -> None:
    provider = Provider()
    provider.world.ocsp_down = True
    body = list(bad_lists())[number]
    provider.world.swap_crl = lambda _: body
    with pytest.raises(RevocationUnavailable):
        provider.card()


def test_eid_26_an_address_in_the_certificate_is_never_followed() -> None:
    where = x509.UniformResourceIdentifier("http://169.254.169.254/ocsp")
    access = x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)]
    )
    points = x509.CRLDistributionPoints([x509.DistributionPoint([where], None, None, None)])
    for drop, extension in (
        (x509.AuthorityInformationAccess, access),
        (x509.CRLDistributionPoints, points),
    ):
        made = tokens.spoiled(
            lambda builder, extension=extension: builder.add_extension(extension, critical=False),
            drop=drop,
        )
        provider = Provider()
        assert provider.login(made.certificate, made.key).surname == "Specimen"
        assert set(provider.world.calls) <= {OCSP, CRL}


def test_a_bad_signature_makes_us_call_nobody() -> None:
    provider = Provider()
    with pytest.raises(TokenRefused):
        provider.card(change=lambda token: token.update(signature="AAAA" * 32))
    assert provider.world.calls == []


def test_eid_40_a_good_answer_is_reused_for_five_minutes_and_no_longer() -> None:
    made, provider = fresh_card(), Provider()
    login(provider, made)
    tokens.country().revoke(made.authentication.serial_number, at=NOW + MINUTE)
    provider.world.now = NOW + 5 * MINUTE
    assert login(provider, made).checked.asked_at == NOW
    assert len(provider.world.calls) == 1
    provider.world.now = NOW + 5 * MINUTE + dt.timedelta(seconds=1)
    with pytest.raises(CertificateRevoked):
        login(provider, made)


def test_eid_40_a_client_with_live_check_reuses_nothing_and_its_refusal_ends_the_reuse() -> None:
    made, provider = fresh_card(), Provider()
    login(provider, made)
    tokens.country().revoke(made.authentication.serial_number, at=NOW)
    with pytest.raises(CertificateRevoked):
        login(provider, made, live_check=True)
    with pytest.raises(CertificateRevoked):
        login(provider, made)


def test_eid_40_a_list_is_fetched_again_after_five_minutes_and_at_once_for_live_check() -> None:
    made, other, provider = fresh_card(), fresh_card(), Provider()
    provider.world.ocsp_down = True
    login(provider, made)
    login(provider, other)
    assert provider.world.calls.count(CRL) == 1
    tokens.country().revoke(other.authentication.serial_number, at=NOW)
    with pytest.raises(CertificateRevoked):
        login(provider, other, live_check=True)
    provider.world.now = NOW + 6 * MINUTE
    login(provider, made)
    assert provider.world.calls.count(CRL) == 3


def test_a_clock_that_went_back_reuses_nothing() -> None:
    made, provider = fresh_card(), Provider()
    login(provider, made)
    provider.world.now = NOW - MINUTE
    login(provider, made)
    assert len(provider.world.calls) == 2


def test_the_answer_of_one_card_is_not_reused_for_another() -> None:
    made, other, provider = fresh_card(), fresh_card(), Provider()
    tokens.country().revoke(other.authentication.serial_number, at=NOW)
    login(provider, made)
    with pytest.raises(CertificateRevoked):
        login(provider, other)


def test_a_ca_whose_responder_has_no_address_is_judged_by_its_list() -> None:
    trusted = tokens.anchors()
    cas = tuple(replace(ca, ocsp=()) for ca in trusted.cas)
    provider = Provider(trusted=replace(trusted, cas=cas))
    assert provider.card().checked.method == "crl"
    assert provider.world.calls == [CRL]


class _Repeating(tokens.InMemoryWorld):
    """Has one answer made, and gives that again; RSA keys, which are verified in no time."""

    good = b""

    def __call__(self, request: FetchRequest) -> FetchAnswer:
        if not self.good:
            answer = super().__call__(request)
            self.good = answer.body
            return answer
        if "/ocsp/" not in request.url:
            raise FetchFailed("down")
        assert self.swap_ocsp is not None
        body = self.swap_ocsp(self.good)
        return FetchAnswer(status=200, media_type="application/ocsp-response", body=body)


@cache
def asking() -> tuple[RevocationCheck, Case, bytes, _Repeating]:
    """The step of the pipeline, a case of a good card that has come so far, and a good answer."""
    world = _Repeating()
    check = RevocationCheck(world, entropy=bytes)
    trusted = tokens.anchors()
    case = Case(
        text="",
        origin="",
        nonce="",
        now=NOW,
        anchors=trusted,
        live_check=True,
        strict_number=True,
        found_certificate=tokens.card("citizen-old", "rsa-2048").authentication,
        found_issuer=next(ca for ca in trusted.cas if ca.label == "citizen-old"),
    )
    check.not_revoked(case)
    assert case.evidence.method == "ocsp"
    return check, case, world.good, world


@settings(deadline=None, max_examples=examples(100))
@given(place=st.integers(0, 5_000), length=st.integers(0, 8), fresh=st.binary(max_size=12))
def test_no_answer_of_a_responder_raises_anything_but_a_refusal(
    place: int, length: int, fresh: bytes
) -> None:
    check, case, good, world = asking()
    begin = place % len(good)
    bad = good[:begin] + fresh + good[begin + length :]
    world.swap_ocsp = lambda _: b"\0" + bad if bad == good else bad
    with pytest.raises(TokenRefused):
        check.not_revoked(case)


def test_the_life_of_the_cards_of_these_tests_covers_the_moves_of_the_clock() -> None:
    assert tokens.card().authentication.not_valid_after_utc > NOW + YEAR / 2

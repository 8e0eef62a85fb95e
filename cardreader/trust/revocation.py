"""Was the certificate revoked? OCSP of the issuing CA, then its list; never a shrug.

Only configured addresses are called. A verified good answer is reused for at most five minutes; a
responder that is away or busy leads to the list; an answer that lies leads nowhere but refusal.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from cardreader.errors import CardError, CertificateRevoked, RevocationUnavailable
from cardreader.trust import crl
from cardreader.trust.breaker import Breaker
from cardreader.trust.flights import Flights
from cardreader.trust.ocsp import OcspJudge, ResponderBusy, make_request
from cardreader.trust.ports import FetchFailed, FetchRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.trust.anchors import TrustedCa
    from cardreader.trust.case import Case, Evidence
    from cardreader.trust.ports import Fetch, Sink

_OK: Final = 200
_OCSP_LIMIT: Final = 64 * 1024
_NONCE_BYTES: Final = 32
_HELD: Final = 256 * 1024
"""Bytes of a list that are held while it comes; what is beyond goes to a file without a name."""

_Key = tuple[bytes, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class RevocationLimits:
    """How long and how much. A login waits for the sum of the three at most.

    Attributes:
        place_seconds: how long a login waits for one of the few places; not at all while a question
            has been under way for longer.
        reuse: how long a verified answer or list is used again (settled: at most 5 min).
        kept: how many verified answers are remembered.
        calls: how many logins may be asking or waiting; more are refused, so that a black
            hole at the responder cannot hold every worker thread.
        crl_limit: largest list taken, in bytes.
    """

    place_seconds: float = 0.5
    ocsp_seconds: float = 2.25
    crl_seconds: float = 2.25
    reuse: dt.timedelta = field(default=dt.timedelta(minutes=5))
    kept: int = 10_000
    calls: int = 16
    crl_limit: int = 32 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse a reuse beyond five minutes: what is revoked must stop working."""
        if self.reuse > dt.timedelta(minutes=5):
            raise ValueError("a verified answer may be reused for five minutes at most")


class RevocationCheck:
    """The pipeline's revocation step; one is shared by a process and is safe in threads."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        entropy: Callable[[int], bytes],
        limits: RevocationLimits | None = None,
    ) -> None:
        self._fetch = fetch
        self._entropy = entropy
        self._limits = limits or RevocationLimits()
        self._judge = OcspJudge()
        self._lock = threading.Lock()
        self._answers: OrderedDict[_Key, Evidence] = OrderedDict()
        self._lists: dict[bytes, crl.VerifiedList] = {}
        total = self._limits.ocsp_seconds + self._limits.crl_seconds
        self._questions: Flights[_Key, Evidence] = Flights(patience=total)
        self._fetching: Flights[bytes, crl.VerifiedList] = Flights(patience=total)
        self._reading = threading.Lock()
        self._under_way: dict[object, dt.datetime] = {}
        self._places = threading.BoundedSemaphore(self._limits.calls)
        self._breaker = Breaker()

    def not_revoked(self, case: Case) -> None:
        """The issuing CA says, within the limits of age, that the certificate is good.

        Raises:
            CertificateRevoked: revoked or suspended.
            CertificateUnknown: the responder does not know it.
            RevocationUnavailable: nobody gave an answer that we may believe.
        """
        key = _key(case)
        if case.live_check:
            # Not even an answer under way is shared: it may have been given a moment ago.
            case.found_evidence = self._within_bounds(lambda: self._ask(case), case.now)
            return
        evidence = self._kept(key, case.now)
        if evidence is None:
            ask = partial(self._questions.ask, key, lambda: self._ask(case))
            evidence = self._within_bounds(ask, case.now)
        case.found_evidence = evidence

    # --- reuse ----------------------------------------------------------------------------------

    def _kept(self, key: _Key, now: dt.datetime) -> Evidence | None:
        with self._lock:
            evidence = self._answers.get(key)
            if evidence is None:
                return None
            if not dt.timedelta() <= now - evidence.asked_at <= self._limits.reuse:
                del self._answers[key]
                return None
            self._answers.move_to_end(key)
            return evidence

    def _remember(self, key: _Key, evidence: Evidence) -> Evidence:
        with self._lock:
            self._answers[key] = evidence
            self._answers.move_to_end(key)
            while len(self._answers) > self._limits.kept:
                self._answers.popitem(last=False)
        return evidence

    def _forget(self, key: _Key) -> None:
        with self._lock:
            self._answers.pop(key, None)

    # --- the bulkhead ---------------------------------------------------------------------------

    def _within_bounds(self, ask: Callable[[], Evidence], now: dt.datetime) -> Evidence:
        """Ask, or wait for another who asks the same: either takes one of the few places."""
        with self._lock:
            oldest = min(self._under_way.values(), default=now)
        # Where questions take longer than anybody waits for a place, waiting only costs a thread.
        stuck = (now - oldest).total_seconds() > self._limits.place_seconds
        if not self._places.acquire(timeout=0 if stuck else self._limits.place_seconds):
            raise RevocationUnavailable("too many questions under way")
        mark = object()
        with self._lock:
            self._under_way[mark] = now
        try:
            return ask()
        finally:
            with self._lock:
                del self._under_way[mark]
            self._places.release()

    # --- asking ---------------------------------------------------------------------------------

    def _ask(self, case: Case) -> Evidence:
        key = _key(case)
        try:
            evidence = self._by_ocsp(case) or self._by_list(case)
        except CardError:
            # Whatever was good a minute ago is not repeated after a refusal.
            self._forget(key)
            raise
        return self._remember(key, evidence)

    def _by_ocsp(self, case: Case) -> Evidence | None:
        """The responder's word, or None when it is away or busy and the list must be asked."""
        ca = case.issuer
        url = _responder(case.certificate, ca)
        if url is None:
            return None
        nonce = self._entropy(_NONCE_BYTES) if ca.nonce else b""
        request = make_request(case.certificate, ca.certificate, nonce)
        asked = FetchRequest(
            method="POST",
            url=url,
            body=request,
            content_type="application/ocsp-request",
            accept="application/ocsp-response",
            seconds=self._limits.ocsp_seconds,
            limit=_OCSP_LIMIT,
        )
        body = self._answer(asked, case.now)
        if body is None:
            return None
        try:
            return self._judge.judge(body, request=request, ca=ca, now=case.now)
        except ResponderBusy:
            return None

    def _answer(self, request: FetchRequest, now: dt.datetime) -> bytes | None:
        """What the responder says, or None when it does not answer or is resting."""
        if not self._breaker.admits(request.url, now):
            return None
        try:
            answer = self._fetch(request)
        except FetchFailed:
            self._breaker.failed(request.url, now)
            return None
        if answer.status != _OK or answer.media_type != request.accept:
            self._breaker.failed(request.url, now)
            return None
        self._breaker.answered(request.url)
        return answer.body

    def _by_list(self, case: Case) -> Evidence:
        ca = case.issuer
        with self._lock:
            found = self._lists.get(ca.fingerprint)
        if found is None or case.live_check or not self._fresh(found, ca, case.now):
            fetch = partial(self._fetch_list, ca, case.now)
            # For a live check not even a list under way will do: it may have begun too early.
            found = fetch() if case.live_check else self._fetching.ask(ca.fingerprint, fetch)
        if found.names(case.certificate.serial_number):
            raise CertificateRevoked
        return found.evidence

    def _fresh(self, found: crl.VerifiedList, ca: TrustedCa, now: dt.datetime) -> bool:
        age = now - found.evidence.asked_at
        return dt.timedelta() <= age <= self._limits.reuse and found.running(ca, now)

    def _fetch_list(self, ca: TrustedCa, now: dt.datetime) -> crl.VerifiedList:
        if not ca.crl:
            raise RevocationUnavailable("no responder answered and there is no list")
        try:
            with SpooledTemporaryFile(max_size=_HELD) as came:
                self._fetch_into(came, ca.crl[0], now)
                found = self._read_list(came, ca, now)
        except OSError:
            raise RevocationUnavailable("no room for the list") from None
        with self._lock:
            self._lists[ca.fingerprint] = found
        return found

    def _fetch_into(self, sink: Sink, url: str, now: dt.datetime) -> None:
        if not self._breaker.admits(url, now):
            raise RevocationUnavailable("neither responder nor list answered lately")
        try:
            answer = self._fetch(
                FetchRequest(
                    method="GET",
                    url=url,
                    accept="application/pkix-crl",
                    seconds=self._limits.crl_seconds,
                    limit=self._limits.crl_limit,
                    into=sink,
                )
            )
        except FetchFailed:
            self._breaker.failed(url, now)
            raise RevocationUnavailable("neither responder nor list answered") from None
        if answer.status != _OK:
            self._breaker.failed(url, now)
            raise RevocationUnavailable("the list is not there")
        self._breaker.answered(url)

    def _read_list(self, came: IO[bytes], ca: TrustedCa, now: dt.datetime) -> crl.VerifiedList:
        """Turn a list into its table: one at a time, for only then is a whole list in memory."""
        if not self._reading.acquire(timeout=self._limits.crl_seconds):
            raise RevocationUnavailable("other lists are being read")
        try:
            came.seek(0)
            return crl.verify(came.read(), ca=ca, now=now)
        finally:
            self._reading.release()


def still_fresh(case: Case) -> None:
    """The answer, perhaps a reused one, has not run out at this very moment.

    Raises:
        RevocationUnavailable: it has.
    """
    evidence, ca = case.evidence, case.issuer
    oldest = case.now - ca.max_age - ca.skew
    if evidence.method == "ocsp" and evidence.this_update < oldest:
        raise RevocationUnavailable("the answer is too old")
    if evidence.next_update is not None and case.now > evidence.next_update + ca.skew:
        raise RevocationUnavailable("the answer has run out")


def _key(case: Case) -> _Key:
    # Not the fingerprint: a holder can bend an ECDSA signature of the issuer into a second valid
    # one, but neither the issuer nor the serial number.
    return case.issuer.fingerprint, case.certificate.serial_number


def _responder(certificate: x509.Certificate, ca: TrustedCa) -> str | None:
    """The configured address to ask; an address in the certificate only chooses among them."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return ca.ocsp[0] if ca.ocsp else None
    named = [
        row.access_location.value
        for row in access.value
        if row.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(row.access_location, x509.UniformResourceIdentifier)
    ]
    if not named:
        return ca.ocsp[0] if ca.ocsp else None
    return next((url for url in named if url in ca.ocsp), None)

"""The OpenID Connect client: begin a sign-in, finish it, refresh it, end it.

Discovery, pushed authorization requests (RFC 9126) with ``private_key_jwt``, code flow with PKCE
(RFC 7636, S256), and ``iss`` in the answer (RFC 9207).
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from joserfc import jwt

from tests.world.relying_party import wire
from tests.world.relying_party.id_token import Expected, TokenRefused, validate
from tests.world.relying_party.logout_token import LoggedOut, LogoutTokens
from tests.world.relying_party.registration import ALGORITHM
from tests.world.relying_party.services import MUNICIPALITY, Service

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from joserfc.jwk import ECKey

HIGH: Final = "http://eidas.europa.eu/NotNotified/LoA/high"
SUBSTANTIAL: Final = "http://eidas.europa.eu/NotNotified/LoA/substantial"
USUAL: Final = (HIGH, SUBSTANTIAL)
"""What a first sign-in is content with, in the order of its wishes; a step-up is with the first."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SECRET_BYTES: Final = 32
_METADATA_LIFE: Final = 300
_ENDPOINTS: Final = (
    "authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)


class SignInFailed(Exception):
    """It did not work out. ``reason`` names the words that the citizen reads; the rest is ours."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A sign-in that has begun; kept for the browser that began it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    begun_at: int
    again: str | None = field(default=None, repr=False)
    """The subject that must come back from a step-up; None for a first sign-in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A citizen who is signed in: what the provider said, and the tokens."""

    claims: Mapping[str, Any] = field(repr=False)
    about: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    refreshed_at: int | None = None

    @property
    def subject(self) -> str:
        """The pairwise name by which we know the person."""
        return str(self.claims["sub"])


class Provider:
    """What this e-service knows of its provider, and the five things it does with it."""

    def __init__(
        self,
        issuer: str,
        address: str,
        key: ECKey,
        *,
        now: Callable[[], dt.datetime],
        entropy: Callable[[int], bytes],
        acr: tuple[str, ...] = (HIGH,),
        service: Service = MUNICIPALITY,
    ) -> None:
        self.issuer = issuer
        self._service = service
        self._address = address
        self._key = key
        self._now = now
        self._entropy = entropy
        self._acr = acr
        self._kept: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self._logouts = LogoutTokens(
            issuer=issuer, client_id=service.client_id, algorithm=ALGORITHM
        )

    def begin(self, language: str, *, again: str | None = None) -> tuple[Pending, str]:
        """Push a request; gives what to remember and where to send the browser.

        Args:
            language: the citizen's, for the provider's pages.
            again: for a step-up, the subject who is here now: the card is asked afresh.

        Raises:
            SignInFailed: the provider cannot be reached, or refuses.
        """
        pending = Pending(
            state=self._secret(),
            nonce=self._secret(),
            verifier=self._secret(),
            begun_at=self._seconds(),
            again=again,
        )
        asked = {
            "response_type": "code",
            "client_id": self._service.client_id,
            "redirect_uri": f"{self._address}/callback",
            "scope": " ".join(self._service.scopes),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": _encoded(sha256(pending.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        if self._service.essential:
            wanted = {name: {"essential": True} for name in self._service.essential}
            asked["claims"] = json.dumps({"userinfo": wanted})
        if self._acr:
            asked["acr_values"] = " ".join(self._acr if again is None else self._acr[:1])
        if again is not None:
            asked |= {"prompt": "login", "max_age": "0"}
        answer = self._call("pushed_authorization_request_endpoint", asked, wanted=201)
        request_uri = str(answer.get("request_uri", ""))
        query = urlencode({"client_id": self._service.client_id, "request_uri": request_uri})
        return pending, f"{self._metadata()['authorization_endpoint']}?{query}"

    def finish(self, pending: Pending, answer: Mapping[str, str]) -> SignedIn:
        """Take the provider's answer, as it stands in the callback's address.

        Raises:
            SignInFailed: it is an error, not the answer to this request, or not true.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise SignInFailed("stale", "state")
        if answer.get("iss") != self.issuer:
            raise SignInFailed("strange", "iss")
        if "error" in answer:
            raise SignInFailed(_REASONS.get(answer["error"], "refused"), answer["error"][:40])
        tokens = self._call(
            "token_endpoint",
            {
                "grant_type": "authorization_code",
                "code": answer.get("code", ""),
                "redirect_uri": f"{self._address}/callback",
                "code_verifier": pending.verifier,
            },
        )
        stepped_up = pending.again is not None
        return self._signed_in(
            tokens,
            nonce=pending.nonce,
            subject=pending.again,
            signed_in_since=pending.begun_at if stepped_up else None,
        )

    def refresh(self, present: SignedIn) -> SignedIn:
        """Get fresh tokens without the citizen.

        Raises:
            SignInFailed: ``ended`` where the provider gives none any more.
        """
        if present.refresh_token is None:
            raise SignInFailed("ended", "no refresh token")
        tokens = self._call(
            "token_endpoint",
            {"grant_type": "refresh_token", "refresh_token": present.refresh_token},
            refused="ended",
        )
        return self._signed_in(
            {"id_token": present.id_token, "refresh_token": present.refresh_token, **tokens},
            nonce=None,
            subject=present.subject,
            signed_in_since=None,
            former=None if "id_token" in tokens else present.claims,
        )

    def sign_out_address(self, present: SignedIn, state: str, language: str) -> str:
        """Where to send a browser that signs out (RP-Initiated Logout section 2)."""
        query = urlencode(
            {
                "id_token_hint": present.id_token,
                "client_id": self._service.client_id,
                "post_logout_redirect_uri": f"{self._address}/signed-out",
                "state": state,
                "ui_locales": language,
            }
        )
        return f"{self._metadata()['end_session_endpoint']}?{query}"

    def logged_out(self, logout_token: str) -> LoggedOut:
        """Read what the provider says of a logout (Back-Channel Logout section 2.5).

        Raises:
            SignInFailed: it is not true, or not for us.
        """
        try:
            return self._logouts.read(logout_token, now=self._seconds(), keys=self._keys)
        except TokenRefused as error:
            raise SignInFailed("strange", str(error)) from error

    # --- inside ---------------------------------------------------------------------------------

    def _signed_in(
        self,
        tokens: Mapping[str, Any],
        *,
        nonce: str | None,
        subject: str | None,
        signed_in_since: int | None,
        former: Mapping[str, Any] | None = None,
    ) -> SignedIn:
        access_token = str(tokens.get("access_token", ""))
        if str(tokens.get("token_type", "")).lower() != "bearer" or not access_token:
            raise SignInFailed("strange", "token type")
        expected = Expected(
            issuer=self.issuer,
            client_id=self._service.client_id,
            algorithm=ALGORITHM,
            nonce=nonce,
            access_token=access_token,
            now=self._seconds(),
            subject=subject,
            signed_in_since=signed_in_since,
            acr=frozenset(self._acr if signed_in_since is None else self._acr[:1]),
        )
        try:
            claims = former or validate(str(tokens.get("id_token", "")), expected, self._keys)
        except TokenRefused as error:
            raise SignInFailed(_TOKEN_REASONS.get(str(error), "strange"), str(error)) from error
        about = self._about(access_token, str(claims["sub"]))
        refresh_token = tokens.get("refresh_token")
        return SignedIn(
            claims=claims,
            about=about,
            id_token=str(tokens["id_token"]),
            access_token=access_token,
            refresh_token=None if refresh_token is None else str(refresh_token),
            refreshed_at=self._seconds() if nonce is None else None,
        )

    def _about(self, access_token: str, subject: str) -> Mapping[str, Any]:
        try:
            reply = wire.get(self._metadata()["userinfo_endpoint"], bearer=access_token)
        except wire.Unreachable as error:
            raise SignInFailed("unreachable", "userinfo") from error
        # Without this check another person's answer could be slipped in (Core section 5.3.2).
        if reply.status != 200 or reply.content.get("sub") != subject:
            raise SignInFailed("strange", f"userinfo {reply.status}")
        return reply.content

    def _call(
        self, endpoint: str, form: Mapping[str, str], *, wanted: int = 200, refused: str = "refused"
    ) -> Mapping[str, Any]:
        signed = {"client_assertion_type": ASSERTION, "client_assertion": self._assertion()}
        try:
            reply = wire.post(
                self._metadata()[endpoint], {**form, "client_id": self._service.client_id, **signed}
            )
        except wire.Unreachable as error:
            raise SignInFailed("unreachable", endpoint) from error
        if reply.status == wanted:
            return reply.content
        raise SignInFailed(
            "busy" if reply.status >= 500 else refused,
            f"{endpoint} {reply.status} {reply.content.get('error')}",
        )

    def _assertion(self) -> str:
        """A signed statement of who we are, for the provider alone (OpenID Connect Core 9)."""
        now = self._seconds()
        return jwt.encode(
            {"alg": ALGORITHM, "kid": self._key.kid, "typ": "JWT"},
            {
                "iss": self._service.client_id,
                "sub": self._service.client_id,
                "aud": self.issuer,
                "jti": self._secret(),
                "iat": now,
                "exp": now + 60,
            },
            self._key,
        )

    def _metadata(self) -> Mapping[str, Any]:
        found = self._fetched(f"{self.issuer}/.well-known/openid-configuration", fresh=False)
        if found.get("issuer") != self.issuer:
            raise SignInFailed("strange", "discovery")
        try:
            return {name: wire.safe(str(found[name])) for name in _ENDPOINTS}
        except (KeyError, ValueError) as error:
            raise SignInFailed("strange", f"discovery: {error}") from error

    def _keys(self, *, fresh: bool) -> Mapping[str, Any]:
        return self._fetched(self._metadata()["jwks_uri"], fresh=fresh)

    def _fetched(self, url: str, *, fresh: bool) -> Mapping[str, Any]:
        since, content = self._kept.get(url, (0, {}))
        if content and not fresh and self._seconds() - since < _METADATA_LIFE:
            return content
        try:
            reply = wire.get(url)
        except wire.Unreachable as error:
            raise SignInFailed("unreachable", url) from error
        if reply.status != 200:
            raise SignInFailed("busy", f"{url} {reply.status}")
        self._kept[url] = (self._seconds(), reply.content)
        return reply.content

    def _seconds(self) -> int:
        return int(self._now().timestamp())

    def _secret(self) -> str:
        return _encoded(self._entropy(_SECRET_BYTES))


_REASONS: Final = {
    "access_denied": "cancelled",
    "login_required": "ended",
    "interaction_required": "ended",
    "server_error": "busy",
    "temporarily_unavailable": "busy",
    "unmet_authentication_requirements": "weak",
}
_TOKEN_REASONS: Final = {"sub": "other-person", "acr": "weak", "auth_time": "weak"}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")

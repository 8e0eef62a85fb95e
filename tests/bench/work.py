"""The work that both systems do, step by step, every answer checked by whoever asked.

A worker is one keep-alive connection. A login starts with a fresh cookie jar, so both sides open a
new session; the consent was given before and is remembered on both sides.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT: Final = "bench"
CALLBACK: Final = "http://localhost:9/callback"
SCOPE: Final = "openid profile"
_DISCOVERY: Final = "/.well-known/openid-configuration"
_FORM: Final = re.compile(r"<form.*?</form>", re.DOTALL)
_ACTION: Final = re.compile(r'<form[^>]*action="([^"]+)"')
_HIDDEN: Final = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_PART: Final = re.compile(r'(name|value)="([^"]*)"')


class WrongAnswer(Exception):
    """The server answered something else than what the work demands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """Where a system keeps its endpoints; everything else is the same on both sides."""

    name: str
    issuer: str
    port: int
    secret: str = field(repr=False)
    paths: Mapping[str, str]
    client: str = CLIENT

    def authorization(self, *, verifier: str, state: str) -> str:
        """The path that an e-service sends a browser to."""
        digest = hashlib.sha256(verifier.encode()).digest()
        query = urlencode(
            {
                "client_id": self.client,
                "response_type": "code",
                "scope": SCOPE,
                "redirect_uri": CALLBACK,
                "state": state,
                "nonce": verifier[:16],
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        )
        return f"{self.paths['authorize']}?{query}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a step was answered with."""

    status: int
    location: str | None
    body: str


class Worker:
    """One connection, doing logins and asking endpoints."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._host = urlsplit(face.issuer).netloc
        self._connection = http.client.HTTPConnection("127.0.0.1", face.port, timeout=30)
        self._jar: dict[str, str] = {}
        credentials = f"{face.client}:{face.secret}".encode()
        self._basic = {"Authorization": "Basic " + base64.b64encode(credentials).decode()}
        self._keys = KeySet.import_key_set(json.loads(self._ask("GET", face.paths["jwks"]).body))
        self.token = ""

    def connect(self) -> None:
        """Begin a new connection: a server may have closed one that others' turns left idle."""
        self._connection.close()
        self._connection.connect()

    def code(self) -> tuple[str, str]:
        """Sign in by name with a fresh cookie jar; give the code and its verifier."""
        self._jar.clear()
        verifier = secrets.token_urlsafe(32)
        state = secrets.token_urlsafe(16)
        reply = self._ask("GET", self._face.authorization(verifier=verifier, state=state))
        while reply.location is not None and not reply.location.startswith(CALLBACK):
            reply = self._ask("GET", _path(reply.location))
            if reply.status == http.client.OK:
                reply = self._ask("POST", *self.answer(reply.body))
        answer = parse_qs(urlsplit(reply.location or "").query)
        if answer.get("state") != [state] or answer.get("iss") != [self._face.issuer]:
            raise WrongAnswer(reply.status, reply.location or reply.body[:500])
        return answer["code"][0], verifier

    def exchange(self, code: str, verifier: str) -> None:
        """Turn a code into tokens; check the ID token to its end."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
        }
        tokens = self._json(self._ask("POST", self._face.paths["token"], body, self._basic))
        claims = jwt.decode(tokens["id_token"], self._keys, algorithms=["ES256"]).claims
        expected = (self._face.issuer, verifier[:16])
        if (claims["iss"], claims["nonce"]) != expected or self._face.client not in claims["aud"]:
            raise WrongAnswer("id_token", claims)
        self.token = tokens["access_token"]

    def userinfo(self) -> None:
        """Ask for the claims of the last access token."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        claims = self._json(self._ask("GET", self._face.paths["userinfo"], headers=bearer))
        if not claims["sub"] or not claims["given_name"]:
            raise WrongAnswer("userinfo", claims)

    def introspect(self) -> None:
        """Ask about the last access token."""
        path = self._face.paths["introspect"]
        answer = self._json(self._ask("POST", path, {"token": self.token}, self._basic))
        if answer["active"] is not True or answer["client_id"] != self._face.client:
            raise WrongAnswer("introspection", answer)

    def discover(self) -> None:
        """Read what the provider says of itself."""
        document = self._json(self._ask("GET", _DISCOVERY))
        if document["issuer"] != self._face.issuer:
            raise WrongAnswer("discovery", document)

    def login(self) -> None:
        """A whole login: sign in, exchange, userinfo."""
        self.exchange(*self.code())
        self.userinfo()

    def answer(self, page: str) -> tuple[str, dict[str, str]]:
        """What a person answers to the sign-in page: where it is sent, and the fields."""
        path, hidden = form(page, "seeded", "/sign-in/")
        return path, {**hidden, "username": "nora"}

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {"Host": self._host, **(headers or {})}
        if self._jar and not headers:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._jar.items())
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, urlencode(body) if body is not None else None, sent)
        response = self._connection.getresponse()
        text = response.read().decode()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, content = value.partition(";")[0].partition("=")
                self._jar[key] = content
        return Reply(status=response.status, location=response.getheader("Location"), body=text)

    def _json(self, reply: Reply) -> dict[str, Any]:
        if reply.status != http.client.OK:
            raise WrongAnswer(reply.status, reply.body[:500])
        found: dict[str, Any] = json.loads(reply.body)
        return found


def form(page: str, *marks: str) -> tuple[str, dict[str, str]]:
    """Find the form whose tag holds one of some marks; give its path and its hidden fields."""
    for found in _FORM.findall(page):
        tag = found.partition(">")[0] + ">"
        action = _ACTION.search(tag)
        if action is not None and any(mark in tag for mark in marks):
            hidden = [dict(_PART.findall(each)) for each in _HIDDEN.findall(found)]
            return _path(action[1]), {part["name"]: part.get("value", "") for part in hidden}
    raise WrongAnswer("no form", page[:500])


def timed(work: Callable[[], None], times: int) -> list[float]:
    """Do some work again and again; give the seconds that each time took."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return taken


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path

"""A phone with the app on it: enrols, scans, types numbers, approves, over the same HTTP calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from mobile_flow import proof
from mobile_flow.sim.authenticator import SoftAuthenticator
from mobile_flow.sim.device_key import DeviceKey
from mobile_flow.views import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

_OK: Final = range(200, 300)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """An answer; the names of ``headers`` are compared without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Http(Protocol):
    """Sends one request to the provider, without cookies."""

    def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Give the answer. Raises: OSError when the phone is offline."""
        ...


class PhoneRefused(Exception):
    """The provider said no.

    Attributes:
        status: of HTTP.
        code: the catalogue's word.
        answer: the whole JSON object.
    """

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {answer.get('error')}")
        self.status = status
        self.code = str(answer.get("error"))
        self.answer = answer


class VirtualPhone:
    """One phone; for one thread at a time.

    Attributes:
        authenticator: holds its passkeys; a browser on this phone asks it too.
        key: signs its calls; names the phone once it is enrolled.
        approval: the request that it is answering, as the provider told it last.
        options: what its authenticator was last asked to sign.
    """

    def __init__(
        self,
        http: Http,
        *,
        origin: str,
        entropy: Callable[[int], bytes],
        name: str = "Virtual phone",
        synced: bool = False,
    ) -> None:
        """Take the ``origin`` that the app was loaded from, as WebAuthn names it."""
        self._http = http
        self._origin = origin
        self._nonce = ""
        self.name = name
        self.authenticator = SoftAuthenticator(entropy=entropy, synced=synced)
        self.key = DeviceKey(entropy=entropy)
        self.enrolment: str | None = None
        self.approval: Mapping[str, Any] = {}
        self.options: Mapping[str, Any] = {}

    # --- enrolment ------------------------------------------------------------------------------

    def begin(self, code: str) -> str:
        """Open an enrolment with its code; give the word that both screens show."""
        answer = self.call("POST", "enrolments/claim", {"code": code, "device_name": self.name})
        self.enrolment = str(answer["enrolment"])
        return str(answer["matching"])

    def finish(self, *, language: str = "en") -> str:
        """Make the passkey, once the person has confirmed; give the phone's identifier."""
        place = f"enrolments/{self.enrolment}"
        options = self.call("GET", place)["options"]
        credential = self.authenticator.create(options, origin=self._origin)
        answer = self.call(
            "POST", f"{place}/finish", {"credential": credential, "language": language}
        )
        self.key.device = str(answer["device"])
        return self.key.device

    def enrol(self, code: str, confirm: Callable[[str], object], *, language: str = "en") -> str:
        """Enrol; ``confirm`` is called with the word, and confirms on the card's side."""
        confirm(self.begin(code))
        return self.finish(language=language)

    # --- approving ------------------------------------------------------------------------------

    def scan(self, text: str) -> Mapping[str, Any]:
        """Claim what the camera read."""
        return self._go_on("approvals/claim", {"text": text})

    def type_code(self, code: str) -> Mapping[str, Any]:
        """Claim what the person typed from the browser's page."""
        return self._go_on("approvals/claim", {"code": code})

    def open(self, approval: str) -> Mapping[str, Any]:
        """Open a request that was pushed."""
        return self._go_on(f"approvals/{approval}/open", {})

    def number(self, number: str) -> Mapping[str, Any]:
        """Type the number that the browser shows."""
        return self._go_on(f"approvals/{self.approval['id']}/number", {"number": number})

    def assertion(self) -> dict[str, object]:
        """Let the authenticator sign what the provider asks for."""
        return self.authenticator.get(self.options, origin=self._origin)

    def approve(self, assertion: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """Approve, with a fresh assertion or the given one."""
        chosen = self.assertion() if assertion is None else assertion
        return self._go_on(f"approvals/{self.approval['id']}/approve", {"assertion": chosen})

    def refuse(self, *, report: bool = False) -> Mapping[str, Any]:
        """Refuse; with ``report``, say that somebody else asked."""
        return self._go_on(f"approvals/{self.approval['id']}/refuse", {"report": report})

    def look(self) -> Mapping[str, Any]:
        """Ask again how the request stands."""
        approval: Mapping[str, Any] = self.call("GET", f"approvals/{self.approval['id']}")[
            "approval"
        ]
        return approval

    def pending(self) -> list[Mapping[str, Any]]:
        """Give what waits for this phone."""
        waiting: list[Mapping[str, Any]] = self.call("GET", "approvals")["pending"]
        return waiting

    def history(self) -> list[Mapping[str, Any]]:
        """Give what its person was asked before."""
        past: list[Mapping[str, Any]] = self.call("GET", "history")["approvals"]
        return past

    def receipt(self, approval: str) -> Mapping[str, Any]:
        """Fetch the receipt of something approved."""
        return self.call("GET", f"history/{approval}/receipt")

    # --- phones ---------------------------------------------------------------------------------

    def devices(self) -> list[Mapping[str, Any]]:
        """List the person's phones."""
        found: list[Mapping[str, Any]] = self.call("GET", "devices")["devices"]
        return found

    def remove(self, device: str) -> None:
        """Remove a phone of the person, this one perhaps."""
        self.call("POST", f"devices/{device}/remove", {})

    def subscribe(self, subscription: Mapping[str, object] | None) -> None:
        """Say where push messages go, or that none do."""
        if subscription is None:
            self.call("DELETE", "push", {})
        else:
            self.call("PUT", "push", {"subscription": dict(subscription)})

    # --- the calls ------------------------------------------------------------------------------

    def call(
        self, method: str, place: str, members: Mapping[str, object] | None = None
    ) -> Mapping[str, Any]:
        """Make one signed call; once more, where the provider asks for its newer nonce.

        Raises:
            PhoneRefused: the provider said no.
            OSError: it was not reached.
        """
        body = b"" if members is None else json.dumps(members).encode()
        answer = self.send(method, PREFIX + place, body)
        if answer.status not in _OK and _json(answer).get("error") == "use_nonce":
            answer = self.send(method, PREFIX + place, body)
        if answer.status not in _OK:
            raise PhoneRefused(answer.status, _json(answer))
        return _json(answer)

    def send(self, method: str, path: str, body: bytes) -> HttpAnswer:
        """Sign and send one request, once, and keep the nonce of its answer."""
        headers = {
            "Accept": "application/json",
            proof.HEADER: self.key.sign(method, path, body, nonce=self._nonce),
        }
        if body:
            headers["Content-Type"] = "application/json"
        answer = self._http(method, path, headers=headers, body=body)
        known = {name.lower(): value for name, value in answer.headers.items()}
        self._nonce = known.get(proof.NONCE_HEADER.lower(), self._nonce)
        return answer

    def _go_on(self, place: str, members: Mapping[str, object]) -> Mapping[str, Any]:
        approval: Mapping[str, Any] = self.call("POST", place, members)["approval"]
        self.approval = approval
        self.options = approval.get("options", self.options)
        return approval


def _json(answer: HttpAnswer) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

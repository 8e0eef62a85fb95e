"""How a client asks behind the browser's back (CIBA Core 4): polled, or told by a ping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.domain.client import ClientAuth, Delivery
from idp.oidc.registration.keys import fitting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

CIBA: Final = "urn:openid:params:grant-type:ciba"
SIGNING_ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "PS256")
"""What a client may sign its requests with (FAPI-CIBA 5.2.2; RFC 9864 names)."""
MEMBERS: Final[Mapping[str, str]] = {
    "backchannel_token_delivery_mode": "poll (default) or ping; push is not offered.",
    "backchannel_client_notification_endpoint": "https address that is told by a ping.",
    "backchannel_authentication_request_signing_alg": "ES256, Ed25519, EdDSA or PS256: then every "
    "back-channel request is signed.",
    "backchannel_user_code_parameter": "true: every back-channel request carries the code that its "
    "person chose on their page and said to the e-service. Default: false.",
}
_LONGEST: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Backchannel:
    """What a registration says of it."""

    delivery: Delivery
    endpoint: str | None
    algorithm: str | None
    user_code: bool


def read_backchannel(
    members: Members,
    *,
    auth: ClientAuth,
    grant_types: tuple[str, ...],
    jwks: Mapping[str, object] | None,
    fetched: bool = False,
) -> Backchannel:
    """Read and judge the members; every fault is noted.

    With ``fetched`` the keys are elsewhere, and whether one fits is seen when one is used.
    """
    mode = members.text("backchannel_token_delivery_mode")
    if mode not in {None, *Delivery}:
        members.fault("backchannel_token_delivery_mode", "write poll or ping; push is not offered")
        mode = None
    delivery = Delivery(mode or Delivery.POLL)
    if CIBA in grant_types and auth is ClientAuth.NONE:
        members.fault("grant_types", f"{CIBA} is for clients that prove themselves")
    if CIBA not in grant_types:
        for name in MEMBERS:
            if members.raw(name) not in (None, False):
                members.fault(name, f"is for clients with the grant type {CIBA}")
    return Backchannel(
        delivery=delivery,
        endpoint=_endpoint(members, delivery),
        algorithm=_algorithm(members, jwks, fetched=fetched),
        user_code=members.flag("backchannel_user_code_parameter"),
    )


def describe_backchannel(client: Client) -> dict[str, object]:
    """Give the members that ``read_backchannel`` makes these of."""
    if CIBA not in client.grant_types:
        return {}
    return {
        "backchannel_token_delivery_mode": client.backchannel_delivery.value,
        "backchannel_client_notification_endpoint": client.backchannel_endpoint,
        "backchannel_authentication_request_signing_alg": client.backchannel_signing_algorithm,
        "backchannel_user_code_parameter": client.backchannel_user_code,
    }


def _endpoint(members: Members, delivery: Delivery) -> str | None:
    name = "backchannel_client_notification_endpoint"
    value = members.text(name, longest=_LONGEST)
    if value is None:
        if delivery is Delivery.PING:
            members.fault(name, "ping needs the https address to tell")
        return None
    if delivery is not Delivery.PING:
        members.fault(name, "is told by a ping only; leave it out")
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.fragment or parts.username:
        members.fault(name, "write https://host/path, without a fragment")
    return value


def _algorithm(members: Members, jwks: Mapping[str, object] | None, *, fetched: bool) -> str | None:
    name = "backchannel_authentication_request_signing_alg"
    algorithm = members.text(name)
    if algorithm is None:
        return None
    if algorithm not in SIGNING_ALGORITHMS:
        members.fault(name, f"write {' or '.join(SIGNING_ALGORITHMS)}")
        return None
    if fetched:
        return algorithm
    keys = (jwks or {}).get("keys")
    if not isinstance(keys, list) or not any(algorithm in fitting(key) for key in keys):
        members.fault(name, f"no registered key fits {algorithm}")
    return algorithm

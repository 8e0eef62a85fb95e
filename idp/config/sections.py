"""Every setting: its type, its default, and one sentence that the reference page repeats.

Secrets are never values here, only paths to files.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from idp.config.auditing import Audit
from idp.config.mtls import Mtls
from idp.config.networks import Networks
from idp.config.registering import Registration
from idp.config.requesting import Requests
from idp.config.waiting import Waiting


class Environment(StrEnum):
    """What this deployment is for; ``production`` refuses what the others may allow."""

    DEMO = "demo"
    TEST = "test"
    CONFORMANCE = "conformance"
    PRODUCTION = "production"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Section):
    """Where the roles listen."""

    host: str = Field(default="127.0.0.1", description="Address of the public listener.")
    port: int = Field(default=8400, ge=1, le=65535, description="Port of the public listener.")
    health_port: int = Field(
        default=8409, ge=1, le=65535, description="Loopback-only port of /live and /ready."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Worker processes, one a core.")
    threads: int = Field(default=4, ge=1, le=64, description="Blocking threads per worker.")


class Proxy(_Section):
    """Whom to believe about the client's address."""

    trusted: tuple[str, ...] = Field(
        default=(),
        description="Networks (CIDR) of proxies whose X-Forwarded-For/-Proto are believed.",
    )

    @field_validator("trusted")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Give the trusted networks, parsed."""
        return tuple(ip_network(network) for network in self.trusted)


class Stores(_Section):
    """Where things are remembered."""

    ledger: str = Field(
        default="sqlite:///var/ledger.sqlite",
        description="sqlite:///path or postgresql://… (durable).",
    )
    ephemeral: str = Field(
        default="sqlite:///var/ephemeral.sqlite",
        description="sqlite:///path (one machine), redis://… or unix://…, memory: (tests).",
    )


class Keys(_Section):
    """The key ring and what seals it."""

    kek_file: Path = Field(
        default=Path("var/kek"),
        description="File with the key-encryption key (32 bytes as 64 hexadecimal digits, mode "
        "0600; `openssl rand -hex 32` makes one, and so does `sesame setup`), or the name of a "
        "system credential written as credential:NAME.",
    )
    algorithms: tuple[Literal["ES256", "EdDSA", "PS256", "RS256"], ...] = Field(
        default=("ES256",),
        description="Algorithms kept with a live signing key; the first is the default.",
    )
    announce: timedelta = Field(
        default=timedelta(minutes=15), description="How long a key is published before it signs."
    )
    signing: timedelta = Field(default=timedelta(days=90), description="How long a key signs.")
    jwks_max_age: timedelta = Field(
        default=timedelta(seconds=300), description="Cache life of JWKS and discovery."
    )
    reread: timedelta = Field(
        default=timedelta(seconds=5), description="How often a worker re-reads the ring."
    )


class Lifetimes(_Section):
    """How long each thing lives."""

    transaction: timedelta = Field(
        default=timedelta(minutes=30), description="A login from its start."
    )
    pushed_request: timedelta = Field(
        default=timedelta(seconds=90), description="A pushed request until its first visit."
    )
    code: timedelta = Field(default=timedelta(seconds=60), description="An authorization code.")
    id_token: timedelta = Field(default=timedelta(minutes=5), description="An ID token.")
    access_token: timedelta = Field(default=timedelta(minutes=10), description="An access token.")
    refresh_idle: timedelta = Field(
        default=timedelta(days=30), description="A refresh token without being used."
    )
    refresh: timedelta = Field(default=timedelta(days=90), description="A refresh family in all.")
    refresh_grace: timedelta = Field(
        default=timedelta(seconds=10), description="A retry of the previous refresh token."
    )
    session_idle: timedelta = Field(default=timedelta(minutes=30), description="A session unused.")
    session: timedelta = Field(default=timedelta(hours=8), description="A session in all.")
    session_crossing: timedelta = Field(
        default=timedelta(minutes=60),
        description="A session in all whose login began on another device than the phone.",
    )
    card_challenge: timedelta = Field(default=timedelta(minutes=5), description="A card challenge.")
    backchannel_request: timedelta = Field(
        default=timedelta(seconds=180), description="A back-channel request (auth_req_id)."
    )
    client_assertion: timedelta = Field(
        default=timedelta(minutes=5), description="The longest life of a client assertion."
    )
    skew: timedelta = Field(
        default=timedelta(seconds=10),
        description="Clock difference tolerated in clients' assertions.",
    )


class Deadlines(_Section):
    """How long anything may be waited for."""

    outbound: timedelta = Field(default=timedelta(seconds=3), description="One outbound HTTP try.")
    card_check: timedelta = Field(
        default=timedelta(seconds=5), description="All revocation checking of one card login."
    )
    drain: timedelta = Field(
        default=timedelta(seconds=10), description="Finishing requests on SIGTERM."
    )


class Card(_Section):
    """The card as a means of login."""

    enabled: bool = Field(default=True, description="Offer the card.")
    trust: Path = Field(
        default=Path("var/trust"), description="Folder with the trust configuration."
    )
    agent_url: str | None = Field(
        default=None, description="Loopback card agent offered when no browser extension is there."
    )
    allow_simulated_trust_root: bool = Field(
        default=False, description="Unsafe: trust the demo country's root. Refused in production."
    )
    allow_http_localhost: bool = Field(
        default=False, description="Unsafe: sign http://localhost as https. Refused in production."
    )
    strict_numbers: bool = Field(
        default=True, description="Demand right check digits of national numbers."
    )
    trust_framework: str | None = Field(
        default=None,
        pattern="^[a-z0-9_]{1,64}$",
        description="The trust framework that verified claims name. Absent: eidas, or "
        "simulated_eidas where a simulated root is trusted.",
    )

    @property
    def framework(self) -> str:
        """The word for it: never the real one for a card that anybody can make."""
        simulated = self.allow_simulated_trust_root
        return self.trust_framework or ("simulated_eidas" if simulated else "eidas")


class Login(_Section):
    """Opening logins, and sign-in beside the card."""

    seeded_sign_in: bool = Field(
        default=False,
        description="Unsafe: plain-form sign-in of seeded persons; test and conformance only.",
    )
    session_management: bool = Field(
        default=False,
        description="Let e-services ask by a frame whether the session changed (Session Management "
        "1.0). It needs a cookie that is sent in frames of other sites; many browsers send none.",
    )
    response_types: tuple[
        Literal[
            "code",
            "id_token",
            "id_token token",
            "code id_token",
            "code token",
            "code id_token token",
        ],
        ...,
    ] = Field(
        default=("code",),
        description="What the authorization endpoint may answer (`response_type`). With `id_token` "
        "in it, what an ID token says of a person stands in the address of their browser, signed "
        "but readable. With `token` so does an access token, good for whoever reads it there, and "
        "a stolen one can be put into another login (RFC 9700 2.1.2): refused in production.",
    )
    opens_per_minute: int = Field(
        default=600,
        ge=0,
        description="How many logins one client address (IPv6: one /64) may open in a minute; "
        "0 for any number.",
    )


def _readable_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ip_network(network)
    return value


class Phone(_Section):
    """The phone as a means of login: passkeys, approvals, one-time codes, the app at /phone/."""

    enabled: bool = Field(default=False, description="Offer passkey, phone and one-time code.")
    rp_id: str | None = Field(
        default=None,
        description="The WebAuthn relying-party identifier, a host name: fixed by the first phone "
        "that is enrolled. Absent: the issuer's host.",
    )
    origins: tuple[str, ...] = Field(
        default=(),
        description="Origins beside the issuer's whose pages may use the passkeys (related "
        "origins), as https://host.",
    )
    attestation: Literal["nothing", "where_given", "required"] = Field(
        default="where_given",
        description="Whether a new phone is asked what its key store is, and what it says kept; "
        "`required` admits only what a root of `attestation_roots` vouches for.",
    )
    attestation_roots: Path | None = Field(
        default=None,
        description="Folder of the makers' root certificates: packed.pem, tpm.pem. Those of Apple "
        "and Android are known.",
    )
    attestation_models: tuple[str, ...] = Field(
        default=(),
        description="Models of key stores that are admitted, by AAGUID. Empty: all.",
    )
    post_quantum: bool = Field(
        default=False,
        description="Ask for a passkey by ML-DSA too, after the algorithms of today.",
    )
    most_phones: int = Field(default=5, ge=1, le=50, description="Phones of one person.")
    cooling: timedelta = Field(
        default=timedelta(hours=24),
        description=(
            "How long a new phone gives no level high, unless its owner, having used their card "
            "again, says that it is theirs."
        ),
    )
    one_time_codes: bool = Field(
        default=True, description="Offer one-time codes (TOTP) to people without a suitable phone."
    )
    one_time_code_level: Literal["low", "substantial"] = Field(
        default="low", description="The level of a login by one-time code."
    )
    starts_per_address: int = Field(
        default=10, ge=1, description="Codes that one address may have shown in a minute."
    )
    starts_per_browser: int = Field(
        default=5, ge=1, description="Codes that one browser may have shown in a minute."
    )
    open_per_address: int = Field(
        default=3,
        ge=1,
        description="Codes that wait for a phone at one address at one time. Raise it where many "
        "people share an address.",
    )
    reading_time: timedelta = Field(
        default=timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(seconds=60),
        description="How long a person reads before they can approve a login in a browser that is "
        "new to them, or that comes from `suspect_networks`, from a hosting network or another "
        "country (`networks`), or from where a login was reported.",
    )
    suspect_networks: tuple[str, ...] = Field(
        default=(),
        description="Networks that no people browse from, such as hosting providers and exits of "
        "anonymity networks, as 192.0.2.0/24: their logins are read for `reading_time`.",
    )
    _networks = field_validator("suspect_networks")(_readable_networks)
    approvals_per_person: int = Field(
        default=5, ge=1, description="Approvals by one person in ten minutes."
    )
    receipts: timedelta = Field(
        default=timedelta(days=730),
        description="How long what a person approved, refused or reported is kept.",
    )
    push: bool = Field(default=True, description="Tell phones by web push that a request waits.")
    push_services: tuple[str, ...] = Field(
        default=(
            "fcm.googleapis.com",
            "updates.push.services.mozilla.com",
            "web.push.apple.com",
            "*.push.apple.com",
            "*.notify.windows.com",
        ),
        description="Hosts of push services that messages are sent to; *.host for all below it.",
    )
    push_contact: str | None = Field(
        default=None,
        description="mailto: or https: address that push services may write to (RFC 8292). "
        "Absent: the issuer.",
    )


class Outbound(_Section):
    """The guarded HTTP client."""

    allow: tuple[str, ...] = Field(
        default=(),
        description="host:port pairs that may be special-use addresses; no loopback in production.",
    )
    ca: Path | None = Field(
        default=None,
        description="PEM file of certificate authorities that are believed beside the system's.",
    )


class Clock(_Section):
    """A shared clock offset for stories in the ``test`` environment."""

    offset_file: Path | None = Field(
        default=None, description="File with seconds added to the clock; test environment only."
    )


class Settings(_Section):
    """The whole configuration of every role."""

    environment: Environment = Field(
        default=Environment.PRODUCTION, description="demo, test, conformance or production."
    )
    issuer: str = Field(
        default=..., description="The issuer URL: https, no trailing slash, no query or fragment."
    )
    name: str = Field(default="Sesame", description="What the pages call this service.")
    languages: tuple[Literal["nl", "fr", "de", "en"], ...] = Field(
        default=("nl", "fr", "de", "en"), description="Languages offered, the first is the default."
    )
    listen: Listen = Listen()
    proxy: Proxy = Proxy()
    mtls: Mtls = Mtls()
    stores: Stores = Stores()
    keys: Keys = Keys()
    lifetimes: Lifetimes = Lifetimes()
    deadlines: Deadlines = Deadlines()
    card: Card = Card()
    login: Login = Login()
    phone: Phone = Phone()
    networks: Networks = Networks()
    waiting: Waiting = Waiting()
    outbound: Outbound = Outbound()
    registration: Registration = Registration()
    requests: Requests = Requests()
    audit: Audit = Audit()
    clock: Clock = Clock()

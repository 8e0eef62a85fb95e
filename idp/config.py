"""Typed configuration: one TOML file, environment variables, secret files; nothing untyped inside.

Order of strength: environment (``SESAME_LOGIN__SEEDED_SIGN_IN=true``), then the TOML file. Secrets
are never values here, only paths to files. An unknown key is refused with the nearest right name;
``production`` refuses every unsafe setting, by the name it has here.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

_PREFIX: Final = "SESAME_"


class ConfigRefused(Exception):
    """The configuration cannot be used; the message says which key and what to write instead."""


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
    card_challenge: timedelta = Field(default=timedelta(minutes=5), description="A card challenge.")
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


class Login(_Section):
    """Opening logins, and sign-in beside the card."""

    seeded_sign_in: bool = Field(
        default=False,
        description="Unsafe: plain-form sign-in of seeded persons; test and conformance only.",
    )
    opens_per_minute: int = Field(
        default=600,
        ge=0,
        description="How many logins one client address (IPv6: one /64) may open in a minute; "
        "0 for any number.",
    )


class Outbound(_Section):
    """The guarded HTTP client."""

    allow: tuple[str, ...] = Field(
        default=(),
        description="host:port pairs that may be special-use addresses; no loopback in production.",
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
    stores: Stores = Stores()
    keys: Keys = Keys()
    lifetimes: Lifetimes = Lifetimes()
    deadlines: Deadlines = Deadlines()
    card: Card = Card()
    login: Login = Login()
    outbound: Outbound = Outbound()
    clock: Clock = Clock()


def load(path: Path | None) -> Settings:
    """Read ``path`` (TOML) under the environment and check that the whole is safe.

    Raises:
        ConfigRefused: unreadable, unknown keys, wrong values, or unsafe for the environment.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigRefused(f"{path.name}: {error}") from error
    try:
        settings = Settings(**_under_environment(values, os.environ))
    except ValidationError as error:
        explained = _explain(error)
        if path is None:
            explained += "\nno configuration file was named: --config FILE, or SESAME_CONFIG=FILE"
        raise ConfigRefused(explained) from error
    _refuse_unsafe(settings)
    return settings


def _under_environment(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Give the file's values with the environment's over them.

    ``SESAME_SECTION__NAME`` always means a setting, so an unknown one is passed on to be refused;
    a plain ``SESAME_NAME`` may be somebody else's word.
    """
    merged = dict(values)
    for variable, text in environ.items():
        if not variable.startswith(_PREFIX):
            continue
        name, nested, inner = variable.removeprefix(_PREFIX).lower().partition("__")
        if nested:
            section = merged.get(name, {})
            given = _given(_fields(name).get(inner), text)
            merged[name] = {**section, inner: given} if isinstance(section, dict) else section
        elif name in Settings.model_fields:
            merged[name] = _given(Settings.model_fields[name], text)
    return merged


def _given(field: FieldInfo | None, text: str) -> object:
    """Read a list as JSON; everything else, and what is no JSON, is text for the model to judge."""
    if field is None or get_origin(field.annotation) is not tuple:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fields(section: str) -> Mapping[str, FieldInfo]:
    kind = Settings.model_fields[section].annotation if section in Settings.model_fields else None
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(where, _known_keys(), n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            lines.append(f"{where}: there is no such setting{hint}")
        elif item["type"] == "missing":
            lines.append(f"{where}: required, and not given")
        else:
            lines.append(f"{where}: {item['msg']}")
    return "\n".join(lines)


def _known_keys() -> list[str]:
    keys = []
    for name in Settings.model_fields:
        keys += [name, *(f"{name}.{inner}" for inner in _fields(name))]
    return keys


def _refuse_unsafe(settings: Settings) -> None:
    issuer = urlsplit(settings.issuer)
    problems: list[str] = []
    if (
        issuer.scheme not in {"https", "http"}
        or not issuer.hostname
        or issuer.query
        or issuer.fragment
        or issuer.username is not None
        or settings.issuer.endswith("/")
    ):
        problems.append("issuer: write https://host with no trailing slash, query or fragment")
    if settings.environment is Environment.PRODUCTION:
        problems += _unsafe_in_production(settings, issuer.scheme)
    elif issuer.scheme == "http" and issuer.hostname not in {"localhost", "127.0.0.1", "::1"}:
        problems.append("issuer: http is for loopback only")
    if settings.login.seeded_sign_in and settings.environment not in {
        Environment.TEST,
        Environment.CONFORMANCE,
    }:
        problems.append("login.seeded_sign_in: only in the test and conformance environments")
    if settings.clock.offset_file is not None and settings.environment is not Environment.TEST:
        problems.append("clock.offset_file: only in the test environment")
    if problems:
        raise ConfigRefused("\n".join(problems))


def _unsafe_in_production(settings: Settings, scheme: str) -> list[str]:
    problems = []
    if scheme != "https":
        problems.append("issuer: production demands https")
    if settings.card.allow_simulated_trust_root:
        problems.append("card.allow_simulated_trust_root: refused in production")
    if settings.card.allow_http_localhost:
        problems.append("card.allow_http_localhost: refused in production")
    if settings.stores.ephemeral.startswith("memory:"):
        problems.append("stores.ephemeral: memory: is for tests, refused in production")
    problems += [
        f"outbound.allow: {entry} is a loopback address, refused in production"
        for entry in settings.outbound.allow
        if _is_loopback(entry.rpartition(":")[0])
    ]
    return problems


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

"""A rule of a profile, and the facts that rules are held against at each place.

A rule is data: what it demands, in words, and a small pure test for each place where a weaker
message could come. Refusing is done in one place, ``idp.oidc.profiles.keeping``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from idp.domain.client import Client
from idp.domain.response_type import ResponseType
from idp.errors import Place
from idp.oidc.form import Parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedFacts:
    """Something that a client signed; its signature was verified, its claims were not judged.

    Attributes:
        algorithm: it was signed with.
        typ: of its header, in lower case without ``application/``; ``jwt`` where it had none.
        issuer: ours.
        now: seconds since the epoch.
    """

    client: Client
    algorithm: str
    typ: str
    claims: Mapping[str, object] = field(repr=False)
    issuer: str
    now: float

    def time(self, name: str) -> float | None:
        """Give a NumericDate, ``None`` where it is absent or no number."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFacts:
    """An authorization request.

    Attributes:
        pushed: it came to the endpoint of pushed requests.
        signed: it came as a signed object; ``params`` are those inside.
    """

    client: Client
    params: Parameters
    pushed: bool
    signed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AskFacts:
    """A back-channel request.

    Attributes:
        signed: the object it came as, ``None`` for a plain one.
        acr_values: as they were sent.
    """

    client: Client
    signed: SignedFacts | None
    acr_values: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFacts:
    """A token request.

    Attributes:
        keyed: a proof of a key or a certificate came along.
        age: of the code that is presented, ``None`` for what is no code.
    """

    client: Client
    keyed: bool
    age: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceFacts:
    """A request with an access token; ``in_header`` tells where the token stood."""

    client: Client
    in_header: bool


Kept: TypeAlias = Callable[[Client], str | None]
"""Give the member of a registration that breaks a rule, ``None`` where it is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: told to whoever breaks it.
        demands: what must be so.
        instead: what to write or send, for whoever broke it.
        source: where it comes from.
        registration: of ``Kept``'s kind; the others tell whether the facts keep the rule.
    """

    name: str
    demands: str
    instead: str
    source: str
    registration: Kept | None = None
    proof: Callable[[SignedFacts], bool] | None = None
    request: Callable[[RequestFacts], bool] | None = None
    object: Callable[[SignedFacts], bool] | None = None
    ask: Callable[[AskFacts], bool] | None = None
    token: Callable[[TokenFacts], bool] | None = None
    resource: Callable[[ResourceFacts], bool] | None = None

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it is held."""
        return tuple(place for place in Place if getattr(self, place.value) is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleSet:
    """A profile: its rules in the order they are held, and what else differs for its clients."""

    says: str
    rules: tuple[Rule, ...] = ()
    habits: tuple[str, ...] = ()


def other_types(client: Client) -> str | None:
    """Give the member of a registration for more than a code."""
    return None if client.response_types == (ResponseType.CODE,) else "response_types"


def code_asked(request: RequestFacts) -> bool:
    """Tell whether a code is asked and nothing else."""
    return request.params.get("response_type") == ResponseType.CODE

"""What a client says of itself to people and to who looks after it; it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from idp.domain.picture import Picture


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What RFC 7591 section 2 lets a client say of itself.

    Attributes:
        home: its home page by language (``client_uri``); so are the next three.
        logo: its picture (``logo_uri``): linked, never loaded from there by a page of ours.
        pictures: what of ``logo`` was fetched and is kept, by language.
        policy: how it handles personal data (``policy_uri``).
        terms: its terms of service (``tos_uri``).
        login: where it begins a login that somebody else asks for (OpenID Connect Core 4,
            ``initiate_login_uri``).
        kind: ``web`` or ``native`` (OpenID Connect Dynamic Client Registration 2).
    """

    home: dict[str, str] = field(default_factory=dict)
    logo: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    policy: dict[str, str] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    login: str | None = None
    kind: str | None = None
    contacts: tuple[str, ...] = ()
    software: str | None = None
    software_version: str | None = None
    default_acr_values: tuple[str, ...] = ()

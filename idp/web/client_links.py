"""The links to an e-service that our pages show, each with the host it leads to.

Nothing behind them is loaded: who signs in here, and when, is told nobody by a picture. One that is
registered is shown from here (``idp.web.logos``) or is a link as the others are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client

_T = TypeVar("_T")


def links(
    client: Client, language: str, *, pictured: bool = False
) -> tuple[Mapping[str, str], ...]:
    """Give what a client says of itself to people: the kind, the address and the host of each.

    Its picture is no link where it is ``pictured``.
    """
    about = client.about
    registered = (
        ("home", about.home),
        ("policy", about.policy),
        ("terms", about.terms),
        ("logo", {} if pictured else about.logo),
    )
    shown = ((kind, in_language(language, by_language)) for kind, by_language in registered)
    return tuple(
        {"kind": kind, "address": address, "host": urlsplit(address).netloc}
        for kind, address in shown
        if address is not None
    )


def login_link(client: Client, *, issuer: str) -> str | None:
    """Give where a login at this client begins, asked for by us (OpenID Connect Core 4)."""
    begins = client.about.login
    if begins is None:
        return None
    joint = "&" if "?" in begins else "?"
    return f"{begins}{joint}{urlencode({'iss': issuer})}"


def in_language(language: str, by_language: Mapping[str, _T]) -> _T | None:
    """Give the one in ``language``, else in English, else in any there is."""
    if not by_language:
        return None
    return (
        by_language.get(language) or by_language.get("en") or next(iter(by_language.values()), None)
    )

"""For whom an access token is (RFC 8707): our own resources, or services that were named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.errors import INVALID_TARGET, Refused
from idp.oidc import paths
from idp.oidc.grant_management import QUERY, REVOKE, grants_audience

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.domain.grant import Grant


class Audiences:
    """Chooses the audience of an access token."""

    def __init__(self, settings: Settings) -> None:
        self._ours = (userinfo_audience(settings), grants_audience(settings))

    def choose(self, grant: Grant, asked: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Give whom the access token is for (RFC 8707 section 2.2).

        Raises:
            Refused: INVALID_TARGET for a resource that was not granted.
        """
        if not set(asked) <= set(grant.resources):
            raise Refused(INVALID_TARGET, "a resource that was not granted")
        chosen = tuple(dict.fromkeys(asked)) or grant.resources or self._usual(grant)
        ours = tuple(one for one in chosen if one in self._ours)
        if not ours or ours == chosen:
            return chosen
        # What a service is handed must not open userinfo, where the claims are its caller's.
        if asked:
            raise Refused(INVALID_TARGET, "a resource of ours and one of others by one token")
        return ours

    def _usual(self, grant: Grant) -> tuple[str, ...]:
        managing = not {QUERY, REVOKE}.isdisjoint(grant.scopes)
        return self._ours if managing else self._ours[:1]


def userinfo_audience(settings: Settings) -> str:
    """Give the audience of an access token that names no other resource: our userinfo."""
    return settings.issuer + paths.USERINFO

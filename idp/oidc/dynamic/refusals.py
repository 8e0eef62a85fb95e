"""What a client is told of a registration that cannot be (RFC 7591 section 3.2.2, RFC 7592 2.2).

Beside the constant words stand the names of the members at fault: ours, never what was sent.
"""

from __future__ import annotations

import hmac
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from idp.domain.profile import Profile
from idp.errors import (
    INVALID_CLIENT_METADATA,
    INVALID_REDIRECT_URI,
    INVALID_SOFTWARE_STATEMENT,
    UNAPPROVED_SOFTWARE_STATEMENT,
    Refused,
)
from idp.oidc.dynamic.tokens import digest
from idp.oidc.registration.faults import RegistrationRefused
from idp.oidc.registration.rules import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idp.domain.client import Client
    from idp.errors import Problem

_NOT_YOURS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
_LONGEST_STATEMENT: Final = 16 * 1024
_PARTS_OF_JWS: Final = 3


class RegistrationFaulty(Refused):
    """A registration is refused.

    Attributes:
        members: the names of ours that are at fault.
        broken: the rules of the client's profile that are broken, by name.
    """

    def __init__(
        self, problem: Problem, members: tuple[str, ...], broken: tuple[str, ...] = ()
    ) -> None:
        super().__init__(problem, " ".join(members))
        self.members = members
        self.broken = broken

    @property
    def description(self) -> str:
        """The words of the catalogue, with the members, and the rules of a profile."""
        return "; ".join((f"{self.problem.description}: {' '.join(self.members)}", *self.broken))


@contextmanager
def refusing() -> Iterator[None]:
    """Tell what the rules refuse in the words of the protocol."""
    try:
        yield
    except RegistrationRefused as refused:
        named = dict.fromkeys(_plain(fault.member) for fault in refused.faults)
        members = tuple(name for name in named if is_known(name))
        of_redirects = "redirect_uris" in members
        problem = INVALID_REDIRECT_URI if of_redirects else INVALID_CLIENT_METADATA
        broken = dict.fromkeys(fault.rule for fault in refused.faults if fault.rule is not None)
        raise RegistrationFaulty(problem, members, tuple(broken)) from None


def refuse_update(document: Mapping[str, object], client: Client) -> None:
    """Demand that an update names its client, and nothing that is not the client's to say.

    A profile is left by an operator alone: whoever stole the registration's token would get rid of
    its rules.

    Raises:
        Refused: INVALID_CLIENT_METADATA.
    """
    wrong = [name for name in _NOT_YOURS if name in document]
    if document.get("client_id") != client.id:
        wrong.append("client_id")
    if client.profile not in (Profile.DEFAULT, document.get("profile")):
        wrong.append("profile")
    secret = document.get("client_secret")
    if secret is not None:
        sent = digest(secret) if isinstance(secret, str) and secret.isascii() else ""
        right = [hmac.compare_digest(sent, one.digest) for one in client.secrets]
        if not any(right):
            wrong.append("client_secret")
    if wrong:
        raise RegistrationFaulty(INVALID_CLIENT_METADATA, tuple(wrong))


def refuse_statement(document: Mapping[str, object]) -> None:
    """Take no software statement (RFC 7591 section 2.3): we know nobody who makes them.

    Passing over one would register other things than its author vouched for.

    Raises:
        Refused: INVALID_SOFTWARE_STATEMENT, UNAPPROVED_SOFTWARE_STATEMENT.
    """
    statement = document.get("software_statement")
    if statement is None:
        return
    if (
        not isinstance(statement, str)
        or len(statement) > _LONGEST_STATEMENT
        or len(statement.split(".")) != _PARTS_OF_JWS
    ):
        raise Refused(INVALID_SOFTWARE_STATEMENT, "not a signed JWT")
    raise Refused(UNAPPROVED_SOFTWARE_STATEMENT, "nobody's statements are believed")


def _plain(member: str) -> str:
    """Give the name of the member of a fault such as ``jwks.keys[0]``."""
    return member.partition("[")[0].partition(".")[0].partition("#")[0]

"""In which form a client gets its answers: plain, signed, or signed and then encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AccessTokenFormat(StrEnum):
    """What an access token looks like; both kinds are known in the Ledger and can be revoked."""

    OPAQUE = "opaque"
    JWT = "jwt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Encryption:
    """How a signed answer is encrypted to a key of the client (RFC 7516).

    Attributes:
        algorithm: how the content's key gets there (RFC 7518 section 4), such as ``ECDH-ES``.
        content: how the content is encrypted (section 5), such as ``A256GCM``.
    """

    algorithm: str
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Forms:
    """The forms of one client's answers; the default is what most libraries expect.

    Attributes:
        userinfo_algorithm: what userinfo is signed with; ``None`` for plain JSON.
        introspection_algorithm: what every introspection is signed with; ``None`` where only those
            are that ask for it, then with the algorithm of the ID tokens.
        answer_encryption: of the signed authorization responses (JARM).
    """

    access_token: AccessTokenFormat = AccessTokenFormat.OPAQUE
    userinfo_algorithm: str | None = None
    introspection_algorithm: str | None = None
    id_token_encryption: Encryption | None = None
    userinfo_encryption: Encryption | None = None
    introspection_encryption: Encryption | None = None
    answer_encryption: Encryption | None = None


USUAL: Final = Forms()

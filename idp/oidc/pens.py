"""What writes JWTs for one client: signed by a key of ours and, where it is registered, encrypted.

Always in this order (RFC 7519 section 11.2): what is inside is a whole signed JWT, so that whoever
opens it still knows who wrote it. A pen is found before anything is spent, and writes after the
commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from idp.errors import SERVER_ERROR, UNAVAILABLE, Refused
from idp.oidc.encryption import Recipient, Recipients
from keys.errors import KeysError, RecordsUnavailable
from keys.signer import Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.domain.forms import Encryption
    from idp.oidc.remote_keys import RemoteKeys
    from keys.ring import KeyRing

JWT: Final = "application/jwt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """An answer that is one JWT."""

    text: str = field(repr=False)
    media_type: str = JWT


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """Signs by one key and encrypts to one, if any."""

    signer: Signer
    recipient: Recipient | None = None

    def write(self, claims: Mapping[str, object], *, typ: str | None = "JWT") -> str:
        """Give the JWT; ``typ`` is that of the signed one, ``None`` for what never comes back."""
        signed = self.signer.sign(claims, typ=typ)
        return signed if self.recipient is None else self.recipient.encrypt(signed)


class Pens:
    """Finds the pen for a client's answer."""

    def __init__(self, ring: KeyRing, remote: RemoteKeys | None = None) -> None:
        """Take the ring, and what fetches the keys of clients that publish them."""
        self._ring = ring
        self._recipients = Recipients(remote)

    def find(self, client: Client, algorithm: str | None, encryption: Encryption | None) -> Pen:
        """Give the pen; without an ``algorithm`` it signs as the client's ID tokens are signed.

        Raises:
            Refused: UNAVAILABLE while the ring cannot be read, SERVER_ERROR where no key signs so,
                or none of the client's can be encrypted to.
        """
        signer = self._signer(algorithm or client.id_token_algorithm)
        if encryption is None:
            return Pen(signer=signer)
        return Pen(signer=signer, recipient=self._recipients.find(client, encryption))

    def _signer(self, algorithm: str) -> Signer:
        try:
            return self._ring.signer(algorithm)
        except RecordsUnavailable as error:
            raise Refused(UNAVAILABLE, "the key ring cannot be read") from error
        except KeysError as error:
            raise Refused(SERVER_ERROR, f"no signer: {type(error).__name__}") from error

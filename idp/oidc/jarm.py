"""Answers as one signed JWT (JARM: JWT Secured Authorization Response Mode for OAuth 2.0).

Signed when the answer leaves, outside any unit: what it says was committed before. Errors are
signed as codes are. It is no ID token: it names no subject, so it is good for no hint.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.errors import SERVER_ERROR, UNAVAILABLE, UNKNOWN_CLIENT, Refused
from keys.errors import KeysError, RecordsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.answer import Answer
    from idp.domain.client import Client
    from idp.store.ports import Ledger
    from keys.ring import KeyRing
    from keys.signer import Signer

LASTS: Final = timedelta(minutes=5)
"""How long a client may read it; section 2.1 advises ten minutes at most."""


class SignedAnswers:
    """Signs what goes back to clients that asked for a signed answer."""

    def __init__(
        self, *, ledger: Ledger, ring: KeyRing, issuer: str, now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._ring = ring
        self._issuer = issuer
        self._now = now

    def sign(self, answer: Answer) -> Answer:
        """Give it with ``response`` as its only parameter (section 2.3); a plain one as it is.

        Raises:
            Refused: UNAVAILABLE while Ledger or ring cannot be read, SERVER_ERROR where no key
                signs so, UNKNOWN_CLIENT where the registration is gone.
        """
        if not answer.mode.signed:
            return answer
        with self._ledger.read() as unit:
            client = unit.clients.get(answer.client)
        if client is None:
            raise Refused(UNKNOWN_CLIENT, "the registration is gone")
        content: dict[str, object] = {
            **dict(answer.parameters),
            "iss": self._issuer,
            "aud": client.id,
            "exp": int((self._now() + LASTS).timestamp()),
        }
        return replace(answer, parameters=(("response", self._signer(client).sign(content)),))

    def _signer(self, client: Client) -> Signer:
        try:
            return self._ring.signer(client.answer_algorithm or client.id_token_algorithm)
        except RecordsUnavailable as error:
            raise Refused(UNAVAILABLE, "the key ring cannot be read") from error
        except KeysError as error:
            raise Refused(SERVER_ERROR, f"no signer: {type(error).__name__}") from error

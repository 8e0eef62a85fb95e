"""Answers as one signed JWT (JARM: JWT Secured Authorization Response Mode for OAuth 2.0).

Signed when the answer leaves, outside any unit: what it says was committed before. Errors are
signed as codes are. It is no ID token: it names no subject, so it is good for no hint.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from idp.errors import UNKNOWN_CLIENT, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from idp.domain.answer import Answer
    from idp.oidc.pens import Pens
    from idp.store.ports import Ledger

LASTS: Final = timedelta(minutes=5)
"""How long a client may read it; section 2.1 advises ten minutes at most."""


class SignedAnswers:
    """Signs what goes back to clients that asked for a signed answer."""

    def __init__(
        self, *, ledger: Ledger, pens: Pens, issuer: str, now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._pens = pens
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
        pen = self._pens.find(client, client.answer_algorithm, client.forms.answer_encryption)
        return replace(answer, parameters=(("response", pen.write(content)),))

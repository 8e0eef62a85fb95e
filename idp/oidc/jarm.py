"""Answers as one signed JWT (JARM: JWT Secured Authorization Response Mode for OAuth 2.0).

Signed when the answer leaves, outside any unit: what it says was committed before, and the tokens
beside a code are written first. Errors are signed as codes are. It is no ID token: it names no
subject, so it is good for no hint.
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
    from idp.oidc.front_channel import FrontWriter
    from idp.oidc.pens import Pens
    from idp.store.ports import Ledger

LASTS: Final = timedelta(minutes=5)
"""How long a client may read it; section 2.1 advises ten minutes at most."""


class SignedAnswers:
    """Signs what goes back to clients: tokens, and the answer where that was asked."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        pens: Pens,
        tokens: FrontWriter,
        issuer: str,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._pens = pens
        self._tokens = tokens
        self._issuer = issuer
        self._now = now

    def sign(self, answer: Answer) -> Answer:
        """Give it with its tokens, and in a signed mode with ``response`` alone (section 2.3).

        Raises:
            Refused: UNAVAILABLE while Ledger or ring cannot be read, SERVER_ERROR where no key
                signs so, UNKNOWN_CLIENT where the registration is gone.
        """
        if answer.beside is None and not answer.mode.signed:
            return answer
        with self._ledger.read() as unit:
            client = unit.clients.get(answer.client)
        if client is None:
            raise Refused(UNKNOWN_CLIENT, "the registration is gone")
        if answer.beside is not None:
            answer = self._tokens.write(answer, answer.beside, client)
        if not answer.mode.signed:
            return answer
        content: dict[str, object] = {
            **dict(answer.parameters),
            "iss": self._issuer,
            "aud": client.id,
            "exp": int((self._now() + LASTS).timestamp()),
        }
        pen = self._pens.find(client, client.answer_algorithm, client.forms.answer_encryption)
        return replace(answer, parameters=(("response", pen.write(content)),))

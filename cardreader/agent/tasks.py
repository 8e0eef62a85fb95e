"""What a question wants of the card: a login, the certificate to sign with, or a signature.

Each says how the citizen is asked, whose card it needs, and what to do with it once they agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from cardreader import client, signing
from cardreader.agent.wishes import Wish
from cardreader.signing import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardreader.client import CardSession, CardSummary, PinQuestion


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskWords:
    """The keys of the texts by which the citizen is asked."""

    title: str
    asks: str
    check: str
    submit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What the card gave: the reply, and the files that travel with a token."""

    reply: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, str] | None = field(default=None, repr=False)


class Task(Protocol):
    """One of the three."""

    words: ClassVar[TaskWords]
    wants_pin: ClassVar[bool]

    def look(self, session: CardSession) -> CardSummary:
        """Whose card it is; no PIN is spent.

        Raises:
            CardError: it is not the card that this needs.
        """
        ...

    def do(
        self,
        session: CardSession,
        *,
        origin: str,
        ask_pin: Callable[[PinQuestion], str],
        on_pad: Callable[[PinQuestion], None],
    ) -> Done:
        """Do it, with one PIN attempt; raises as `cardreader.client.authenticate` does.

        Without a PIN to ask for, ``ask_pin`` asks for the citizen's agreement.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Sign a challenge, and read what the wish names."""

    nonce: str = field(repr=False)
    wish: Wish = field(default=Wish(), repr=False)

    words: ClassVar[TaskWords] = TaskWords(
        title="pin_title", asks="pin_asks", check="pin_check", submit="pin_submit"
    )
    wants_pin: ClassVar[bool] = True

    def look(self, session: CardSession) -> CardSummary:
        """The holder of the certificate to log in with."""
        return client.summary(session)

    def do(
        self,
        session: CardSession,
        *,
        origin: str,
        ask_pin: Callable[[PinQuestion], str],
        on_pad: Callable[[PinQuestion], None],
    ) -> Done:
        """Make the token; the files in the same exchange, so that no other card came between."""
        token = client.authenticate(
            session,
            challenge_nonce=self.nonce,
            origin=origin,
            ask_pin=ask_pin,
            on_pad=on_pad,
        )
        files = client.carry(session, self.wish.files, origin=origin, challenge_nonce=self.nonce)
        return Done(reply=token, files=files)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareCertificate:
    """Give the certificate to sign with."""

    words: ClassVar[TaskWords] = TaskWords(
        title="share_title", asks="share_asks", check="share_check", submit="share_submit"
    )
    wants_pin: ClassVar[bool] = False

    def look(self, session: CardSession) -> CardSummary:
        """The holder of that certificate."""
        return signing.signer(session)

    def do(
        self,
        session: CardSession,
        *,
        origin: str,
        ask_pin: Callable[[PinQuestion], str],
        on_pad: Callable[[PinQuestion], None],
    ) -> Done:
        """Give it once the citizen agreed."""
        del on_pad
        return Done(reply=signing.share(session, origin=origin, agree=ask_pin))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """Sign the hash of a document."""

    document: Document

    words: ClassVar[TaskWords] = TaskWords(
        title="sign_title", asks="sign_asks", check="sign_check", submit="sign_submit"
    )
    wants_pin: ClassVar[bool] = True

    def look(self, session: CardSession) -> CardSummary:
        """The holder of the very certificate that was named."""
        return signing.require_signer(session, self.document)

    def do(
        self,
        session: CardSession,
        *,
        origin: str,
        ask_pin: Callable[[PinQuestion], str],
        on_pad: Callable[[PinQuestion], None],
    ) -> Done:
        """Sign it."""
        return Done(
            reply=signing.sign(
                session, self.document, origin=origin, ask_pin=ask_pin, on_pad=on_pad
            )
        )

    def fingerprint(self) -> str:
        """The hash in groups of eight, to compare by eye."""
        text = self.document.digest.hex()
        return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


_GROUP: Final = 8

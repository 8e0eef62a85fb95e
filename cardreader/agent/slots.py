"""What the agent sees of readers and cards, one exchange at a time.

Real and software readers look alike through `Slots`; only a software reader has a `Rack` of cards
that the wallet can put in and take out.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from cardreader import client
from cardreader.client import CardSummary
from cardreader.errors import CardAbsent, CardError, ReaderUnavailable, UnknownCard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cardreader.client import CardSession
    from cardreader.reader import Connection, Reader, ReaderSource

_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotView:
    """One reader: its name, its card if one is there, or what is wrong with that card."""

    reader: str
    card: CardSummary | None
    trouble: CardError | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotReading(Generic[_Value]):
    """One reader, and what was read of its card, or what is wrong with that card."""

    reader: str
    value: _Value | None
    trouble: CardError | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RackCard:
    """One card of a software wallet.

    Attributes:
        name: short, of letters, digits, ``-`` and ``_``; it goes into forms.
        card: None where it cannot be shown.
        trouble: why it cannot; `CertificateAbsent` for a good card that cannot log in, None where
            the file is no card at all.
    """

    name: str
    card: CardSummary | None
    inserted: bool
    trouble: CardError | None = None


class Rack(Protocol):
    """The software cards of a wallet and the one slot they go into."""

    def cards(self) -> Sequence[RackCard]:
        """List the cards, in a steady order."""
        ...

    def inserted(self) -> str | None:
        """The name of the card that is in; cheap, for it is asked every second."""
        ...

    def insert(self, name: str) -> None:
        """Put a card in, the present one out.

        Raises:
            CardAbsent: no card of this name.
        """
        ...

    def remove(self) -> None:
        """Take the card out; nothing where none is in."""
        ...


class Slots:
    """The readers of this machine, used by one thread at a time."""

    def __init__(
        self, source: ReaderSource, *, open_session: Callable[[Connection], CardSession]
    ) -> None:
        self._source = source
        self._open_session = open_session
        self._busy = threading.Lock()

    def presence(self) -> tuple[tuple[str, bool], ...]:
        """Tell each reader's name and whether a card is in it, without talking to the card."""
        with self._busy:
            return tuple((reader.name, reader.card_present()) for reader in self._readers())

    def look(self) -> list[SlotView]:
        """Read each reader's card as far as that needs no PIN."""
        return [
            SlotView(reader=found.reader, card=found.value, trouble=found.trouble)
            for found in self.each(client.summary)
        ]

    def each(self, read: Callable[[CardSession], _Value]) -> list[SlotReading[_Value]]:
        """Read something of the card in each reader; an empty reader has neither value nor trouble.

        What ``read`` raises of a card's trouble stands in that reader's place.
        """
        with self._busy:
            return [self._reading(reader, read) for reader in self._readers()]

    def why_none(self) -> ReaderUnavailable:
        """What to tell who finds no reader."""
        with self._busy:
            return self._found()[1] or ReaderUnavailable()

    @contextmanager
    def card(self) -> Iterator[CardSession]:
        """Open the first eID card in any reader, for one exchange; other cards are passed over.

        So is a card that another program holds, or that does not answer, where one in another
        reader will do.

        Raises:
            ReaderUnavailable: there is no reader.
            ReaderBusy: another program holds the card.
            CardAbsent: no reader holds a card.
            UnknownCard: none of the cards is an eID card that we know.
            CardError: the only card is in trouble.
        """
        with self._busy, ExitStack() as stack:
            yield self._first(stack)

    def _first(self, stack: ExitStack) -> CardSession:
        readers, none = self._found()
        refusal: CardError = CardAbsent() if readers else none or ReaderUnavailable()
        for reader in readers:
            if not reader.card_present():
                continue
            with ExitStack() as attempt:
                try:
                    connection = attempt.enter_context(reader.connect())
                    session = self._open_session(connection)
                except CardError as error:
                    # What can be mended says more than that the card is none of ours.
                    if isinstance(refusal, (CardAbsent, UnknownCard)):
                        refusal = error
                    continue
                stack.push(attempt.pop_all())
                return session
        raise refusal

    def _readers(self) -> Sequence[Reader]:
        return self._found()[0]

    def _found(self) -> tuple[Sequence[Reader], ReaderUnavailable | None]:
        """The readers that are there, or why none is."""
        try:
            return self._source.readers(), None
        except ReaderUnavailable as error:
            return (), error

    def _reading(
        self, reader: Reader, read: Callable[[CardSession], _Value]
    ) -> SlotReading[_Value]:
        value: _Value | None = None
        trouble: CardError | None = None
        if reader.card_present():
            try:
                with reader.connect() as connection:
                    value = read(self._open_session(connection))
            except CardError as error:
                trouble = error
        return SlotReading(reader=reader.name, value=value, trouble=trouble)

"""A folder of software cards and the one reader they go into.

A card is a file ``<name>.json``; what it remembers (its PIN tries) is kept in that file by the card
itself, so another program that uses the same folder is seen here too.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Final

from cardreader import client
from cardreader.agent.slots import RackCard
from cardreader.errors import CardAbsent, CardError
from cardreader.sim.card import SoftCard
from cardreader.sim.reader import SimReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cardreader.client import CardSession, CardSummary
    from cardreader.reader import Connection

SUFFIX: Final = ".json"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class FolderRack:
    """The cards of one folder; a `Rack`. Threads may share it."""

    def __init__(
        self,
        folder: Path,
        reader: SimReader,
        *,
        open_session: Callable[[Connection], CardSession],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._folder = folder
        self._reader = reader
        self._open_session = open_session
        self._entropy = entropy
        self._lock = threading.Lock()
        self._inserted: str | None = None
        # What was read of a file, with the file's time when it was: a card changes its own file.
        self._read: dict[str, tuple[int, CardSummary | CardError]] = {}

    def cards(self) -> Sequence[RackCard]:
        """List the folder's cards by name; a file that is no card is listed as unreadable."""
        with self._lock:
            names = sorted(
                path.stem
                for path in self._folder.glob(f"*{SUFFIX}")
                if _NAME.fullmatch(path.stem) is not None and path.is_file()
            )
            return [self._card(name) for name in names]

    def inserted(self) -> str | None:
        """The name of the card that is in."""
        return self._inserted

    def insert(self, name: str) -> None:
        """Put a card in, the present one out.

        Raises:
            CardAbsent: no card of this name, or its file is no card.
        """
        if _NAME.fullmatch(name) is None:
            raise CardAbsent
        with self._lock:
            card = self._load(name)
            if self._inserted is not None:
                self._reader.remove()
            self._reader.insert(card)
            self._inserted = name

    def remove(self) -> None:
        """Take the card out; nothing where none is in."""
        with self._lock:
            if self._inserted is not None:
                self._reader.remove()
                self._inserted = None

    def _load(self, name: str) -> SoftCard:
        try:
            return SoftCard.load(self._folder / f"{name}{SUFFIX}", entropy=self._entropy)
        except (OSError, CardError) as error:
            raise CardAbsent from error

    def _card(self, name: str) -> RackCard:
        found, inserted = self._summary(name), name == self._inserted
        if isinstance(found, CardError):
            return RackCard(name=name, card=None, inserted=inserted, trouble=found)
        return RackCard(name=name, card=found, inserted=inserted)

    def _summary(self, name: str) -> CardSummary | CardError | None:
        summary: CardSummary | CardError
        try:
            written = (self._folder / f"{name}{SUFFIX}").stat().st_mtime_ns
            if self._read.get(name, (None, None))[0] == written:
                return self._read[name][1]
            reader = SimReader("aside")
            reader.insert(self._load(name))
        except (OSError, CardError):
            return None
        try:
            with reader.connect() as connection:
                summary = client.summary(self._open_session(connection))
        except CardError as error:
            summary = error
        self._read[name] = (written, summary)
        return summary

"""Of all readers only those whose name holds a text: the one that the citizen chose.

A reader's name changes a little when it is plugged in elsewhere, so a part of it is enough; it may
also come late. Upper and lower case are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cardreader.errors import ReaderUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cardreader.reader import Reader, ReaderSource


class ReaderNotConnected(ReaderUnavailable):
    """No reader has this name now.

    Attributes:
        name: what was asked for.
        others: the names of those that are there.
    """

    code: ClassVar[str] = "reader_not_connected"

    def __init__(self, name: str = "", others: tuple[str, ...] = ()) -> None:
        super().__init__("no reader of this name")
        self.name = name
        self.others = others


class NamedReaders:
    """A `ReaderSource` of those readers of another whose name holds ``name``."""

    def __init__(self, source: ReaderSource, name: str) -> None:
        self._source = source
        self._name = name

    def readers(self) -> Sequence[Reader]:
        """List them; a name that is exactly one reader's means that one alone.

        Raises:
            ReaderNotConnected: none of those that are there.
            ReaderUnavailable: as the source says.
        """
        there = self._source.readers()
        exact = [reader for reader in there if reader.name == self._name]
        wanted = self._name.casefold()
        found = exact or [reader for reader in there if wanted in reader.name.casefold()]
        if not found:
            raise ReaderNotConnected(self._name, tuple(reader.name for reader in there))
        return tuple(found)

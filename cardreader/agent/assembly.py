"""Which readers the agent has: the machine's own, or one software reader over a folder of cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cardreader.agent.slots import Rack, Slots
from cardreader.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence


_READER_NAME: Final = "Sesame software reader"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembled:
    """The readers, and the rack where they are software."""

    slots: Slots
    rack: Rack | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OneReader:
    """A source that always has the same reader."""

    reader: Reader

    def readers(self) -> Sequence[Reader]:
        """The reader."""
        return (self.reader,)

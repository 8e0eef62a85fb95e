"""A conversation with a card, written down and played again: the same commands, the same answers.

What went wrong is written too (a pulled, mute or reset card), and goes wrong again. PIN data is
never written; a replayed PIN command fits whatever PIN it carries. What a card says about its
holder is written, so a transcript of a real card is personal data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from cardreader.apdu import masked
from cardreader.errors import (
    CardAbsent,
    CardDataMalformed,
    CardError,
    CardMute,
    CardProtocolError,
    CardReset,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from cardreader.reader import Connection

_FORMAT: Final = "sesame-transcript/1"
_TROUBLES: Final[Mapping[str, type[CardError]]] = {
    trouble.code: trouble for trouble in (CardAbsent, CardMute, CardReset)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One command, as hexadecimal text with PIN data masked, and what came of it.

    Attributes:
        answer: empty where none came.
        trouble: the code of the error that came instead of an answer, or None.
    """

    command: str = field(repr=False)
    answer: bytes = field(default=b"", repr=False)
    trouble: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """A whole conversation."""

    atr: bytes
    turns: Sequence[Turn] = field(repr=False)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        turns = [
            [turn.command, turn.answer.hex() if turn.trouble is None else {"raises": turn.trouble}]
            for turn in self.turns
        ]
        data = {"format": _FORMAT, "atr": self.atr.hex(), "turns": turns}
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="ascii")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            OSError: the file cannot be read.
            CardDataMalformed: it is no transcript.
        """
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
            if data["format"] != _FORMAT:
                raise CardDataMalformed("format of a transcript")
            return cls(
                atr=bytes.fromhex(data["atr"]),
                turns=tuple(_turn(str(command), came) for command, came in data["turns"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CardDataMalformed(f"transcript {path.name}") from error


def _turn(command: str, came: str | Mapping[str, str]) -> Turn:
    if isinstance(came, str):
        return Turn(command=command, answer=bytes.fromhex(came))
    if came["raises"] not in _TROUBLES:
        raise ValueError("trouble")
    return Turn(command=command, trouble=came["raises"])


class Recorder:
    """A connection that writes down what passes through it; see `transcript`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turns: list[Turn] = []
        self.atr = connection.atr

    @property
    def transcript(self) -> Transcript:
        """What was said so far, and what went wrong."""
        return Transcript(atr=self.atr, turns=tuple(self._turns))

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Pass a command on; raises as the connection does."""
        text = masked(command)
        try:
            answer = self._connection.transmit(command)
        except CardError as error:
            if error.code in _TROUBLES:
                self._turns.append(Turn(command=text, trouble=error.code))
            raise
        self._turns.append(Turn(command=text, answer=answer))
        return answer

    def __enter__(self) -> Self:
        self._connection.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.__exit__(kind, error, trace)


class Replay:
    """A connection that plays a transcript, strictly in its order."""

    def __init__(self, transcript: Transcript) -> None:
        self.atr = transcript.atr
        self._turns: Iterator[Turn] = iter(transcript.turns)

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Give the written answer, or raise the written trouble.

        Raises:
            CardAbsent, CardMute, CardReset: as it is written.
            CardProtocolError: another command, or one too many. It is not shown.
        """
        turn = next(self._turns, None)
        if turn is None:
            raise CardProtocolError("the transcript has ended")
        if turn.command != masked(command):
            raise CardProtocolError("not what the transcript says")
        if turn.trouble is not None:
            raise _TROUBLES[turn.trouble]
        return turn.answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

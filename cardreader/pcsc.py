"""Real readers through PC/SC (pyscard, an optional dependency), in T=0 and held exclusively.

Every question opens a context of its own, so a reader that comes late and a PC/SC service that was
restarted need no care from callers. The binding is called at its C level: its result codes are all
that is needed to tell a pulled card from a reset or a mute one.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from cardreader.errors import (
    CardAbsent,
    CardError,
    CardMute,
    CardReset,
    ReaderBusy,
    ReaderUnavailable,
    UnknownCard,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType, TracebackType

_MEANING: Final[Mapping[str, type[CardError]]] = {
    "SCARD_W_REMOVED_CARD": CardAbsent,
    "SCARD_E_NO_SMARTCARD": CardAbsent,
    "SCARD_W_RESET_CARD": CardReset,
    "SCARD_W_UNRESPONSIVE_CARD": CardMute,
    "SCARD_W_UNPOWERED_CARD": CardMute,
    "SCARD_E_TIMEOUT": CardMute,
    "SCARD_E_NOT_TRANSACTED": CardMute,
    "SCARD_F_COMM_ERROR": CardMute,
    "SCARD_E_COMM_DATA_LOST": CardMute,
    "SCARD_E_PROTO_MISMATCH": UnknownCard,
    "SCARD_W_UNSUPPORTED_CARD": UnknownCard,
}

_FEATURE_REQUEST: Final = 3400
_FEATURE_ROW: Final = 6
_VERIFY: Final = 0x06
_MODIFY: Final = 0x07


_STATUS_WORD: Final = 2
_NOTICED_WITHIN: Final = 1000  # milliseconds


def binding() -> ModuleType:
    """Pyscard's C level.

    Raises:
        ReaderUnavailable: it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module("smartcard.scard")
    except (ImportError, OSError) as error:
        raise ReaderUnavailable(
            "pyscard is not installed: pip install 'sesame-idp[pcsc]' (and the system's pcscd)"
        ) from error


class PcscReaders:
    """The readers that the PC/SC service knows. Satisfies ``cardreader.reader.ReaderSource``."""

    def __init__(self, api: ModuleType | None = None) -> None:
        """Use a binding; pyscard where None, looked for at the first question."""
        self._api = api

    def readers(self) -> Sequence[PcscReader]:
        """List the readers that are there now; empty when none is.

        Raises:
            ReaderUnavailable: pyscard or the PC/SC service is missing.
        """
        if self._api is None:
            self._api = binding()
        api = self._api
        with _context(api) as context:
            result, names = api.SCardListReaders(context, [])
            if result == api.SCARD_E_NO_READERS_AVAILABLE:
                return ()
            _check(api, result)
            return tuple(PcscReader(api, str(name)) for name in names)


class PcscReader:
    """One slot, by its PC/SC name."""

    def __init__(self, api: ModuleType, name: str) -> None:
        self._api = api
        self.name = name

    def card_present(self) -> bool:
        """Tell whether a card is in the slot now; False also when the reader is gone."""
        api = self._api
        try:
            with _context(api) as context:
                result, states = api.SCardGetStatusChange(
                    context, 0, [(self.name, api.SCARD_STATE_UNAWARE)]
                )
                _check(api, result)
        except CardError:
            return False
        _name, state, _atr = states[0]
        return bool(state & api.SCARD_STATE_PRESENT) and not state & api.SCARD_STATE_MUTE

    def card_leaves(self) -> bool:
        """Tell whether the card is gone, or found gone by the service within a second."""
        api = self._api
        try:
            with _context(api) as context:
                known = api.SCARD_STATE_UNAWARE
                for milliseconds in (0, _NOTICED_WITHIN):
                    _result, states = api.SCardGetStatusChange(
                        context, milliseconds, [(self.name, known)]
                    )
                    known = states[0][1] & ~api.SCARD_STATE_CHANGED
                    if not known & api.SCARD_STATE_PRESENT:
                        return True
        except (CardError, IndexError):
            return True
        return False

    def connect(self) -> PcscConnection:
        """Power the card and take it for this program alone.

        Raises:
            CardAbsent: the slot is empty.
            CardMute: the card does not answer.
            UnknownCard: the card does not speak T=0.
            ReaderBusy: another program holds the card.
            ReaderUnavailable: the reader is gone.
        """
        return PcscConnection(self._api, self)


class PcscConnection:
    """A powered card. Leaving the context resets it, so that no PIN right stays behind."""

    def __init__(self, api: ModuleType, reader: PcscReader) -> None:
        self._api = api
        self._reader = reader
        result, self._context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
        _check(api, result)
        try:
            result, self._card, _protocol = api.SCardConnect(
                self._context, reader.name, api.SCARD_SHARE_EXCLUSIVE, api.SCARD_PROTOCOL_T0
            )
            _check(api, result)
            result, _name, _state, _protocol, atr = api.SCardStatus(self._card)
            _check(api, result)
        except CardError:
            api.SCardReleaseContext(self._context)
            raise
        self.atr = bytes(atr)
        self.pad = _pad(api, self._card)

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command; raises as ``cardreader.reader.Connection`` says."""
        api = self._api
        result, answer = api.SCardTransmit(self._card, api.SCARD_PCI_T0, list(command))
        if result == api.SCARD_W_RESET_CARD:
            self._reconnect()
            raise CardReset
        try:
            _check(api, result)
        except CardMute as error:
            # A card pulled in the middle of an exchange often looks mute at first.
            if self._reader.card_leaves():
                raise CardAbsent from error
            raise
        if len(answer) < _STATUS_WORD:
            # Some drivers call it a success when the card left, or never spoke.
            raise CardAbsent if self._reader.card_leaves() else CardMute
        return bytes(answer)

    def _reconnect(self) -> None:
        api = self._api
        result, _protocol = api.SCardReconnect(
            self._card, api.SCARD_SHARE_EXCLUSIVE, api.SCARD_PROTOCOL_T0, api.SCARD_LEAVE_CARD
        )
        _check(api, result)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._api.SCardDisconnect(self._card, self._api.SCARD_RESET_CARD)
        self._api.SCardReleaseContext(self._context)


class PcscPad:
    """The keys of a reader. Satisfies ``cardreader.beid.pad.Pad``."""

    def __init__(self, api: ModuleType, card: object, features: Mapping[int, int]) -> None:
        self._api = api
        self._card = card
        self._features = features

    @property
    def modifies(self) -> bool:
        """Whether the reader can also ask for a new PIN."""
        return _MODIFY in self._features

    def verify(self, structure: bytes) -> bytes:
        """Let the citizen type the PIN; raises as ``cardreader.reader.Connection`` says."""
        return self._control(_VERIFY, structure)

    def modify(self, structure: bytes) -> bytes:
        """Let the citizen type the old PIN and the new one twice; raises as `verify`."""
        return self._control(_MODIFY, structure)

    def _control(self, feature: int, structure: bytes) -> bytes:
        code = self._features[feature]
        result, answer = self._api.SCardControl(self._card, code, list(structure))
        _check(self._api, result)
        return bytes(value & 0xFF for value in answer)


def _pad(api: ModuleType, card: object) -> PcscPad | None:
    """The reader's keys, where it says that it has some (PC/SC part 10, feature request)."""
    result, answer = api.SCardControl(card, api.SCARD_CTL_CODE(_FEATURE_REQUEST), [])
    if result != api.SCARD_S_SUCCESS:
        return None
    rows = bytes(value & 0xFF for value in answer)
    features = {
        rows[at]: int.from_bytes(rows[at + 2 : at + 6], "big")
        for at in range(0, len(rows) - _FEATURE_ROW + 1, _FEATURE_ROW)
    }
    return PcscPad(api, card, features) if _VERIFY in features else None


@contextmanager
def _context(api: ModuleType) -> Iterator[object]:
    result, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
    _check(api, result)
    try:
        yield context
    finally:
        api.SCardReleaseContext(context)


def _check(api: ModuleType, result: int) -> None:
    if result == api.SCARD_S_SUCCESS:
        return
    if result == api.SCARD_E_SHARING_VIOLATION:
        raise ReaderBusy
    for name, meaning in _MEANING.items():
        if result == getattr(api, name):
            raise meaning(name)
    raise ReaderUnavailable(f"PC/SC {result & 0xFFFFFFFF:08X}")

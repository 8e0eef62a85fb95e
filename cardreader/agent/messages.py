"""Web eID native messaging as bytes: framing, the hello, commands with exact arguments, errors.

No card, no page, no clock: what comes in is refused or becomes a `Command`; what goes out is a
dictionary that `frame` turns into bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cardreader.errors import CardError, UserCancelled

if TYPE_CHECKING:
    from typing import BinaryIO, ClassVar

VERSION: Final = "2.0.0+sesame.0.1.0"
SHORTEST: Final = 5
LONGEST: Final = 8192
LONGEST_REPLY: Final = 128 * 1024
"""With files. Browsers take up to a megabyte from a host; the 8192 bytes are Web eID's own."""
_LENGTH: Final = struct.Struct("=I")

USER_CANCELLED: Final = "ERR_WEBEID_USER_CANCELLED"
USER_TIMEOUT: Final = "ERR_WEBEID_USER_TIMEOUT"
INVALID_ARGUMENT: Final = "ERR_WEBEID_NATIVE_INVALID_ARGUMENT"
FATAL: Final = "ERR_WEBEID_NATIVE_FATAL"

_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "authenticate": frozenset({"challengeNonce", "origin"}),
    "get-signing-certificate": frozenset({"origin"}),
    "sign": frozenset({"hash", "hashFunction", "certificate", "origin"}),
    "quit": frozenset(),
}
_OPTIONAL: Final = frozenset({"lang"})
# Ours: what an extension of our own may ask beside; the official one never does.
_FURTHER: Final[Mapping[str, frozenset[str]]] = {"authenticate": frozenset({"files", "reasons"})}
_LISTS: Final = frozenset({"files", "reasons"})

# Ours, beside the protocol's own: a page may tell the citizen what to do next.
_OWN_CODES: Final[Mapping[str, tuple[str, str]]] = {
    "reader_unavailable": ("ERR_SESAME_READER_UNAVAILABLE", "no card reader is available"),
    "reader_not_connected": ("ERR_SESAME_READER_UNAVAILABLE", "that card reader is not connected"),
    "reader_busy": ("ERR_SESAME_READER_UNAVAILABLE", "another program uses the card"),
    "card_absent": ("ERR_SESAME_CARD_ABSENT", "no card is in the reader"),
    "card_mute": ("ERR_SESAME_CARD_ERROR", "the card does not answer"),
    "card_reset": ("ERR_SESAME_CARD_ERROR", "another program uses the card"),
    "card_unknown": ("ERR_SESAME_CARD_UNKNOWN", "the card is not a Belgian eID card"),
    "certificate_absent": ("ERR_SESAME_CERTIFICATE_ABSENT", "the card has no such certificate"),
    "pin_wrong": ("ERR_SESAME_PIN_WRONG", "the PIN is wrong"),
    "pin_malformed": ("ERR_SESAME_PIN_MALFORMED", "a PIN has 4 to 12 digits"),
    "pin_blocked": ("ERR_SESAME_PIN_BLOCKED", "the card is blocked"),
    "card_other": ("ERR_SESAME_CARD_OTHER", "another card is in the reader"),
    "hash_unsupported": (INVALID_ARGUMENT, "the card does not sign such a hash"),
    "document_malformed": (INVALID_ARGUMENT, "hash, function and certificate do not fit"),
    "challenge_malformed": (INVALID_ARGUMENT, "the challenge must be 44 to 128 characters"),
    "origin_refused": (INVALID_ARGUMENT, "the origin cannot be signed"),
}


class MessageRefused(CardError):
    """A message that the protocol does not allow."""

    code: ClassVar[str] = "message_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command whose arguments have the right names and are all text, but for our own lists."""

    name: str
    arguments: Mapping[str, Any] = field(repr=False)


def hello() -> dict[str, str]:
    """The first message of the host: its version."""
    return {"version": VERSION}


def frame(message: Mapping[str, Any], *, longest: int = LONGEST) -> bytes:
    """Length (four bytes, native order) and UTF-8 JSON.

    Raises:
        MessageRefused: the message is longer than ``longest``, the protocol's 8192 bytes.
    """
    body = json.dumps(message, separators=(",", ":")).encode()
    if not SHORTEST <= len(body) <= longest and body != b"{}":
        raise MessageRefused("size")
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read one message of 5 to 8192 bytes; None where the other side closed before it began.

    Raises:
        MessageRefused: another length, or the stream ended in the middle.
    """
    head = _exactly(stream, _LENGTH.size)
    if not head:
        return None
    if len(head) != _LENGTH.size:
        raise MessageRefused("truncated")
    (length,) = _LENGTH.unpack(head)
    if not SHORTEST <= length <= LONGEST:
        raise MessageRefused("size")
    body = _exactly(stream, length)
    if len(body) != length:
        raise MessageRefused("truncated")
    return body


def parse_command(body: bytes) -> Command:
    """Read ``{"command", "arguments"}`` with the exact argument set of the command.

    Raises:
        MessageRefused: not such an object, an unknown command, an argument missing, extra, twice
            or not text.
    """
    members = read_object(body)
    if set(members) != {"command", "arguments"}:
        raise MessageRefused("members")
    name, arguments = members["command"], members["arguments"]
    if not isinstance(name, str) or name not in _REQUIRED or not isinstance(arguments, dict):
        raise MessageRefused("command")
    required = _REQUIRED[name]
    further = _FURTHER.get(name, frozenset()) | (_OPTIONAL if required else frozenset())
    if not required <= set(arguments) <= required | further:
        raise MessageRefused("arguments")
    if not all(isinstance(value, str) or key in _LISTS for key, value in arguments.items()):
        raise MessageRefused("arguments")
    return Command(name=name, arguments=arguments)


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object in which no member stands twice.

    Raises:
        MessageRefused: anything else.
    """
    try:
        members = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise MessageRefused("not JSON") from error
    if not isinstance(members, dict):
        raise MessageRefused("not an object")
    return members


def error_reply(code: str, message: str) -> dict[str, Any]:
    """The protocol's error object; ``message`` is a fixed text, never input."""
    return {"error": {"code": code, "message": message}}


def describe(error: CardError, *, own_codes: bool) -> dict[str, Any]:
    """Turn a refusal into ``{"code", "message"}``, with ``triesLeft`` where it is known.

    Args:
        error: any refusal of this package.
        own_codes: False for the browser extension, which knows the protocol's codes only.
    """
    if isinstance(error, UserCancelled):
        return {"code": USER_CANCELLED, "message": "the citizen cancelled"}
    code, message = _OWN_CODES.get(error.code, (FATAL, "the card operation failed"))
    if not own_codes and not code.startswith("ERR_WEBEID_"):
        code = FATAL
    described: dict[str, Any] = {"code": code, "message": message}
    tries_left = getattr(error, "tries_left", None)
    if own_codes and isinstance(tries_left, int):
        described["triesLeft"] = tries_left
    return described


def _exactly(stream: BinaryIO, length: int) -> bytes:
    gathered = b""
    while len(gathered) < length:
        piece = stream.read(length - len(gathered))
        if not piece:
            break
        gathered += piece
    return gathered


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members

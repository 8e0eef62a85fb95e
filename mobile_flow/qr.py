"""What a QR code says: a frame that is good for seconds, and the short code that is typed instead.

A frame of the animated code is ``HTTPS://<HOST>/Q/<START>/<SECONDS>/<KEYED CODE>``: upper case and
digits only, so that QR codes hold it in their alphanumeric mode (ISO/IEC 18004, 7.4.4) and stay
small. The keyed code covers the start, the second, the e-service and the purpose that will be
shown. The static code, for who needs it, has ``S`` in the place of the seconds: a weaker thing,
good for as long as its start lives.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mobile_flow.errors import CodeMalformed, FrameForged, FrameStale, FrameUnreadable, StartGone
from mobile_flow.model import ApprovalId, FlowKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mobile_flow.model import Start

FRAME_AGE: Final = timedelta(seconds=3)
"""A frame is refused when it was due longer ago than this."""
SLACK: Final = timedelta(seconds=1)
"""What the way to us and the clocks of our own machines may differ by, either way."""

_STEP: Final = timedelta(seconds=1)
_MAC_BYTES: Final = 10
_LONGEST: Final = 200
_STATIC: Final = "S"
_FRAME: Final = re.compile(
    r"HTTPS://(?P<host>[A-Z0-9.:-]{1,100})/Q/(?P<start>[A-Z2-7]{26})"
    r"/(?P<t>S|0|[1-9][0-9]{0,3})/(?P<mac>[A-Z2-7]{16})",
    re.ASCII,
)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_SIZE: Final = 8
_CODE_BYTES: Final = 5
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_CODE: Final = re.compile(f"[{_ALPHABET}]{{{_CODE_SIZE}}}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One picture's text and when the page shows it: from, and until the next one."""

    text: str = field(repr=False)
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ScannedFrame:
    """A frame as it was read; nothing in it is verified.

    Attributes:
        host: as written, in upper case, with its port if any.
        t: whole seconds since the start; ``None`` in a static code.
        mac: the keyed code as written.
    """

    host: str
    start: ApprovalId
    t: int | None
    mac: str = field(repr=False)


def new_start_id(entropy: Callable[[int], bytes]) -> ApprovalId:
    """Make an identifier of 128 random bits: base32 without padding, 26 characters."""
    return ApprovalId(_base32(entropy(16)))


def frame(start: Start, *, host: str, t: int) -> str:
    """Write the frame of second ``t`` after the start; ``host`` may carry a port."""
    return f"HTTPS://{host.upper()}/Q/{start.id}/{t}/{_mac(start, t)}"


def frames(start: Start, *, now: datetime, host: str, count: int) -> list[Frame]:
    """Write the frame to show now and those that follow, one a second, while the start lives."""
    first = max(0, (now - start.started_at) // _STEP)
    found: list[Frame] = []
    for t in range(first, first + count):
        begins = start.started_at + t * _STEP
        if begins >= start.expires_at:
            break
        found.append(
            Frame(
                text=frame(start, host=host, t=t),
                valid_from=begins,
                valid_until=min(begins + _STEP, start.expires_at),
            )
        )
    return found


def static(start: Start, *, host: str) -> str:
    """Write the one text of a static code."""
    return f"HTTPS://{host.upper()}/Q/{start.id}/{_STATIC}/{_mac(start, None)}"


def read(text: str) -> ScannedFrame:
    """Read what was scanned. Raises: FrameUnreadable."""
    match = _FRAME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise FrameUnreadable("not a frame of ours")
    t = match["t"]
    return ScannedFrame(
        host=match["host"],
        start=ApprovalId(match["start"]),
        t=None if t == _STATIC else int(t),
        mac=match["mac"],
    )


def check(start: Start, scanned: ScannedFrame, *, now: datetime) -> None:
    """Verify that this server made the frame for this start, and that it is being shown now.

    Raises:
        FrameForged: the keyed code is wrong, or the frame is of another start or kind.
        StartGone: the start has ended.
        FrameStale: it was due more than ``FRAME_AGE`` ago, or is not due yet.
    """
    expected = _mac(start, scanned.t)
    if scanned.start != start.id or not hmac.compare_digest(expected, scanned.mac):
        raise FrameForged("the keyed code is wrong")
    if (scanned.t is None) != (start.kind is FlowKind.STATIC):
        raise FrameForged("a frame of the other kind")
    if now >= start.expires_at:
        raise StartGone("the start has ended")
    if scanned.t is None:
        return
    age = now - (start.started_at + scanned.t * _STEP)
    if not -SLACK <= age <= FRAME_AGE + SLACK:
        raise FrameStale(f"{age.total_seconds():.1f} s old")


def new_code(entropy: Callable[[int], bytes]) -> str:
    """Make a code of eight characters, 40 random bits, in Crockford's base 32."""
    value = int.from_bytes(entropy(_CODE_BYTES))
    return "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(_CODE_SIZE)))


def spell_code(code: str) -> str:
    """Write a code as people read it: two groups of four."""
    return f"{code[:4]}-{code[4:]}"


def read_code(text: str) -> str:
    """Read a typed code: any case, spaces and hyphens; letters that look like digits are digits.

    Raises:
        CodeMalformed: it cannot be a code of ours.
    """
    if len(text) > 4 * _CODE_SIZE:
        raise CodeMalformed("too long")
    code = re.sub(r"[\s-]", "", text).upper().translate(_MISREAD)
    if _CODE.fullmatch(code) is None:
        raise CodeMalformed("not eight characters of the alphabet")
    return code


def svg(text: str) -> str:
    """Draw a QR code as an SVG document: for static and enrolment codes, never for frames."""
    import qrcode
    from qrcode.image.svg import SvgPathImage

    code = qrcode.QRCode(
        error_correction=qrcode.constants.ERROR_CORRECT_M, image_factory=SvgPathImage
    )
    code.add_data(text, optimize=0)
    code.make(fit=True)
    drawn: bytes = code.make_image().to_string(encoding="unicode")
    return str(drawn)


def _mac(start: Start, t: int | None) -> str:
    shown = hashlib.sha256(f"{start.shown.client_id}|{start.shown.purpose}".encode()).hexdigest()
    said = f"s1|{start.id}|{shown}" if t is None else f"q1|{start.id}|{t}|{shown}"
    return _base32(hmac.digest(start.key, said.encode("utf-8"), "sha256")[:_MAC_BYTES])


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=")

"""A notice of logout waits in the outbox from the commit in which the sign-on ended."""

from __future__ import annotations

from typing import Final

from idp.domain.ended import LogoutNotice
from idp.store.encoding import Encoding

KIND: Final = "backchannel-logout"
_ENCODING: Final[Encoding[LogoutNotice]] = Encoding(LogoutNotice)


def write_notice(notice: LogoutNotice) -> bytes:
    """Give the body of a message."""
    return _ENCODING.encode(notice)


def read_notice(body: bytes) -> LogoutNotice:
    """Give what ``write_notice`` wrote. Raises: Tampered."""
    return _ENCODING.decode(body)

"""What a citizen's machine answers with: a Web eID token, and perhaps files that travel with it.

A bare token is what the Web eID extension sends. Our own agent's answer wraps the same token
together with the signed files that were asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from cardreader.beid.carried import CarriedFiles, unpack
from cardreader.errors import TokenMalformed

FORMAT: Final = "sesame-card:1"
LONGEST: Final = 56 * 1024
"""Characters of a whole answer, files included."""
_MEMBERS: Final = frozenset({"format", "token", "files"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CardAnswer:
    """An answer taken apart; nothing in it is proven.

    Attributes:
        token: the Web eID token as JSON text, for ``CardServer.complete``.
        files: what came with it; None where only the token did.
    """

    token: str = field(repr=False)
    files: CarriedFiles | None = None


def read_answer(text: str) -> CardAnswer:
    """Take an answer apart.

    Raises:
        TokenMalformed: longer than anything we asked for, or an object of ours with other members.
        FilesMalformed: the files in it are not as they are written.
    """
    if len(text) > LONGEST:
        raise TokenMalformed("size")
    members = _object(text)
    if members is None or members.get("format") != FORMAT:
        return CardAnswer(token=text)
    if set(members) != _MEMBERS or not isinstance(members["token"], dict):
        raise TokenMalformed("members")
    return CardAnswer(token=json.dumps(members["token"]), files=unpack(members["files"]))


def _object(text: str) -> dict[str, Any] | None:
    """Give the object in the text; what is none is left to the token's own reader to refuse."""
    try:
        members = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members

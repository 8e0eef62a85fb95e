"""The audit rows: written in the unit that they record, linked into the chain afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, null, select, update

from idp.domain.audit_event import digest_input, payload_of, stream_of
from idp.store.ports import VersionConflict
from idp.store.sql import schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Row, Statement
from idp.store.upkeep import AuditHead, AuditRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from idp.domain.audit_event import AuditEvent
    from idp.store.ports import Vault
    from idp.store.sql.statement import Link

_PURPOSE: Final = "audit"
_T: Final = schema.audit
_H: Final = schema.audit_heads
_E: Final = schema.audit_erasures
_ROW = (_T.c.id, _T.c.stream, _T.c.at, _T.c.payload, _T.c.digest, _T.c.sequence, _T.c.link)
_HEAD = ("sequence", "link", "at", "statement")

_RECORD: Final = Statement(
    insert(_T)
    .values({name: bindparam(name) for name in ("id", "stream", "at", "payload", "digest")})
    .inline()
)
_UNSEALED: Final = Statement(
    select(*_ROW).where(_T.c.sequence.is_(None)).order_by(_T.c.position).limit(bindparam("most"))
)
_TAIL: Final = Statement(
    select(*_ROW)
    .where(_T.c.sequence.is_not(None))
    .order_by(_T.c.sequence.desc())
    .limit(bindparam("most"))
)
_SEALED: Final = Statement(
    select(*_ROW)
    .where(_T.c.sequence > bindparam("after"))
    .order_by(_T.c.sequence)
    .limit(bindparam("most"))
)
_SEAL: Final = Statement(
    update(_T)
    .where(_T.c.id == bindparam("which"), _T.c.sequence.is_(None))
    .values(sequence=bindparam("number"), link=bindparam("chained"))
)
_ERASED: Final = Statement(
    select(_E.c.through).order_by(_E.c.through.desc()).limit(bindparam("most"))
)
_ERASE: Final = Statement(
    update(_T)
    .where(
        _T.c.sequence > bindparam("after"),
        _T.c.sequence <= bindparam("last"),
        _T.c.payload.is_not(None),
    )
    .values(payload=null())
)
_NOTE_ERASURE: Final = Statement(
    insert(_E).values({name: bindparam(name) for name in ("through", "at")})
)
_ADD_HEAD: Final = Statement(insert(_H).values({name: bindparam(name) for name in _HEAD}))
_HEADS: Final = Statement(select(*(_H.c[name] for name in _HEAD)).order_by(_H.c.sequence, _H.c.id))
_LAST_HEAD: Final = Statement(
    select(*(_H.c[name] for name in _HEAD))
    .order_by(_H.c.sequence.desc(), _H.c.id.desc())
    .limit(bindparam("most"))
)


def record(link: Link, vault: Vault, event: AuditEvent, *, row_id: str) -> None:
    """Insert the row of ``event`` with the MAC that covers it."""
    payload = payload_of(event)
    stream = stream_of(event)
    covered = digest_input(row_id=row_id, stream=stream, payload=payload)
    link.later(
        _RECORD,
        {
            "id": row_id,
            "stream": stream,
            "at": micros(event.at),
            "payload": payload,
            "digest": vault.fingerprint(_PURPOSE, covered),
        },
    )


class SqlAuditTrail:
    """``AuditTrail`` in SQL."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def unsealed(self, *, limit: int) -> Sequence[AuditRow]:
        """Give rows without a place in the chain, in the order they were written."""
        return [_row(row) for row in self._link.all(_UNSEALED, {"most": limit})]

    def tail(self) -> AuditRow | None:
        """Give the last sealed row."""
        row = self._link.one(_TAIL, {"most": 1})
        return None if row is None else _row(row)

    def seal(self, row_id: str, *, sequence: int, link: bytes) -> None:
        """Give an unsealed row its place. Raises: VersionConflict, Duplicate."""
        values = {"which": row_id, "number": sequence, "chained": link}
        if not self._link.run(_SEAL, values):
            raise VersionConflict(row_id)

    def rows(self, *, after: int, limit: int) -> Sequence[AuditRow]:
        """Give sealed rows after a sequence number."""
        return [_row(row) for row in self._link.all(_SEALED, {"after": after, "most": limit})]

    def erased_through(self) -> int:
        """Give how far payloads were erased; 0 for none."""
        row = self._link.one(_ERASED, {"most": 1})
        return 0 if row is None else int(row[0])

    def erase(self, *, through: int, at: datetime) -> int:
        """Erase the payloads up to a place and note it. Raises: VersionConflict."""
        before = self.erased_through()
        if before >= through:
            raise VersionConflict(str(through))
        gone = self._link.run(_ERASE, {"after": before, "last": through})
        self._link.run(_NOTE_ERASURE, {"through": through, "at": micros(at)})
        return gone

    def add_head(self, head: AuditHead) -> None:
        """Keep a signed head."""
        self._link.run(
            _ADD_HEAD,
            {
                "sequence": head.sequence,
                "link": head.link,
                "at": micros(head.at),
                "statement": head.statement,
            },
        )

    def last_head(self) -> AuditHead | None:
        """Give the head that saw furthest."""
        row = self._link.one(_LAST_HEAD, {"most": 1})
        return None if row is None else _head(row)

    def heads(self) -> Sequence[AuditHead]:
        """Give every head, by sequence."""
        return [_head(row) for row in self._link.all(_HEADS, {})]


def _head(row: Row) -> AuditHead:
    sequence, link, at, statement = row
    return AuditHead(sequence=sequence, link=link, at=moment(at), statement=statement)


def _row(row: Row) -> AuditRow:
    row_id, stream, at, payload, digest, sequence, link = row
    return AuditRow(
        id=row_id,
        stream=stream,
        at=moment(at),
        payload=None if payload is None else _bytes(payload),
        digest=_bytes(digest),
        sequence=sequence,
        link=None if link is None else _bytes(link),
    )


def _bytes(value: object) -> bytes:
    """Take a text that somebody wrote into a binary column as bytes, for the verifier to judge."""
    return value if isinstance(value, bytes) else str(value).encode()

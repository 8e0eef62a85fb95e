"""The rows of the keys: the sealed root, and the ring under its generation.

Two doors: ``SqlKeys`` inside a unit of work, and, for ``keys`` which opens none, ``RootRows`` over
an engine before there is a vault and ``RingRows`` over a Ledger, with the audit row of each change.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, exists, insert, literal_column, or_, select, true, update

from idp.domain.audit_event import key_changed
from idp.store.ports import Duplicate, StoreUnavailable
from idp.store.sql import phone_tables, schema
from idp.store.sql.moments import micros, moment
from idp.store.sql.statement import Statement
from keys.errors import RecordsUnavailable, RingMoved, VaultFounded
from keys.ports import KeyRecord, RootRecord, Snapshot, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Table

    from idp.store.ports import Ledger
    from idp.store.sql.engine import Engine
    from idp.store.sql.statement import Link, Row
    from keys.ports import RingChange

_T: Final = schema.signing_keys
_R: Final = schema.key_ring
_ROOT: Final = schema.key_roots
_SEALED: Final = (
    schema.signing_keys,
    schema.people,
    schema.sessions,
    schema.codes,
    schema.grants,
    schema.families,
    schema.outbox,
    schema.audit,
    phone_tables.handles,
    phone_tables.devices,
    phone_tables.enrolments,
    phone_tables.approvals,
    phone_tables.otp_secrets,
)
"""Every table that holds something sealed or fingerprinted by the vault."""

_READ_ROOT: Final = Statement(select(_ROOT))
_ADD_ROOT: Final = Statement(insert(_ROOT))
_ANY: Final = Statement(
    select(literal_column("1")).where(
        or_(*(exists(select(literal_column("1")).select_from(table)) for table in _SEALED))
    )
)
_GENERATION: Final = Statement(select(_R.c.generation))
# One statement, so that ring and rows are of one moment on every engine.
_SNAPSHOT: Final = Statement(
    select(_R.c.generation, _R.c.seal, *_T.c)
    .select_from(_R.outerjoin(_T, true()))
    .order_by(_T.c.kid)
)
_TURN: Final = Statement(
    update(_R)
    .where(_R.c.generation == bindparam("expected"))
    .values(generation=bindparam("new"), seal=bindparam("over_all"))
    .returning(_R.c.generation)
)


def _put(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_T)
    changing = ("state", "signing_at", "retiring_at", "retired_at", "generation", "sealed")
    return statement.on_conflict_do_update(
        index_elements=[_T.c.kid],
        set_={name: statement.excluded[name] for name in changing},
    )


_PUT: Final = Statement(_put)


class KeysUnavailable(StoreUnavailable, RecordsUnavailable):
    """The store did not answer about keys: a refusal in the catalogue, and an error of ``keys``."""


class SqlKeys:
    """``KeyRows`` in SQL: the repository of a unit."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def root(self) -> RootRecord | None:
        """Give the root, if there is one."""
        row = self._link.one(_READ_ROOT, {})
        if row is None:
            return None
        root_id, version, sealed, created_at = row
        return RootRecord(
            id=root_id, version=version, sealed=bytes(sealed), created_at=moment(created_at)
        )

    def add_root(self, record: RootRecord) -> None:
        """Insert the root. Raises: VaultFounded when there is one."""
        values = {
            "id": record.id,
            "version": record.version,
            "sealed": record.sealed,
            "created_at": micros(record.created_at),
        }
        try:
            self._link.run(_ADD_ROOT, values)
        except Duplicate:
            raise VaultFounded("somebody else founded the vault just now") from None

    def anything_sealed(self) -> bool:
        """Tell whether any row needs the root to be read or believed."""
        return self._link.one(_ANY, {}) is not None

    def generation(self) -> int:
        """Give the ring's generation; 0 where no ring was ever written."""
        row = self._link.one(_GENERATION, {})
        return 0 if row is None else int(row[0])

    def snapshot(self) -> Snapshot:
        """Give the whole ring in one statement."""
        rows = self._link.all(_SNAPSHOT, {})
        if not rows:
            return Snapshot(generation=0, seal=b"", keys=())
        return Snapshot(
            generation=int(rows[0][0]),
            seal=bytes(rows[0][1]),
            keys=tuple(_record(row[2:]) for row in rows if row[2] is not None),
        )

    def write(
        self, keys: Sequence[KeyRecord], *, expected: int, generation: int, seal: bytes
    ) -> None:
        """Turn the ring to ``generation`` if it stands at ``expected``. Raises: RingMoved."""
        turned = {"expected": expected, "new": generation, "over_all": seal}
        if self._link.one(_TURN, turned) is None:
            raise RingMoved(f"the ring is not at generation {expected} any more")
        for key in keys:
            self._link.run(_PUT, _values(key))


class RootRows:
    """``RootRecords`` over an engine: all that can be read before the vault is open."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def root(self) -> RootRecord | None:
        """Give the root, if there is one. Raises: KeysUnavailable."""
        with _answering(), self._engine.reading() as link:
            return SqlKeys(link).root()

    def add_root(self, record: RootRecord) -> None:
        """Insert the root. Raises: VaultFounded, KeysUnavailable."""
        with _answering(), self._engine.writing() as link:
            SqlKeys(link).add_root(record)

    def anything_sealed(self) -> bool:
        """Tell whether any row needs the root. Raises: KeysUnavailable."""
        with _answering(), self._engine.reading() as link:
            return SqlKeys(link).anything_sealed()


class RingRows:
    """``RingRecords`` over a Ledger; a change and its audit rows are one unit."""

    __slots__ = ("_ledger",)

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def generation(self) -> int:
        """Give the generation. Raises: KeysUnavailable."""
        with _answering(), self._ledger.read() as unit:
            return unit.keys.generation()

    def snapshot(self) -> Snapshot:
        """Give the ring. Raises: KeysUnavailable."""
        with _answering(), self._ledger.read() as unit:
            return unit.keys.snapshot()

    def commit(self, change: RingChange) -> None:
        """Write rows, generation and one audit row a key. Raises: RingMoved, KeysUnavailable."""
        with _answering(), self._ledger.begin() as unit:
            unit.keys.write(
                change.keys,
                expected=change.expected,
                generation=change.generation,
                seal=change.seal,
            )
            for move in change.moves:
                unit.record(
                    key_changed(
                        kid=move.kid, at=change.at, actor=change.by, change=move.state.value
                    )
                )


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise KeysUnavailable(error.detail) from error


def _record(row: Row) -> KeyRecord:
    kid, algorithm, state, announced, signing, retiring, retired, generation, sealed = row
    return KeyRecord(
        kid=kid,
        algorithm=algorithm,
        state=State(state),
        announced_at=moment(announced),
        signing_at=moment(signing),
        retiring_at=moment(retiring),
        retired_at=moment(retired),
        generation=int(generation),
        sealed=bytes(sealed),
    )


def _values(key: KeyRecord) -> dict[str, object]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "announced_at": micros(key.announced_at),
        "signing_at": micros(key.signing_at),
        "retiring_at": micros(key.retiring_at),
        "retired_at": micros(key.retired_at),
        "generation": key.generation,
        "sealed": key.sealed,
    }

"""Phones: what was registered is sealed once; what changes stands in columns of its own.

The counter and the flag BS only follow a verified assertion, and the counter never falls, in
whatever order two assertions arrive. A removed phone keeps its row, for the receipts that name it
and so that its credential and its key are never registered again; it loses its push address.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    LargeBinary,
    bindparam,
    case,
    exists,
    literal_column,
    null,
    select,
    update,
)

from idp.store.encoding import Encoding
from idp.store.ports import Duplicate
from idp.store.sealing import unseal
from idp.store.sql import phone_tables
from idp.store.sql.moments import micros, moment
from idp.store.sql.phone_rows import Rows, digest
from idp.store.sql.statement import Statement
from mobile_flow.model import Credential, Device, DeviceId, PersonRef, PushSubscription

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Table

    from idp.store.ports import Vault
    from idp.store.sql.statement import Row

_PURPOSE: Final = "devices"
_NAME: Final = "device-name"
_PUSH: Final = "device-push"
_HANDLE: Final = "user-handle"
_REMEMBERED: Final = 1024
_DEVICE: Final[Encoding[Device]] = Encoding(Device)
_SUBSCRIPTION: Final[Encoding[PushSubscription]] = Encoding(PushSubscription)
_T: Final = phone_tables.devices
_H: Final = phone_tables.handles
_RP: Final = phone_tables.relying_party
_COLUMNS = (
    _T.c.id,
    _T.c.person,
    _T.c.name,
    _T.c.body,
    _T.c.push,
    _T.c.sign_count,
    _T.c.backed_up,
    _T.c.high_from,
    _T.c.used_at,
    _T.c.removed_at,
    _T.c.suspected_at,
)
_LIVE: Final = _T.c.removed_at.is_(None)
_ONE: Final = _T.c.id == bindparam("which")
_OWN: Final = _T.c.person == bindparam("who")

_READ_HANDLE: Final = Statement(select(_H.c.handle).where(_H.c.person == bindparam("person")))
_HOLD: Final = Statement(
    select(_H.c.handle).where(_H.c.person == bindparam("person")).with_for_update()
)
"""Every person with a phone has a handle; where units are serial anyway, it is only read."""
_ADD_HANDLE: Final = Statement(lambda new: new(_H).on_conflict_do_nothing().returning(_H.c.handle))
_ADD: Final = Statement(lambda new: new(_T).on_conflict_do_nothing().returning(_T.c.id))
_GET: Final = Statement(select(*_COLUMNS).where(_ONE))
_BY_CREDENTIAL: Final = Statement(
    select(*_COLUMNS).where(_T.c.credential == bindparam("credential"), _LIVE)
)
_OF_PERSON: Final = Statement(
    select(*_COLUMNS).where(_OWN, _LIVE).order_by(_T.c.enrolled_at, _T.c.id)
)
_count: Any = bindparam("count", type_=_T.c.sign_count.type)
_USE: Final = Statement(
    update(_T)
    .where(_ONE, _LIVE)
    .values(
        sign_count=case((_T.c.sign_count < _count, _count), else_=_T.c.sign_count),
        backed_up=bindparam("bs"),
        used_at=bindparam("at"),
    )
)
_RENAME: Final = Statement(update(_T).where(_ONE, _OWN, _LIVE).values(name=bindparam("new")))
_REMOVE: Final = Statement(
    update(_T).where(_ONE, _OWN, _LIVE).values(removed_at=bindparam("at"), push=null())
)
_SET_PUSH: Final = Statement(
    update(_T).where(_ONE, _LIVE).values(push=bindparam("new", type_=LargeBinary()))
)
_at: Any = bindparam("at", type_=_T.c.high_from.type)
_until: Any = bindparam("until", type_=_T.c.high_from.type)
_TRUST: Final = Statement(
    update(_T).where(_ONE, _OWN, _LIVE, _T.c.high_from > _at).values(high_from=_at)
)
_SUSPECT: Final = Statement(
    update(_T).where(_ONE, _LIVE, _T.c.suspected_at.is_(None)).values(suspected_at=bindparam("at"))
)
_DOUBT: Final = Statement(update(_T).where(_LIVE, _T.c.high_from < _until).values(high_from=_until))
_REMOVED: Final = Statement(
    select(_T.c.id, _T.c.person, _T.c.removed_at)
    .where(_T.c.removed_at >= bindparam("since"))
    .order_by(_T.c.removed_at, _T.c.id)
)


def _fix(new: Callable[[Table], Any]) -> Any:  # noqa: ANN401 - the dialect's own insert
    statement = new(_RP)
    return statement.on_conflict_do_update(
        index_elements=[_RP.c.id],
        set_={"rp_id": statement.excluded.rp_id},
        where=~exists(select(literal_column("1")).select_from(_T)),
    )


_FIX: Final = Statement(_fix)
_FIXED: Final = Statement(select(_RP.c.rp_id))


class DeviceRows(Rows):
    """The verbs of ``PhoneRows`` about phones."""

    __slots__ = ()

    def relying_party(self) -> str | None:
        """Give the identifier that passkeys are made for here, if one was fixed."""
        row = self._link.one(_FIXED, {})
        return None if row is None else str(row[0])

    def fix_relying_party(self, rp_id: str) -> None:
        """Fix it; where any phone was ever enrolled, the former stays."""
        self._link.run(_FIX, {"id": 1, "rp_id": rp_id})

    def user_handle(self, person: PersonRef, *, candidate: bytes) -> bytes:
        """Read the handle; where there is none the first to insert gives it."""
        key = {"person": person}
        sealed = self._seal(_HANDLE, (person,), candidate)
        row = (
            self._link.one(_READ_HANDLE, key)
            or self._link.one(_ADD_HANDLE, {**key, "handle": sealed})
            or self._link.one(_READ_HANDLE, key)
        )
        if row is None:
            raise Duplicate("user handle")
        return self._open(_HANDLE, (person,), row[0])

    def hold(self, person: PersonRef) -> None:
        """Lock the person's handle until the unit ends."""
        self._link.one(_HOLD, {"person": person})

    def add_device(self, device: Device) -> bool:
        """Insert, unless credential or key was ever registered."""
        row = self._link.one(
            _ADD,
            {
                "id": device.id,
                "person": device.person,
                "credential": digest(device.credential.id),
                "device_key": digest(device.device_key),
                "name": self._name(device.id, device.person, device.name),
                "body": self._seal(_PURPOSE, _identity(device), _DEVICE.encode(_fixed(device))),
                "push": self._push(device.id, device.push),
                "sign_count": device.credential.sign_count,
                "backed_up": device.credential.backed_up,
                "enrolled_at": micros(device.enrolled_at),
                "high_from": micros(device.high_from),
                "used_at": micros(device.used_at),
                "removed_at": micros(device.removed_at),
                "suspected_at": micros(device.suspected_at),
            },
        )
        return row is not None

    def device(self, device_id: DeviceId) -> Device | None:
        """Read one, removed or not."""
        row = self._link.one(_GET, {"which": device_id})
        return None if row is None else self._device(row)

    def device_of(self, credential_id: bytes, *, user_handle: bytes | None) -> Device | None:
        """Read the live one; a handle that is somebody else's finds nothing."""
        row = self._link.one(_BY_CREDENTIAL, {"credential": digest(credential_id)})
        if row is None:
            return None
        device = self._device(row)
        if user_handle is not None and not hmac.compare_digest(user_handle, device.user_handle):
            return None
        return device

    def devices(self, person: PersonRef) -> Sequence[Device]:
        """Read the live ones of a person."""
        return [self._device(row) for row in self._link.all(_OF_PERSON, {"who": person})]

    def use_device(self, device_id: DeviceId, *, credential: Credential, at: datetime) -> bool:
        """Keep what an assertion said, in one statement."""
        values = {
            "which": device_id,
            "count": credential.sign_count,
            "bs": credential.backed_up,
            "at": micros(at),
        }
        return self._link.run(_USE, values) == 1

    def rename_device(self, device_id: DeviceId, *, person: PersonRef, name: str) -> bool:
        """Rename a live one of this person."""
        values = {"which": device_id, "who": person, "new": self._name(device_id, person, name)}
        return self._link.run(_RENAME, values) == 1

    def remove_device(self, device_id: DeviceId, *, person: PersonRef, at: datetime) -> bool:
        """Remove a live one of this person."""
        values = {"which": device_id, "who": person, "at": micros(at)}
        return self._link.run(_REMOVE, values) == 1

    def set_push(self, device_id: DeviceId, push: PushSubscription | None) -> bool:
        """Keep, or forget, where its messages go; ``False`` if it was removed."""
        values = {"which": device_id, "new": self._push(device_id, push)}
        return self._link.run(_SET_PUSH, values) == 1

    def trust_device(
        self, device_id: DeviceId, *, person: PersonRef, card_used_at: datetime
    ) -> bool:
        """End the wait of one that still waits."""
        values = {"which": device_id, "who": person, "at": micros(card_used_at)}
        return self._link.run(_TRUST, values) == 1

    def suspect_device(self, device_id: DeviceId, *, at: datetime) -> bool:
        """Note it once; ``False`` if it was noted before, or the phone removed."""
        return self._link.run(_SUSPECT, {"which": device_id, "at": micros(at)}) == 1

    def doubt_devices(self, *, until: datetime) -> int:
        """Put off those that trust has reached; give how many."""
        return self._link.run(_DOUBT, {"until": micros(until)})

    def removed_devices(self, *, since: datetime) -> Sequence[tuple[DeviceId, PersonRef, datetime]]:
        """Read the columns alone."""
        rows = self._link.all(_REMOVED, {"since": micros(since)})
        return [(DeviceId(key), PersonRef(person), moment(at)) for key, person, at in rows]

    def _name(self, device_id: str, person: str, name: str) -> bytes:
        return self._seal(_NAME, (device_id, person), name.encode())

    def _push(self, device_id: str, push: PushSubscription | None) -> bytes | None:
        if push is None:
            return None
        return self._seal(_PUSH, (device_id,), _SUBSCRIPTION.encode(push))

    def _device(self, row: Row) -> Device:
        key, person, name, body, push, count, backed_up = row[:7]
        vault: Any = self._vault  # a protocol does not say that what has it hashes by identity
        fixed = _opened(vault, key, person, body, name)
        credential = fixed.credential
        if (credential.sign_count, credential.backed_up) != (count, bool(backed_up)):
            credential = replace(credential, sign_count=count, backed_up=bool(backed_up))
        high_from, used_at, removed_at, suspected_at = (moment(at) for at in row[7:])
        subscription = None if push is None else self._open(_PUSH, (key,), push)
        return replace(
            fixed,
            credential=credential,
            push=None if subscription is None else _SUBSCRIPTION.decode(subscription),
            high_from=high_from or fixed.high_from,
            used_at=used_at,
            removed_at=removed_at,
            suspected_at=suspected_at,
        )


@lru_cache(maxsize=_REMEMBERED)
def _opened(vault: Vault, key: str, person: str, body: bytes, name: bytes) -> Device:
    """Open what never changes of a phone, and its name; a phone is read at each of its calls.

    Remembered by the very bytes that were opened and by the row that they stood in: a value that
    was changed, moved or is another vault's is opened, and refused, as ever. Raises: Tampered.
    """
    fixed = _DEVICE.decode(unseal(vault, _PURPOSE, (key, person), body))
    return replace(fixed, name=unseal(vault, _NAME, (key, person), name).decode())


def _identity(device: Device) -> tuple[str, ...]:
    return (device.id, device.person)


def _fixed(device: Device) -> Device:
    """Give what never changes; the rest is read from the columns."""
    return replace(device, name="", push=None, used_at=None, removed_at=None, suspected_at=None)

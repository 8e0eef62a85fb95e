"""The phone's repository: ``mobile_flow.ports.PhoneRows`` in SQL, put together."""

from __future__ import annotations

from idp.store.sql.approval_states import ApprovalStateRows
from idp.store.sql.approvals import ApprovalRows
from idp.store.sql.devices import DeviceRows
from idp.store.sql.enrolments import EnrolmentRows
from idp.store.sql.known_browsers import KnownBrowserRows
from idp.store.sql.otp import OtpRows
from idp.store.sql.tries import TryRows
from idp.store.sql.user_codes import UserCodeRows


class SqlPhones(
    DeviceRows,
    EnrolmentRows,
    ApprovalRows,
    ApprovalStateRows,
    OtpRows,
    TryRows,
    KnownBrowserRows,
    UserCodeRows,
):
    """Every verb about phones, over one link."""

    __slots__ = ()

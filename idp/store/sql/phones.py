"""The phone's repository: ``mobile_flow.ports.PhoneRows`` in SQL, put together."""

from __future__ import annotations

from idp.store.sql.approvals import ApprovalRows
from idp.store.sql.devices import DeviceRows
from idp.store.sql.enrolments import EnrolmentRows
from idp.store.sql.otp import OtpRows
from idp.store.sql.tries import TryRows


class SqlPhones(DeviceRows, EnrolmentRows, ApprovalRows, OtpRows, TryRows):
    """Every verb about phones, over one link."""

    __slots__ = ()

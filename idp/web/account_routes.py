"""The addresses of the citizen's page, where phones are offered at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.login import own
from idp.login.sessions import SessionRules
from idp.web import account_sessions
from idp.web.account import AccountPage
from idp.web.account_changes import OTP, PHONE, AccountChanges
from idp.web.account_code import PATH as CODE
from idp.web.account_code import AccountCode
from idp.web.citizens import Citizens

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from idp.services import Services
    from idp.web.answers import Answers
    from idp.web.browser import Browser
    from idp.web.cookies import Cookies
    from idp.web.i18n import Texts
    from idp.web.pages import Pages

    View = Callable[[Request, Browser], Response]


def account_routes(
    services: Services, *, answers: Answers, pages: Pages, names: Cookies, texts: Texts
) -> tuple[tuple[str, str, View], ...]:
    """Give method, path and handler of each; none where phones are not offered."""
    desk, settings = services.phone, services.settings
    if desk is None:
        return ()
    lives = settings.lifetimes
    citizens = Citizens(
        services.ledger,
        services.vault,
        rules=SessionRules(
            idle=lives.session_idle, absolute=lives.session, crossing=lives.session_crossing
        ),
        now=services.now,
    )
    page = AccountPage(
        services.flow,
        desk.enrolments,
        None if desk.totp is None else desk.passwords,
        issuer=settings.issuer,
        codes=services.user_codes,
        citizens=citizens,
        ledger=services.ledger,
        openings=services.openings,
        answers=answers,
        pages=pages,
        names=names,
        texts=texts,
        now=services.now,
    )
    ending = account_sessions.AccountSessions(citizens, services.ledger, now=services.now)
    changes = AccountChanges(
        desk.enrolments,
        None if desk.totp is None else desk.passwords,
        issuer=settings.issuer,
        citizens=citizens,
        ephemeral=services.foundation.ephemeral,
        vault=services.vault,
        pages=pages,
        names=names,
        now=services.now,
    )
    code = AccountCode(services.user_codes, changed=changes.changed, names=names)
    return (
        ("GET", own.PATH, page.get),
        ("GET", f"{own.PATH}/login", page.login),
        ("POST", account_sessions.END, ending.end),
        ("POST", account_sessions.END_OTHERS, ending.end_others),
        ("POST", f"{own.PATH}/phones", changes.add),
        ("POST", f"{own.PATH}/phones/rename", changes.rename),
        ("POST", f"{own.PATH}/phones/remove", changes.remove),
        ("GET", PHONE, changes.phone),
        ("GET", f"{PHONE}/status", changes.status),
        ("POST", f"{PHONE}/confirm", changes.confirm),
        ("POST", f"{PHONE}/cancel", changes.cancel),
        ("GET", OTP, changes.otp),
        ("POST", OTP, changes.begin_otp),
        ("POST", f"{OTP}/confirm", changes.confirm_otp),
        ("POST", f"{OTP}/remove", changes.remove_otp),
        ("POST", CODE, code.choose),
        ("POST", f"{CODE}/remove", code.remove),
    )

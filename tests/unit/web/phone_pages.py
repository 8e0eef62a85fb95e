"""The pages of the phone and of the citizen, rendered in each of their states, behind a small door.

Beside them stand those that few e-services lead to: a logo, verified claims, frames at the logout.

with showing(free_port) as origin: tab.goto(f"{origin}/show/mobile-number?lang=fr")
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from werkzeug.wrappers import Request, Response

from idp.config import Environment, Settings
from idp.errors import LOGIN_NAME_MISTYPED, OTP_REFUSED, PASSKEY_REFUSED
from idp.web.files import StaticFiles
from idp.web.i18n import Texts
from idp.web.pages import Pages
from idp.web.telling import Told
from idp.web.waits import Wait
from mobile_flow import qr
from tests.unit.web.doubles import CLIENT, REASON, TOKEN, TX
from tests.unit.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = Path(__file__).parents[3] / "mobile_flow" / "pwa" / "icons" / "mark-192.png"
FRAME = "HTTPS://LOGIN.SESAME.EXAMPLE/Q/ABCDEFGHIJKLMNOPQRSTUVWXYZ/12/ABCDEFGHIJKLMNOP"
OPTIONS = {"challenge": "A" * 43, "rpId": "localhost", "userVerification": "required"}
WHEN = "24 november 2026 15:00"


def _phone(state: str, how: str = "animated", **more: Any) -> dict[str, Any]:
    still = how == "static"
    phone = {
        "state": state,
        "how": how,
        "number": None,
        "contested": False,
        "static_allowed": True,
        "picture": Markup(qr.svg(FRAME)) if still else "",
        "code": "ABCD-2345" if still else "",
        "renew": 30 if still else None,
        **more,
    }
    return {"phone": phone}


def _row(key: str, **more: Any) -> dict[str, Any]:
    plain = {"name": "Gsm", "since": WHEN, "used": "", "copied": False, "synced": False}
    return {"id": key, **plain, "waits": "", **more}


def _session(key: str, **more: Any) -> dict[str, Any]:
    plain = {"here": False, "means": "method.card", "since": WHEN, "used": WHEN, "services": []}
    return {"key": key, **plain, **more}


def _mine(**more: Any) -> dict[str, Any]:
    phones = [
        _row("d1", used=WHEN, waits=WHEN),
        _row("d2", name="W" * 40, synced=True),
        _row("d3", copied=True),
    ]
    mine = {
        "person_name": "Nora Élise Van Voorbeeld",
        "card": True,
        "phones": phones,
        "notices": [
            ("new_phone", {"name": "Gsm", "when": WHEN}),
            ("copied", {"name": "Gsm", "when": WHEN}),
            *((kind, {"when": WHEN}) for kind in ("mobile", "push", "otp")),
        ],
        "sessions": [
            _session("here", here=True, services=["Gemeente Specimen", "W" * 40]),
            _session("there", means="account.session.push"),
        ],
        "code_since": WHEN,
        "otp": True,
        "otp_since": WHEN,
        "otp_name": "ABCDE-FGHJK",
        "recent": [
            {"verb": verb, "client": "Gemeente Specimen", "state": state, "when": WHEN}
            for verb, state in (("log_in", "consumed"), ("pay", "reported"), ("share", "expired"))
        ],
        **more,
    }
    return {"mine": mine, "trouble": None}


def _entering(state: str) -> dict[str, Any]:
    open_ = state == "open"
    return {
        "state": state,
        "matching": "K7QX" if state == "claimed" else "",
        "device_name": "Gsm",
        "app": "https://login.sesame.example/phone/",
        "code": "ABCD-2345" if open_ else "",
        "picture": Markup(qr.svg(FRAME)) if open_ else "",
    }


def _claims(language: str) -> dict[str, Any]:
    texts, reason = Texts(), {"reason": REASON[language], "verified": False}
    names = {"verified_claims/given_name": "An", "verified_claims/birthdate": "12 mei 1990"}
    proven = [
        {
            "name": name,
            "words": texts.claim(language, name),
            "value": value,
            "essential": place == 0,
            **reason,
            "verified": True,
        }
        for place, (name, value) in enumerate(names.items())
    ]
    plain = {"name": "name", "words": texts.claim(language, "name"), "value": "An Peeters"}
    return {
        "client_logo": LOGO,
        "claims": [*proven, {**plain, "essential": False, **reason}],
        "person_name": "An Peeters",
        "shared_code": False,
        "offline": False,
    }


def _told(language: str) -> dict[str, Any]:
    names = (CLIENT.display_name(language), "W" * 40)
    told = Told(told=names, untold=("Gemeente Specimen",), frames=("/elsewhere",))
    return {"told": told, "back": None, "again": "/elsewhere", "back_name": names[0]}


LOGO = {"address": "/logos/mark.png", "width": 192, "height": 192}
SHOWN: dict[str, tuple[str, Any]] = {
    "choose-logo": ("choose", {"methods": ("card", "totp"), "client_logo": LOGO}),
    "consent-verified": ("consent", _claims),
    "signed-out-frames": ("signed_out", _told),
    "choose-phone": ("choose", {"methods": ("passkey", "mobile", "card", "totp")}),
    "choose-handheld": (
        "choose",
        {"methods": ("passkey", "mobile", "card", "totp"), "handheld": True},
    ),
    "passkey": ("passkey", {}),
    "passkey-refused": ("passkey", {"trouble": PASSKEY_REFUSED}),
    "mobile": ("mobile", _phone("showing")),
    "mobile-handheld": ("mobile", {**_phone("showing"), "handheld": True}),
    "mobile-static": ("mobile", _phone("showing", "static")),
    "mobile-number": ("mobile", _phone("claimed", number="42", contested=True)),
    "mobile-matched": ("mobile", _phone("matched")),
    **{
        f"mobile-{state}": ("mobile", _phone(state))
        for state in ("refused", "reported", "wrong_number", "cancelled", "expired")
    },
    "totp": ("totp", {}),
    "totp-refused": ("totp", {"trouble": LOGIN_NAME_MISTYPED}),
    "new-phone": ("new_phone", {"new_phone": {"id": "d1", "name": "W" * 40, "when": WHEN}}),
    "scanned": ("scanned", {}),
    "account-out": ("account_out", {}),
    "account": ("account", _mine()),
    "account-first": (
        "account",
        _mine(
            card=False,
            code_since=None,
            sessions=[_session("here", here=True)],
            phones=[],
            notices=[],
            otp_since=None,
            recent=[],
            person_name="",
        ),
    ),
    **{
        f"account-phone-{state}": ("account_phone", _entering(state))
        for state in ("open", "claimed", "confirmed", "done", "over")
    },
    "account-otp": (
        "account_otp",
        {
            "picture": Markup(qr.svg("otpauth://totp/Sesame:ABCDE-FGHJK?secret=GEZDGNBVGY3TQOJQ")),
            "secret": "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
            "login_name": "ABCDE-FGHJK",
            "trouble": OTP_REFUSED,
        },
    ),
}


class Showing:
    """A WSGI application: the pages, the static files, and what their scripts ask.

    Attributes:
        frames: what /login/<id>/frames answers.
        status: what the status addresses answer.
        posted: the forms that came, by path.
    """

    def __init__(self) -> None:
        settings = Settings(issuer="http://localhost", environment=Environment.TEST)
        self._files = StaticFiles()
        self._pages = Pages(settings, Texts(), self._files)
        self.status = json.dumps({"step": "proving", "version": 2, "phone": "showing"})
        frames = [{"text": FRAME, "in_ms": 0, "for_ms": 60_000}]
        self.frames: dict[str, Any] = {"state": "showing", "frames": frames, "next_ms": 60_000}
        self.posted: dict[str, dict[str, str]] = {}

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.path
        if request.method == "POST":
            self.posted[path] = dict(request.form.items())
            return Response("<title>posted</title><p id='posted'>posted</p>", mimetype="text/html")
        if path.startswith("/static/"):
            return self._files.answer(request, path.removeprefix("/static/"))
        if path.endswith(("/frames", "/status")) or path == LOGO["address"]:
            return self._fetched(path)
        if path.startswith("/show/"):
            return self.page(path.removeprefix("/show/"), request.args.get("lang", "en"))
        return Response(
            "<title>elsewhere</title><p id='elsewhere'>elsewhere</p>", mimetype="text/html"
        )

    def _fetched(self, path: str) -> Response:
        """Answer what a page asks for: the logo, the frames of a code, or how a login stands."""
        if path == LOGO["address"]:
            return Response(MARK.read_bytes(), content_type="image/png")
        body = json.dumps(self.frames) if path.endswith("/frames") else self.status
        return Response(body, content_type="application/json")

    def page(self, name: str, language: str) -> Response:
        """Render one of ``SHOWN``."""
        template, said = SHOWN[name]
        context = said(language) if callable(said) else said
        wait = Wait(
            events="",
            status=f"/login/{TX.id}/status",
            known=self.status,
            poll=60_000,
            refresh=5,
        )
        whole = {
            "tx": TX,
            "client_name": CLIENT.display_name(language),
            "client_host": "tax.example",
            "client_links": (),
            "client_logo": None,
            "form_token": TOKEN,
            "others": ("card",),
            "methods": (),
            "trouble": None,
            "handheld": False,
            "wait": wait,
            "passkey_options": json.dumps(OPTIONS),
            **context,
        }
        return self._pages.show(template, language=language, switch=True, **whole)


@contextmanager
def showing(port: int) -> Iterator[tuple[str, Showing]]:
    """Serve them for the length of the block; give the origin, and what can be turned."""
    made = Showing()
    with serving(made, port) as origin:
        yield origin, made

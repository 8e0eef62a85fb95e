"""A house that answers more than codes, and what its e-service finds behind the ``#``."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from idp.domain.response_type import ResponseType
from tests.flows.phone.house import AN, CALLBACK, ISSUER, Browser, House

if TYPE_CHECKING:
    from pathlib import Path

    from idp.domain.client import Client

TYPES: Final = tuple(ResponseType)
FRONT: Final = tuple(kind for kind in TYPES if kind is not ResponseType.CODE)
NONCE: Final = "nonce-1"


class FrontHouse(House):
    """One provider that offers every response type, and one e-service registered for all.

    Others may register themselves.
    """

    def __init__(self, folder: Path, *types: ResponseType, **login: Any) -> None:
        offered = [kind.value for kind in types or TYPES]
        settings = {"seeded_sign_in": True, "response_types": offered, **login}
        super().__init__(folder, more={"login": settings, "registration": {"mode": "open"}})
        self.register()

    def client(self, **changes: Any) -> Client:
        return super().client(**{"response_types": TYPES, **changes})

    def numbered(self, number: str) -> None:
        """Give An her national number."""
        with self.services.ledger.begin() as unit:
            an = unit.people.get(AN)
            assert an is not None
            known = replace(an.attributes, national_number=number, national_number_type="national")
            unit.people.renew(AN, known, at=self.at)

    def ask(self, kind: str, **changes: str) -> Browser:
        """Log An in for a request of this type, her consent remembered."""
        nonce = {"nonce": NONCE} if "nonce" not in changes else {}
        browser = self.browser().open(response_type=kind, **nonce, **changes)
        if browser.answer.status_code != 200 or not browser.login:
            return browser
        browser.choose("seeded").submit("seeded", username="an")
        return browser.agree() if browser.answer.status_code == 200 else browser


def told(browser: Browser, *, at: str = CALLBACK) -> dict[str, str]:
    """What the e-service's page finds behind the ``#``; nothing stands before it."""
    assert browser.answer.status_code == 303, browser.page
    where = urlsplit(str(browser.answer.headers["Location"]))
    assert f"{where.scheme}://{where.netloc}{where.path}" == at, where.geturl()
    assert not where.query
    return dict(parse_qsl(where.fragment, strict_parsing=True))


def posted(browser: Browser) -> dict[str, str]:
    """What the page that waits to be sent holds for the e-service."""
    assert f'action="{CALLBACK}"' in browser.page
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', browser.page)
    return {name: html.unescape(value) for name, value in found}


def userinfo(house: House, token: str) -> Any:
    """Ask for the claims by a token."""
    headers = {"Authorization": f"Bearer {token}"}
    return house.browser().http.get("/userinfo", headers=headers, base_url=ISSUER)


def redeemed(house: House, code: str, **changes: str) -> Any:
    """Present the code that came with an answer."""
    fields = {"grant_type": "authorization_code", "code": code, **changes}
    return house.browser()._token(**fields)

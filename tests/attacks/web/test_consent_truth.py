"""The consent page tells everything that an agreement gives, not the claims alone."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.client import SubjectType
from idp.login.flow import Page
from idp.web.i18n import Texts
from tests.unit.web import doubles

if TYPE_CHECKING:
    from idp.login.flow import Turn
    from tests.unit.web.conftest import Visit

LANGUAGES = ("nl", "fr", "de", "en")


def shown(site: Visit, services: Any, turn: Turn, language: str = "en") -> str:
    services.flow.next = replace(turn, tx=replace(turn.tx, language=language))
    return html.unescape(site.get(f"/login/{doubles.LOGIN}").text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_access_that_outlives_the_login_is_told(site: Visit, services: Any, language: str) -> None:
    turn = doubles.turn(Page.CONSENT)
    said = Texts(LANGUAGES).text(language, "consent.offline")
    scopes = ("openid", "offline_access")
    offline = replace(turn, tx=replace(turn.tx, request=replace(turn.tx.request, scopes=scopes)))
    assert said in shown(site, services, offline, language)
    assert said not in shown(site, services, turn, language)


def test_a_code_that_many_services_share_is_not_called_a_different_one(
    site: Visit, services: Any
) -> None:
    turn = doubles.turn(Page.CONSENT)
    texts = Texts(LANGUAGES)
    different, same = (texts.text("en", f"consent.{n}") for n in ("pseudonym", "shared_code"))
    assert different in shown(site, services, turn)
    public = replace(turn, client=replace(turn.client, subject_type=SubjectType.PUBLIC))
    page = shown(site, services, public)
    assert same in page
    assert different not in page

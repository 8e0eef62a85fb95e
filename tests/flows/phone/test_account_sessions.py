"""Where somebody is signed in: seen at their page, ended there, and by nobody else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.person import Attributes, Person, PersonId, PersonState
from tests.flows.phone.house import CALLBACK, ISSUER, SECOND, Browser, House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OFFLINE = {"scope": "openid profile offline_access", "prompt": "consent"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def signed_in(house: House, who: str = "an", **asked: str) -> Browser:
    house.wait(SECOND)
    browser = house.browser().open(**asked).choose("seeded").submit("seeded", username=who)
    return browser.agree() if '/consent"' in browser.page else browser


def account(browser: Browser, language: str = "en") -> str:
    headers = {"Accept-Language": language}
    return str(browser.http.get("/account", headers=headers, base_url=ISSUER).text)


def listed(page: str) -> list[str]:
    """The entries of the list, as text in one line each."""
    whole = page.partition('id="sessions"')[2].partition("</ul>")[0]
    entries = re.findall(r"<li.*?</li>", whole, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", entry).split()) for entry in entries]


def keys(page: str) -> list[str]:
    return re.findall(r'name="session" value="([^"]+)"', page)


def post(browser: Browser, path: str, **changes: str) -> Any:
    (token, *_) = re.findall(r'name="form_token" value="([^"]+)"', account(browser)) or [""]
    fields = {"form_token": token, **changes}
    return browser.http.post(f"/account/sessions/{path}", data=fields, base_url=ISSUER)


def is_in(browser: Browser) -> bool:
    return 'id="sessions"' in account(browser)


def ended(house: House) -> list[dict[str, Any]]:
    with house.services.ledger.read() as unit:
        rows = [json.loads(row.payload or b"{}") for row in unit.audit.unsealed(limit=1000)]
    return [row for row in rows if row["kind"] == "session.ended"]


def somebody_else(house: House) -> Browser:
    with house.services.ledger.begin() as unit:
        person = Person(
            id=PersonId("bo"),
            state=PersonState.ACTIVE,
            attributes=Attributes(given_name="Bo", family_name="Maes"),
            created_at=house.at,
            updated_at=house.at,
        )
        unit.people.add(person, username="bo")
    return signed_in(house, "bo")


def test_each_session_says_by_what_since_when_where_and_which_is_this_one(house: House) -> None:
    phone = house.phone()
    house.browser().open().choose("mobile").approved_by(phone).agree().tokens()
    here = signed_in(house)
    mine, other = listed(account(here))
    assert "Test person" in mine
    assert "This browser" in mine
    assert "24 November 2026 13:00" in mine
    assert "At: Shop" in mine
    assert other.startswith("Phone and QR code Since 24 November 2026")
    assert "At: Shop" in other
    assert "This browser" not in other
    assert len(keys(account(here))) == 1


def test_a_session_that_is_over_or_lapsed_is_not_among_them(house: House) -> None:
    older = signed_in(house)
    older.http.get("/logout", base_url=ISSUER)
    post(older, "end-others")
    house.wait(house.services.settings.lifetimes.session_idle)
    here = signed_in(house)
    assert len(listed(account(here))) == 1
    assert "end-others" not in account(here)


def test_ending_one_shuts_that_browser_out_with_everything_it_was_given(house: House) -> None:
    there = signed_in(house, **OFFLINE)
    tokens = there.tokens()
    kept, here = signed_in(house), signed_in(house)
    (_, key) = keys(account(here))
    assert there.userinfo(tokens["access_token"]) == 200
    answer = post(here, "end", session=key)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account#sessions-title")
    assert not is_in(there)
    assert is_in(kept)
    assert is_in(here)
    assert there.userinfo(tokens["access_token"]) == 401
    assert there.refreshed(tokens["refresh_token"]).status_code == 400
    (event,) = ended(house)
    assert (event["person"], event["details"]["why"]) == ("an", "by_person")
    # Once more, from an old page: nothing happens, nothing is recorded.
    assert post(here, "end", session=key).status_code == 303
    assert len(ended(house)) == 1


def test_all_others_end_at_once_and_this_one_stays(house: House) -> None:
    others = [signed_in(house) for _ in range(3)]
    here = signed_in(house)
    assert post(here, "end-others").status_code == 303
    assert not any(is_in(other) for other in others)
    assert len(listed(account(here))) == 1
    assert len(ended(house)) == 3


def test_nobody_ends_somebody_elses_session_or_their_own_by_its_name(house: House) -> None:
    theirs = somebody_else(house)
    here, other = signed_in(house), signed_in(house)
    (of_here,) = keys(account(other))
    with house.services.ledger.read() as unit:
        (of_theirs,) = [one.key for one in unit.sessions.of_person(PersonId("bo"))]
    for key in (of_theirs, of_here, "", "x" * 500):
        assert post(here, "end", session=key).status_code == 303
    assert ended(house) == []
    post(here, "end-others")
    assert is_in(theirs)
    assert is_in(here)
    assert not is_in(other)


def test_no_form_of_another_page_or_session_ends_anything(house: House) -> None:
    theirs, here, other = somebody_else(house), signed_in(house), signed_in(house)
    (key,) = keys(account(here))
    (foreign, *_) = re.findall(r'name="form_token" value="([^"]+)"', account(other))
    for token in ("", "x", foreign):
        for path in ("end", "end-others"):
            answer = post(here, path, session=key, form_token=token)
            assert answer.status_code == 403
    assert post(theirs, "end", session=key, form_token=foreign).status_code == 403
    assert here.http.get("/account/sessions/end-others", base_url=ISSUER).status_code == 405
    assert ended(house) == []


def test_a_browser_that_was_ended_ends_nothing_itself(house: House) -> None:
    there, here = signed_in(house), signed_in(house)
    (token, *_) = re.findall(r'name="form_token" value="([^"]+)"', account(there))
    post(here, "end-others")
    fields = {"form_token": token}
    answer = there.http.post("/account/sessions/end-others", data=fields, base_url=ISSUER)
    assert answer.status_code == 303
    assert is_in(here)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ("Waar u aangemeld bent", "Deze browser", "Alle andere aanmeldingen beëindigen")),
        ("fr", ("Où vous êtes identifié(e)", "Ce navigateur", "Fermer toutes les autres")),
        ("de", ("Wo Sie angemeldet sind", "Dieser Browser", "Alle anderen Anmeldungen beenden")),
        ("en", ("Where you are signed in", "This browser", "End all other sign-ins")),
    ],
)
def test_it_is_said_in_four_languages(house: House, language: str, words: tuple[str, ...]) -> None:
    signed_in(house)
    page = account(signed_in(house), language)
    assert all(word in page for word in words)


def test_a_removed_e_service_is_named_by_its_identifier(house: House) -> None:
    here = signed_in(house)
    assert here.told["state"] == "state-1"
    with house.services.ledger.begin() as unit:
        (client,) = unit.clients.all()
        unit.clients.remove(client.id, at=house.at)
    assert CALLBACK.startswith("https://shop")
    (mine,) = listed(account(here))
    assert "At: shop" in mine

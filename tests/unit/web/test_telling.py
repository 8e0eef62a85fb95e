"""The page that says one is signed out: who is told, in which frames, and how long it waits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from idp.domain.client import Client, ClientId
from idp.domain.ended import Ended, UsedAt
from idp.domain.logout import LogoutChannels
from idp.oidc.logout import LogoutRequest
from idp.store.ports import StoreUnavailable
from idp.web.telling import Telling
from tests.unit.web import doubles

if TYPE_CHECKING:
    from tests.unit.web.conftest import Visit

BACK = "https://tax.example/bye"


def a_client(name: str, **channels: Any) -> Client:
    return replace(
        doubles.CLIENT,
        id=ClientId(name),
        name={"en": name.title()},
        redirect_uris=(f"https://{name}.example/callback",),
        logout=LogoutChannels(**channels),
    )


FRAMED = a_client("framed", front="https://framed.example:8443/out?x=1")
CALLED = a_client("called", back="https://called.example/out")
DEAF = a_client("deaf")
CLIENTS = (doubles.CLIENT, FRAMED, CALLED, DEAF)


@pytest.fixture
def ended(services: Any) -> Ended:
    """What a logout ends: three e-services, of which one is called."""
    services.ledger.clients = CLIENTS
    services.flow.ends = Ended(
        used_at=tuple(UsedAt(client=one.id, sid=f"sid of {one.id}") for one in CLIENTS[1:]),
        messages=(7,),
    )
    found: Ended = services.flow.ends
    return found


def asked(back: str | None = BACK, **more: Any) -> LogoutRequest:
    return LogoutRequest(
        client=doubles.CLIENT, post_logout_redirect_uri=back, subject="s", sid="x", **more
    )


def policy_of(answer: Any) -> dict[str, str]:
    policy = answer.headers["Content-Security-Policy"]
    return dict(part.partition(" ")[::2] for part in policy.split("; "))


@pytest.mark.usefixtures("ended")
def test_a_frame_tells_issuer_and_sid_to_its_own_origin_alone(site: Visit, services: Any) -> None:
    services.logout.result = LogoutRequest()
    answer = site.get("/logout")
    frames = re.findall(r"<iframe [^>]*>", answer.text)
    (source,) = [re.findall('src="([^"]*)"', frame)[0] for frame in frames]
    assert source == (
        "https://framed.example:8443/out?x=1&amp;iss=https%3A%2F%2Fid.example&amp;sid=sid+of+framed"
    )
    assert 'sandbox="allow-scripts allow-same-origin"' in frames[0]
    assert 'title="' in frames[0]
    assert policy_of(answer)["frame-src"] == "https://framed.example:8443"
    assert "http-equiv" not in answer.text


@pytest.mark.usefixtures("ended")
def test_where_nobody_can_be_named_the_person_is_signed_out_all_the_same(
    site: Visit, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Telling, "of", Mock(side_effect=StoreUnavailable("silent")))
    services.logout.result = LogoutRequest()
    answer = site.get("/logout")
    assert answer.status_code == 200
    assert "<iframe" not in answer.text
    assert "page-done" in answer.text
    services.logout.result = asked()
    assert site.get("/logout").headers["Location"].startswith(BACK)


@pytest.mark.usefixtures("ended")
def test_the_page_says_who_is_told_and_who_is_not(site: Visit, services: Any) -> None:
    services.logout.result = LogoutRequest()
    text = site.get("/logout").text
    told, untold = (
        re.findall(
            "<li><bdi>(.*?)</bdi></li>",
            re.findall(f'<ul id="{name}">(.*?)</ul>', text, re.DOTALL)[0],
        )
        for name in ("told", "untold")
    )
    assert told == ["Framed", "Called"]
    assert untold == ["Deaf"]


@pytest.mark.usefixtures("ended")
def test_the_page_goes_on_by_itself_and_by_a_link_where_there_are_frames(
    site: Visit, services: Any
) -> None:
    services.logout.result = asked(state="a&b;'\"<")
    answer = site.get("/logout", headers={"Cookie": "__Host-sesame_session=mine"})
    onward = f"{BACK}?state=a%26b%3B%27%22%3C"
    assert f'content="3;url={onward}"' in answer.text
    assert f'data-onward href="{onward}"' in answer.text
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


def test_without_frames_the_browser_goes_back_at_once(
    site: Visit, services: Any, ended: Ended
) -> None:
    services.flow.ends = replace(ended, used_at=ended.used_at[1:])
    services.logout.result = asked()
    assert site.get("/logout").headers["Location"] == BACK


def test_a_client_that_is_disabled_since_is_in_no_frame(
    site: Visit, services: Any, ended: Ended
) -> None:
    assert ended.used_at
    services.ledger.clients = (replace(FRAMED, enabled=False), DEAF)
    services.logout.result = LogoutRequest()
    answer = site.get("/logout")
    assert "<iframe" not in answer.text
    assert "frame-src" not in policy_of(answer)


def a_telling(services: Any, *seconds: float) -> Telling:
    clock = iter(seconds)
    return Telling(
        services.ledger,
        issuer="https://id.example",
        now=services.now,
        monotonic=lambda: next(clock),
        places=1,
    )


@pytest.mark.usefixtures("ended")
def test_the_page_waits_for_the_messages_of_this_logout(site: Visit, services: Any) -> None:
    services.ledger.untried = [True, False, True]
    services.logout.result = LogoutRequest()
    site.get("/logout")
    assert services.ledger.untried == [True]


def test_a_logout_waits_until_its_messages_were_tried(services: Any) -> None:
    services.ledger.untried = [True, True, True, False, True]
    a_telling(services, 0, 0.1, 0.2, 0.3).wait((7,))
    assert services.ledger.untried == [True]


def test_a_logout_waits_for_a_moment_only_and_few_do_at_once(services: Any) -> None:
    services.ledger.untried = [True] * 50
    telling = a_telling(services, 0, 1.4, 1.6)
    telling.wait((7,))
    assert len(services.ledger.untried) == 48
    telling.wait(())
    telling._places.acquire()
    telling.wait((7,))
    assert len(services.ledger.untried) == 48

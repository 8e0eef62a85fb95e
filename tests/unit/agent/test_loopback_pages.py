"""The citizen's tab and the wallet: one browser, one try a form, nothing framed, no PIN kept."""

from __future__ import annotations

import logging
import re

import pytest

from cardreader.agent.language import NAMES
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.fake_reader import Bench
from tests.unit.agent.test_loopback_api import opened, ticket


def text(bench: Bench, path: str, **headers: str) -> str:
    return bench.get(path, **headers).body.decode()


def test_a_link_opens_in_one_browser_only() -> None:
    bench = Bench()
    _, path = opened(bench)
    assert bench.get(path).status == 200
    assert bench.get(path).status == 200  # the same browser may load it again
    bench.cookies.clear()
    assert bench.get(path).status == 410
    bench.cookies["sesame_pin"] = "guess"
    assert bench.get(path).status == 410


def test_a_pin_from_another_browser_never_reaches_the_card() -> None:
    bench = Bench()
    _, path = opened(bench)
    form = ticket(bench.get(path))
    bench.cookies.clear()
    assert bench.post(path, {"ticket": form, "pin": PIN}).status == 410
    assert bench.card.presented == []


def test_a_prefetch_or_a_frame_does_not_use_the_link_up() -> None:
    bench = Bench()
    _, path = opened(bench)
    for headers in (
        {"sec_fetch_dest": "iframe"},
        {"sec_fetch_dest": "object"},
        {"sec_fetch_dest": "empty"},
        {"sec_purpose": "prefetch"},
    ):
        assert bench.get(path, **headers).status == 403
        assert bench.get("/", **headers).status == 403
    assert bench.get(path, sec_fetch_dest="document").status == 200


def test_every_page_refuses_to_be_framed_cached_or_to_run_foreign_code() -> None:
    bench = Bench()
    _, path = opened(bench)
    for answer in (bench.get("/"), bench.get(path), bench.get("/nothing"), bench.get("/pin/x")):
        policy = answer.header("Content-Security-Policy") or ""
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.header("X-Frame-Options") == "DENY"
        assert answer.header("Cache-Control") == "no-store"
        assert answer.header("Cross-Origin-Opener-Policy") == "same-origin"
        assert answer.header("Referrer-Policy") == "same-origin"
        assert answer.header("Access-Control-Allow-Origin") is None
        body = answer.body.decode()
        assert re.search(r"<script(?! src=)|<style|\son\w+=|style=", body) is None


@pytest.mark.parametrize("origin", ["http://localhost:8400", "null", "http://127.0.0.1:8401", ""])
def test_a_form_from_another_origin_changes_nothing(origin: str) -> None:
    bench = Bench()
    _, path = opened(bench)
    form = ticket(bench.get(path))
    wallet = ticket(bench.get("/"))
    assert bench.post(path, {"ticket": form, "pin": PIN}, origin=origin).status == 403
    assert bench.post(f"{path}/cancel", {"ticket": form}, origin=origin).status == 403
    assert bench.post("/insert", {"ticket": wallet, "card": "bo"}, origin=origin).status == 403
    assert bench.post("/remove", {"ticket": wallet}, origin=origin).status == 403
    assert (bench.card.presented, bench.reader.current) == ([], "an")


def test_a_form_sent_twice_spends_one_try() -> None:
    bench = Bench()
    _, path = opened(bench)
    form = ticket(bench.get(path))
    for _ in range(3):
        bench.post(path, {"ticket": form, "pin": "0000"})
    assert bench.card.presented == ["0000"]
    assert "out of date" in text(bench, path)


def test_the_tries_left_stand_on_the_page_before_the_pin_is_typed() -> None:
    bench = Bench()
    _, path = opened(bench)
    assert "3 attempts left" in text(bench, path)
    bench.card.tries = 1
    page = text(bench, path)
    assert "1 attempt left" in page
    assert "your last attempt" in page
    assert 'aria-describedby="pin-hint last-try"' in page


def test_a_blocked_card_shows_the_way_to_the_municipality_and_no_form() -> None:
    bench = Bench()
    bench.card.tries = 0
    _, path = opened(bench)
    page = text(bench, path)
    assert "municipality" in page
    assert 'name="pin"' not in page
    assert bench.card.presented == []


def test_without_a_card_the_page_asks_for_one_and_offers_those_at_hand() -> None:
    bench = Bench()
    bench.reader.remove()
    _, path = opened(bench)
    first = bench.get(path)
    assert 'name="pin"' not in first.body.decode()
    assert bench.post(f"{path}/insert", {"ticket": ticket(first), "card": "bo"}).status == 303
    assert bench.reader.current == "bo"
    assert 'name="pin"' in text(bench, path)


def test_a_pin_never_goes_to_a_card_whose_holder_was_not_shown() -> None:
    bench = Bench()
    _, path = opened(bench)
    form = ticket(bench.get(path))
    bench.reader.insert("bo")
    bench.post(path, {"ticket": form, "pin": PIN})
    assert bench.card.presented == []
    assert "another card" in text(bench, path)


def test_a_card_pulled_before_the_pin_leaves_the_request_open() -> None:
    bench = Bench()
    _, path = opened(bench)
    form = ticket(bench.get(path))
    bench.reader.remove()
    bench.post(path, {"ticket": form, "pin": PIN})
    assert "Insert your eID card" in text(bench, path)
    bench.reader.insert("an")
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": PIN})
    assert "has answered" in text(bench, path)


def test_a_cancelled_request_says_so_and_leaves_the_card_alone() -> None:
    bench = Bench()
    _, path = opened(bench)
    bench.post(f"{path}/cancel", {"ticket": ticket(bench.get(path))})
    assert "Your card was not used" in text(bench, path)
    assert bench.card.presented == []


@pytest.mark.parametrize("pin", ["4711", "271828182845", "31415926", "987", "hunter2"])
def test_the_pin_is_in_no_answer_no_log_and_no_repr(
    pin: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    bench = Bench()
    _, path = opened(bench)
    for extra in ({}, {"more": "1"}, {"pin2": pin}):
        bench.post(path, {"ticket": ticket(bench.get(path)), "pin": pin} | extra)
    bench.get(path)
    out = capfd.readouterr()
    kept = caplog.text + out.out + out.err + repr(bench.answers)
    kept += "".join(answer.body.decode() + str(answer.headers) for answer in bench.answers)
    kept += repr(list(bench.desk._questions.values()))
    assert re.search(rf"(?<![0-9A-Za-z_-]){pin}(?![0-9A-Za-z_-])", kept) is None


def test_the_pages_speak_the_language_of_the_request_then_of_the_browser() -> None:
    bench = Bench()
    _, path = opened(bench, lang="de")
    assert '<html lang="de">' in text(bench, path, accept_language="nl")
    assert '<html lang="fr">' in text(bench, f"{path}?lang=fr", accept_language="nl")
    assert '<html lang="nl">' in text(bench, "/", accept_language="ja, nl-BE;q=0.8, en;q=0.2")
    assert '<html lang="en">' in text(bench, "/", accept_language="ja")
    assert '<html lang="en">' in text(bench, "/?lang=xx", accept_language="x;q=nan;q=1,,;")


@pytest.mark.parametrize("code", sorted(NAMES))
def test_the_wallet_inserts_and_removes_in_every_language(code: str) -> None:
    bench = Bench()
    form = ticket(bench.get(f"/?lang={code}"))
    answer = bench.post(f"/remove?lang={code}", {"ticket": form})
    assert (answer.header("Location"), bench.reader.current) == (f"/?lang={code}", None)
    bench.post(f"/insert?lang={code}", {"ticket": form, "card": "bo"})
    assert bench.reader.current == "bo"
    assert f'<html lang="{code}">' in text(bench, f"/?lang={code}")


def test_a_wallet_form_without_its_browsers_ticket_changes_nothing() -> None:
    bench = Bench()
    bench.get("/")
    for form in ("", "0" * 64):
        assert bench.post("/remove", {"ticket": form}).status == 403
    stolen = ticket(bench.get("/"))
    bench.cookies["sesame_wallet"] = "another"
    assert bench.post("/remove", {"ticket": stolen}).status == 403
    assert bench.reader.current == "an"


def test_an_unknown_card_or_path_is_a_page_not_a_crash() -> None:
    bench = Bench()
    form = ticket(bench.get("/"))
    assert bench.post("/insert", {"ticket": form, "card": "../../etc"}).status == 404
    for target in ("/nothing", "/static/../cli.py", "/static/none", "/pin", "/pin/x/y/z"):
        assert bench.get(target).status == 404
    assert bench.send("DELETE", "/").status == 405


def test_markup_in_a_name_or_a_card_stays_text() -> None:
    bench = Bench()
    bench.reader.name = "<b>reader</b>&"
    page = text(bench, "/")
    assert "<b>" not in page
    assert "&lt;b&gt;reader&lt;/b&gt;&amp;" in page


def test_the_state_changes_when_a_card_goes() -> None:
    bench = Bench()
    before = bench.get("/state").body
    bench.reader.remove()
    after = bench.get("/state")
    assert after.body != before
    assert after.header("Access-Control-Allow-Origin") is None

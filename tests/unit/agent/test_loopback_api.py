"""A web page asks for a signature: who may, with what, and what it learns."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import pytest

from cardreader.token import parse
from tests.unit.agent.fake_card import PIN
from tests.unit.agent.fake_reader import HOST, OWN, PAGE, SIGNED, Bench

if TYPE_CHECKING:
    from cardreader.agent.web import Response

NONCE = base64.b64encode(bytes(32)).decode()


def ask(bench: Bench, *, members: object = None, **headers: str) -> Response:
    named = {"origin": PAGE, "content_type": "application/json"} | headers
    body = {"challengeNonce": NONCE} if members is None else members
    return bench.send("POST", "/authenticate", body=json.dumps(body).encode(), **named)


def opened(bench: Bench, **members: str) -> tuple[str, str]:
    answer = json.loads(ask(bench, members={"challengeNonce": NONCE} | members).body)
    return answer["requestId"], answer["pinUrl"].removeprefix(OWN)


def ticket(response: Response) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', response.body.decode())
    assert found is not None
    return found[1]


def poll(bench: Bench, question_id: str, **headers: str) -> Response:
    return bench.send("GET", f"/authenticate/{question_id}", **({"origin": PAGE} | headers))


def test_a_page_gets_the_token_that_the_citizen_allowed() -> None:
    bench = Bench()
    question_id, path = opened(bench)
    assert json.loads(poll(bench, question_id).body)["state"] == "waiting"
    answer = bench.post(path, {"ticket": ticket(bench.get(path)), "pin": PIN})
    assert (answer.status, answer.header("Location")) == (303, f"{path}?lang=en")
    done = json.loads(poll(bench, question_id).body)
    assert done["state"] == "done"
    assert parse(json.dumps(done["token"])).algorithm == "ES384"


def test_the_origin_shown_and_signed_is_the_browsers_not_the_bodys() -> None:
    bench = Bench()
    assert ask(bench, members={"challengeNonce": NONCE, "origin": "https://bank.be"}).status == 400
    _, path = opened(bench)
    page = bench.get(path).body.decode()
    assert SIGNED in page
    assert "bank.be" not in page


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8401",
        "https://localhost:8400",
        "http://LOCALHOST:8400",
        "http://localhost:8400/",
        "null",
        "*",
        "",
        OWN,
    ],
)
def test_a_foreign_origin_is_refused_and_cannot_even_read_why(origin: str) -> None:
    bench = Bench()
    question_id, _ = opened(bench)
    for answer in (
        ask(bench, origin=origin),
        poll(bench, question_id, origin=origin),
        bench.send("GET", "/status", origin=origin),
        bench.send("DELETE", f"/authenticate/{question_id}", origin=origin),
        bench.send("OPTIONS", "/authenticate", origin=origin),
    ):
        assert answer.status == 403
        assert answer.header("Access-Control-Allow-Origin") is None
    assert json.loads(poll(bench, question_id).body)["state"] == "waiting"


def test_a_request_without_an_origin_is_refused() -> None:
    body = json.dumps({"challengeNonce": NONCE}).encode()
    answer = Bench().send("POST", "/authenticate", body=body, content_type="application/json")
    assert answer.status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8403", "127.0.0.1", "127.0.0.1:80", "localhost:1", ""]
)
def test_a_rebound_host_is_refused_on_every_address(host: str) -> None:
    bench = Bench()
    _, path = opened(bench)
    for method, target in (
        ("GET", "/"),
        ("GET", path),
        ("GET", "/state"),
        ("GET", "/static/agent.js"),
        ("POST", "/authenticate"),
        ("OPTIONS", "/authenticate"),
        ("POST", "/insert"),
    ):
        answer = bench.send(method, target, host=host, origin=PAGE)
        assert (answer.status, answer.header("Access-Control-Allow-Origin")) == (421, None)


def test_a_preflight_names_the_exact_origin_and_the_private_network() -> None:
    answer = Bench().send(
        "OPTIONS",
        "/authenticate",
        origin=PAGE,
        access_control_request_method="POST",
        access_control_request_private_network="true",
    )
    assert answer.status == 204
    assert answer.header("Access-Control-Allow-Origin") == PAGE
    assert answer.header("Access-Control-Allow-Private-Network") == "true"
    assert answer.header("Access-Control-Allow-Credentials") is None
    assert answer.header("Vary") == "Origin"


@pytest.mark.parametrize(
    "members",
    [
        {},
        [],
        "text",
        {"challengeNonce": 5},
        {"challengeNonce": "A" * 43},
        {"challengeNonce": "A" * 129},
        {"challengeNonce": NONCE, "pin": PIN},
        {"challengeNonce": NONCE, "lang": None},
    ],
)
def test_a_malformed_request_is_refused_with_the_protocols_code(members: object) -> None:
    answer = ask(Bench(), members=members)
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["code"] in {
        "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
        "ERR_WEBEID_NATIVE_FATAL",
    }
    assert PIN.encode() not in answer.body


def test_a_form_post_cannot_stand_in_for_the_json_request() -> None:
    assert ask(Bench(), content_type="text/plain").status == 415


def test_another_allowed_page_does_not_see_this_pages_answer() -> None:
    bench = Bench()
    question_id, _ = opened(bench)
    assert poll(bench, question_id[:-1] + "x").status == 404


def test_the_seventeenth_waiting_request_is_refused_until_one_ends() -> None:
    bench = Bench()
    first, _ = opened(bench)
    for _ in range(15):
        opened(bench)
    assert ask(bench).status == 429
    bench.send("DELETE", f"/authenticate/{first}", origin=PAGE)
    assert ask(bench).status == 201


def test_a_request_ends_by_the_clock_and_is_then_forgotten() -> None:
    bench = Bench()
    question_id, path = opened(bench)
    page = bench.get(path)
    bench.time += dt.timedelta(minutes=5)
    late = json.loads(poll(bench, question_id).body)
    assert late["error"]["code"] == "ERR_WEBEID_USER_TIMEOUT"
    bench.post(path, {"ticket": ticket(page), "pin": PIN})
    assert bench.card.presented == []
    assert bench.get(path).status == 410
    bench.time += dt.timedelta(minutes=1)
    assert poll(bench, question_id).status == 404


def test_the_page_can_take_its_request_back() -> None:
    bench = Bench()
    question_id, path = opened(bench)
    page = bench.get(path)
    answer = bench.send("DELETE", f"/authenticate/{question_id}", origin=PAGE)
    assert json.loads(answer.body)["error"]["code"] == "ERR_WEBEID_USER_CANCELLED"
    bench.post(path, {"ticket": ticket(page), "pin": PIN})
    assert bench.card.presented == []


def test_a_wrong_pin_is_told_with_the_tries_left_and_the_request_goes_on() -> None:
    bench = Bench()
    question_id, path = opened(bench)
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": "0000"})
    progress = json.loads(poll(bench, question_id).body)
    assert progress["state"] == "waiting"
    assert progress["last"] == {
        "code": "ERR_SESAME_PIN_WRONG",
        "message": "the PIN is wrong",
        "triesLeft": 2,
    }
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": PIN})
    assert json.loads(poll(bench, question_id).body)["state"] == "done"


def test_the_third_wrong_pin_blocks_and_ends_the_request() -> None:
    bench = Bench()
    question_id, path = opened(bench)
    for _ in range(3):
        bench.post(path, {"ticket": ticket(bench.get(path)), "pin": "0000"})
    failed = json.loads(poll(bench, question_id).body)
    assert failed["error"]["code"] == "ERR_SESAME_PIN_BLOCKED"
    assert "municipality" in bench.get(path).body.decode()
    assert len(bench.card.presented) == 3


def test_the_agent_tells_an_allowed_page_that_it_is_there() -> None:
    answer = Bench().send("GET", "/status", origin=PAGE, host=HOST)
    assert set(json.loads(answer.body)) == {"version"}

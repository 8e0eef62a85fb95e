"""Strangers at the registration endpoint: uninvited, with others' tokens, in great numbers."""

from __future__ import annotations

import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from idp.config import ConfigRefused, Settings
from idp.config.safety import refuse_unsafe
from idp.domain.client import ClientId
from idp.log import JsonFormatter
from tests.contract.store.stand_ins import START
from tests.services.ledgers import a_database
from tests.unit.oidc.dynamic.registry import CALLBACK, ISSUER, JSON, open_registry
from tests.unit.registration.documents import EC, public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.oidc.dynamic.registry import Registry

SECTOR = "https://sector.example/uris.json"


@pytest.fixture
def open_to_all(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path, per_hour=0) as registry:
        yield registry


@pytest.fixture
def by_invitation(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path, mode="token", per_hour=0) as registry:
        yield registry


def test_production_refuses_to_be_open_to_everybody() -> None:
    with pytest.raises(ConfigRefused, match=r"registration\.mode"):
        refuse_unsafe(Settings(issuer=ISSUER, registration={"mode": "open"}))
    refuse_unsafe(Settings(issuer=ISSUER, registration={"mode": "token"}))


# --- invitations ----------------------------------------------------------------------------------


def test_without_an_invitation_nothing_is_registered_and_nothing_fetched(
    by_invitation: Registry,
) -> None:
    over = by_invitation.invited(expires_at=START)
    used = by_invitation.invited()
    by_invitation.registered(used)
    known = by_invitation.client
    told = by_invitation.registered(by_invitation.invited())
    others = (None, "", "t", "t" * 43, over, used, told["registration_access_token"])
    for token in others:
        answer = by_invitation.register(token, sector_identifier_uri=SECTOR)
        assert answer.status_code == 401, token
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.headers["Cache-Control"] == "no-store"
    assert by_invitation.web.asked == []
    assert known(told["client_id"]) is not None
    with by_invitation.services.ledger.read() as unit:
        assert len(unit.clients.all()) == 2


def test_an_invitation_is_not_used_up_by_what_is_refused(by_invitation: Registry) -> None:
    token = by_invitation.invited()
    assert by_invitation.register(token, redirect_uris=["http://rp.example/"]).status_code == 400
    told = by_invitation.registered(token)
    client = by_invitation.client(told["client_id"])
    assert client is not None
    assert client.origin is not None
    assert client.origin.invitation is not None


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    options = {"mode": "token", "most": 3, "per_hour": 0}
    if request.param == "sqlite":
        with open_registry(tmp_path, **options) as registry:
            yield registry
        return
    with (
        a_database(request.getfixturevalue("postgres_server")) as url,
        open_registry(tmp_path, ledger=url, **options) as registry,
    ):
        yield registry


def test_of_sixteen_who_come_at_once_by_one_invitation_one_is_registered(
    on_both: Registry,
) -> None:
    token = on_both.invited()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: on_both.register(token).status_code, range(16)))
    assert sorted(answers) == [201, *[401] * 15]
    with on_both.services.ledger.read() as unit:
        assert len(unit.clients.all()) == 1


def test_all_together_register_no_more_than_there_are_places(on_both: Registry) -> None:
    token = on_both.invited(most=50)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: on_both.register(token).status_code, range(12)))
    assert sorted(statuses) == [*[201] * 3, *[503] * 9]
    with on_both.services.ledger.read() as unit:
        (invitation,) = unit.registrations.invitations()
        assert invitation.used == 3  # who found no place used nothing up
        assert len(unit.clients.all()) == 3


@pytest.mark.parametrize("second", ["PUT", "DELETE"])
def test_of_changes_at_the_same_moment_each_is_whole(on_both: Registry, second: str) -> None:
    told = on_both.registered(on_both.invited())
    where, token = told["registration_client_uri"], told["registration_access_token"]

    def send(number: int) -> int:
        if second == "DELETE" and number == 0:
            return on_both.send("DELETE", where, token=token).status_code
        document = {"client_id": told["client_id"], "redirect_uris": [f"{CALLBACK}/{number}"]}
        return on_both.send("PUT", where, document, token=token).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(send, range(4)))
    assert set(statuses) <= {200, 204, 401, 503}
    with on_both.services.ledger.read() as unit:
        history = unit.clients.history(ClientId(told["client_id"]))
    done = sum(status in {200, 204} for status in statuses)
    assert done >= 1
    assert len(history) == 1 + done


def test_guessing_tokens_is_slowed_down_for_the_guesser_alone(by_invitation: Registry) -> None:
    statuses = [by_invitation.register(f"{n:043}").status_code for n in range(25)]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429
    there = by_invitation.send(
        "POST",
        "/register",
        {"redirect_uris": [CALLBACK]},
        token=by_invitation.invited(),
        address="192.0.2.99",
    )
    assert there.status_code == 201


# --- tokens of registrations ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_token_of_another_client_opens_nothing(open_to_all: Registry, method: str) -> None:
    mine, theirs = open_to_all.registered(), open_to_all.registered()
    document = {"client_id": theirs["client_id"], "redirect_uris": ["https://evil.example/"]}
    tries = [
        (theirs["client_id"], mine["registration_access_token"]),
        (theirs["client_id"], theirs["client_secret"]),
        (theirs["client_id"], "t" * 43),
        (theirs["client_id"].upper(), theirs["registration_access_token"]),
        ("own-nobody", mine["registration_access_token"]),
        ("%00", mine["registration_access_token"]),
    ]
    bodies = set()
    for client_id, token in tries:
        sent = document if method == "PUT" else None
        answer = open_to_all.send(method, f"/register/{client_id}", sent, token=token)
        assert answer.status_code == 401
        bodies.add(answer.data)
    assert len(bodies) == 1  # and nobody learns which clients there are
    kept = open_to_all.client(theirs["client_id"])
    assert kept is not None
    assert (kept.version, kept.redirect_uris) == (1, (CALLBACK,))


@pytest.mark.parametrize("name", ["%00", "own-%00", "%EF%BF%BD", "x" * 2000])
def test_a_name_that_no_client_has_is_as_a_wrong_token(on_both: Registry, name: str) -> None:
    answer = on_both.send("GET", f"/register/{name}", token="A" * 43)
    assert answer.status_code == 401, answer.text


def test_a_client_of_operators_has_no_token_at_all(open_to_all: Registry) -> None:
    told = open_to_all.registered()
    client = open_to_all.client(told["client_id"])
    assert client is not None
    with open_to_all.services.ledger.begin() as unit:
        unit.clients.replace(replace(client, origin=None), expected_version=1)
    where, token = told["registration_client_uri"], told["registration_access_token"]
    assert open_to_all.send("GET", where, token=token).status_code == 401


@pytest.mark.parametrize("state", ["disabled", "over"])
def test_a_client_that_is_disabled_or_over_cannot_bring_itself_back(
    open_to_all: Registry, state: str
) -> None:
    told = open_to_all.registered()
    where, token = told["registration_client_uri"], told["registration_access_token"]
    if state == "over":
        open_to_all.clock.move(timedelta(days=365))
    else:
        client = open_to_all.client(told["client_id"])
        assert client is not None
        with open_to_all.services.ledger.begin() as unit:
            unit.clients.replace(replace(client, enabled=False), expected_version=1)
    document = {"client_id": told["client_id"], "redirect_uris": [CALLBACK]}
    for method, sent in (("GET", None), ("PUT", document), ("DELETE", None)):
        assert open_to_all.send(method, where, sent, token=token).status_code == 401


@pytest.mark.parametrize("where", ["query", "body", "basic"])
def test_a_token_counts_in_its_header_alone(open_to_all: Registry, where: str) -> None:
    told = open_to_all.registered()
    path, token = told["registration_client_uri"], told["registration_access_token"]
    options: dict[str, Any] = {
        "query": {"query_string": {"access_token": token}},
        "body": {"data": {"access_token": token}},
        "basic": {"auth": (told["client_id"], token)},
    }[where]
    assert open_to_all.send("GET", path, **options).status_code in {400, 401}


# --- numbers and sizes ----------------------------------------------------------------------------


def test_one_address_registers_so_often_in_an_hour(tmp_path: Path) -> None:
    with open_registry(tmp_path, per_hour=3) as registry:

        def come(address: str) -> int:
            document = {"redirect_uris": [CALLBACK]}
            return registry.send("POST", "/register", document, address=address).status_code

        assert [come("192.0.2.7") for _ in range(5)] == [201, 201, 201, 429, 429]
        site = [f"2001:db8:0:7::{n:x}" for n in range(1, 6)]
        assert [come(address) for address in site] == [201, 201, 201, 429, 429]
        registry.clock.move(timedelta(hours=1))
        assert come("192.0.2.7") == 201


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b'"x"', JSON),
        (b"null", JSON),
        (b"[" * 30_000, JSON),
        (b'{"a":' * 10_000, JSON),
        (b'{"redirect_uris": ["https://rp.example/"], "redirect_uris": []}', JSON),
        (b'{"default_max_age": NaN, "redirect_uris": ["https://rp.example/cb"]}', JSON),
        (b'{"redirect_uris": ["https://rp.example/\xff"]}', JSON),
        (b'{"redirect_uris": ["https://rp.example/cb"]}', "application/x-www-form-urlencoded"),
        (b'{"redirect_uris": ["https://rp.example/cb"]}', "text/plain"),
        (b'{"redirect_uris": ["https://rp.example/cb"]}', "application/json; charset=utf-16"),
        (b'{"redirect_uris": ["https://rp.example/cb"]}', ""),
    ],
)
def test_what_is_no_json_object_is_refused(open_to_all: Registry, body: bytes, kind: str) -> None:
    answer = open_to_all.send("POST", "/register", data=body, content_type=kind)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"


def test_a_body_without_end_is_not_read(open_to_all: Registry) -> None:
    body = json.dumps({"redirect_uris": [CALLBACK], "contacts": ["a" * 70_000]}).encode()
    answer = open_to_all.send("POST", "/register", data=body, content_type=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "members",
    [
        {"redirect_uris": {"a": 1}},
        {"redirect_uris": [[CALLBACK]]},
        {"redirect_uris": [7]},
        {"redirect_uris": ["https://[", "https://[::1"]},
        {"redirect_uris": [f"https://rp.example/{n}" for n in range(99)]},
        {"redirect_uris": ["https://rp.example/\ud800"]},
        {"client_name": "\ud800"},
        {"client_name": {"en": {"deep": []}}},
        {"client_name": "n" * 50_000},
        {"client_name#en": ["x"]},
        {"jwks": {"keys": [{**public(EC), "kid": "\ud800"}]}},
        {"jwks": {"keys": [{**public(EC), "x": "\ud800"}]}},
        {"jwks": {"keys": [{"kty": "RSA", "n": "A" * 40_000, "e": "AQAB"}]}},
        {"jwks": {"keys": [{"kty": ["EC"]}]}},
        {"jwks": {"keys": [{**public(EC), "alg": ["ES256"]}]}},
        {"jwks_uri": ["https://rp.example/"]},
        {"jwks_uri": "https://rp.example/jwks", "jwks": {"keys": [public(EC)]}},
        {"sector_identifier_uri": {"a": 1}},
        {"sector_identifier_uri": "https://169.254.169.254/latest/meta-data"},
        {"scope": ["openid", ["profile"]]},
        {"grant_types": "authorization_code refresh_token " * 500},
        {"grant_types": [{}]},
        {"response_types": {}},
        {"response_types": [["code"]]},
        {"contacts": [1]},
        {"default_max_age": 10**30},
        {"default_max_age": -1},
        {"subject_type": ["pairwise"]},
        {"application_type": 3},
        {"token_endpoint_auth_method": {"a": "none"}},
        {"id_token_signed_response_alg": ["ES256"]},
        {"software_statement": ["e30.e30.AA"]},
        {"software_statement": "a." * 40_000},
        {"profile": "fapi3"},
    ],
)
def test_metadata_of_any_shape_is_refused_in_words_of_ours(
    open_to_all: Registry, members: dict[str, object]
) -> None:
    answer = open_to_all.register(**members)
    assert answer.status_code in {400, 413}, answer.text
    assert answer.json["error"] in {
        *("invalid_client_metadata", "invalid_redirect_uri", "invalid_software_statement"),
        "invalid_request",
    }
    assert answer.json["error_description"].isascii()
    assert open_to_all.web.asked == []
    with open_to_all.services.ledger.read() as unit:
        assert unit.clients.all() == []


def test_no_refusal_repeats_what_was_sent(open_to_all: Registry) -> None:
    canary = "canaryZq7"
    for members in (
        {"redirect_uris": [f"http://{canary}.example/"]},
        {"scope": f"openid {canary}"},
        {"response_types": [canary]},
        {"software_statement": canary},
        {f"{canary}": canary, "grant_types": [canary]},
        {"jwks": {"keys": [{"kty": canary}]}},
        {"profile": canary},
    ):
        answer = open_to_all.register(**members)
        assert answer.status_code == 400
        assert canary.lower() not in answer.text.lower()


# --- secrets --------------------------------------------------------------------------------------


def test_no_token_and_no_secret_is_written_anywhere(
    by_invitation: Registry, tmp_path: Path
) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter(by_invitation.clock))
    loggers = [logging.getLogger(), logging.getLogger("sesame")]
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        invitation = by_invitation.invited()
        told = by_invitation.registered(invitation)
        where, token = told["registration_client_uri"], told["registration_access_token"]
        document = {
            "client_id": told["client_id"],
            "redirect_uris": [CALLBACK],
            "client_secret": told["client_secret"],
        }
        assert by_invitation.send("PUT", where, document, token=token).status_code == 200
        wrong = {**document, "client_secret": "a-wrong-secret"}
        assert by_invitation.send("PUT", where, wrong, token=token).status_code == 400
        assert by_invitation.register(invitation).status_code == 401
        assert by_invitation.send("DELETE", where, token=token).status_code == 204
    finally:
        loggers[0].removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    secrets = {invitation, token, told["client_secret"], "a-wrong-secret"}
    log = written.getvalue()
    assert log.count("http.request") >= 5
    assert not [secret for secret in secrets if secret in log]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.sqlite*"))
    assert not [secret for secret in secrets if secret.encode() in kept]

"""Any request at any endpoint of the OpenAPI document: no fault of ours, an answer as described.

Requests are made from the document, as it says and against it. Into some of them goes what is good
there (a living token, a right secret, a registered address), so that they get past the first check.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import Client as Http

from docs._generate import openapi
from idp.app import create
from idp.oidc.exchange import ACCESS_TOKEN
from idp.oidc.revocation import Revocation
from tests.attacks.tokens.kinds import CALLBACK, ISSUER, SECRET, SHOP, VERIFIER, Bench
from tests.unit.oidc.tokens.desk import basic, challenge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from schemathesis import Case

EXAMPLES = 200 if "CI_DEEP" in os.environ else 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PATIENCE = pytest.mark.timeout(900)
DOCUMENT = openapi.described()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {one.ok().label: one.ok() for one in SCHEMA.get_all_operations()}
TRIED = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    # Nothing can be against a description that takes any text.
    if mode is GenerationMode.POSITIVE or operation.body or operation.query
]


class Anywhere:
    """The application, to which every request comes from another address."""

    def __init__(self, bench: Bench) -> None:
        self._inner = create(bench.services)
        self._next = itertools.count(1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        number = next(self._next)
        environ["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return self._inner(environ, start_response)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("any"))


@pytest.fixture(scope="module")
def app(bench: Bench) -> Iterator[Anywhere]:
    yield Anywhere(bench)
    bench.services.foundation.close()


GOOD: Mapping[str, Callable[[Bench], str]] = {
    "client_id": lambda _: SHOP,
    "redirect_uri": lambda _: CALLBACK,
    "post_logout_redirect_uri": lambda _: CALLBACK,
    "response_type": lambda _: "code",
    "scope": lambda _: "openid email",
    "code_challenge": lambda _: challenge(),
    "code_challenge_method": lambda _: "S256",
    "code_verifier": lambda _: VERIFIER,
    "login_hint": lambda _: "subject-1",
    "binding_message": lambda _: "Desk 4",
    "subject_token_type": lambda _: ACCESS_TOKEN,
    "code": Bench.code,
    "refresh_token": Bench.refresh_token,
    "auth_req_id": Bench.auth_req_id,
    "subject_token": Bench.resource_token,
    "token": Bench.access_token,
    "access_token": Bench.access_token,
    "request_uri": Bench.request_uri,
    "request": Bench.request_object,
    "id_token_hint": Bench.id_token,
    "login_hint_token": Bench.login_hint_token,
    "client_assertion": Bench.assertion,
}
"""What is good in a parameter, made anew each time."""
PROVEN: Mapping[str, Callable[[Bench], dict[str, str]]] = {
    "as generated": lambda _: {},
    "the shop": lambda _: {"Authorization": basic(SHOP, SECRET)},
    "a person": lambda bench: {"Authorization": f"Bearer {bench.access_token()}"},
    "a person's grants": lambda bench: {"Authorization": f"Bearer {bench.grants_token()}"},
    "a client": lambda bench: {"Authorization": f"Bearer {bench.registration_token()}"},
    "with a key": lambda bench: {
        "Authorization": f"DPoP {bench.access_token()}",
        "DPoP": bench.proof(),
    },
}


ONE_OF: Final = frozenset(
    {"request", "request_uri", "id_token_hint", "login_hint_token", "client_assertion"}
)
"""What stands in the place of others."""


def bettered(case: Case, draw: st.DataObject, bench: Bench) -> dict[str, str]:
    """Make half of the requests good but for one thing; give the headers that prove who asks."""
    asking = any("basic" in one for one in described(case).get("security", ()))
    ways = ["as generated", "the shop", "the shop"] if asking else sorted(PROVEN)
    proven = draw.draw(st.sampled_from(ways), label="proven by")
    headers = PROVEN[proven](bench)
    if proven == "a client" and case.path_parameters:
        case.path_parameters["client_id"] = str(bench.own["client_id"])
    sent = case.query if case.method == "GET" else case.body
    forms = [one for one in forms_of(case) if one.keys() & GOOD.keys()]
    if isinstance(sent, dict) and forms and draw.draw(st.booleans(), label="good"):
        form = draw.draw(st.sampled_from(forms), label="form")
        names = sorted(form.keys() & GOOD.keys())
        beside = draw.draw(st.none() | st.sampled_from(names), label="beside")
        odd = draw.draw(st.none() | st.sampled_from([*sorted(sent, key=repr), None]), label="odd")
        kept = {name: form[name]["const"] for name in form if "const" in form[name]}
        kept |= {name: GOOD[name](bench) for name in names if name not in ONE_OF or name == beside}
        if "client_assertion" not in kept:
            kept.pop("client_assertion_type", None)
        kept |= {odd: sent[odd]} if odd in sent else {}
        sent.clear()
        sent.update(kept)
    return headers


def forms_of(case: Case) -> list[dict[str, dict[str, Any]]]:
    """The parameters of each form that a request may have, with their schemas."""
    operation = described(case)
    forms = [{one["name"]: one["schema"] for one in operation.get("parameters", ())}]
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        if kind == openapi.FORM:
            schemas = media["schema"].get("oneOf", [media["schema"]])
            forms += [one["properties"] for one in schemas]
    return [{name: resolved(schema) for name, schema in form.items()} for form in forms]


def described(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][case.path][case.method.lower()]
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    named = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][named] if named else schema
    return found


def attack(label: str, mode: GenerationMode, app: Anywhere, bench: Bench, *, times: int) -> None:
    """Send so many requests to one endpoint. Raises: FailureGroup, for an answer that is wrong."""

    @settings(
        max_examples=times,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode), draw=st.data())
    def sent(case: Case, draw: st.DataObject) -> None:
        headers = bettered(case, draw, bench)
        answer = case.call(base_url=ISSUER, headers=headers, app=app)
        case.validate_response(answer, checks=CHECKS)

    sent()


@PATIENCE
@pytest.mark.parametrize(("label", "mode"), TRIED)
def test_whatever_is_sent_the_answer_is_one_that_the_document_describes(
    app: Anywhere, bench: Bench, label: str, mode: GenerationMode
) -> None:
    attack(label, mode, app, bench, times=EXAMPLES)


def test_an_endpoint_that_fails_is_found(
    app: Anywhere, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Revocation, "answer", broken)
    with pytest.raises((FailureGroup, Failure)) as caught:
        attack("POST /revoke", GenerationMode.POSITIVE, app, bench, times=EXAMPLES)
    assert "500" in str(caught.value)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_each_method_that_the_document_does_not_have_is_refused(app: Anywhere, path: str) -> None:
    had = {method.upper() for method in DOCUMENT["paths"][path]}
    where = path.replace("{", "").replace("}", "")
    http = Http(app, use_cookies=False)
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - had:
        answer = http.open(where, method=method, base_url=ISSUER)
        assert answer.status_code == 405, (method, answer.status)
        assert {one.strip() for one in answer.headers["Allow"].split(",")} - {"OPTIONS"} == had

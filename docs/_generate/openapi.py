"""The machine endpoints as an OpenAPI 3.1 document: each path and method that is served, no other.

Paths and methods come from the table that answers requests; what is said of each stands here, and
an endpoint of which nothing is said fails the build.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from docs._generate.openapi_answers import (
    ANSWERS,
    FAULT,
    PAGE,
    REFUSAL,
    schemas,
    security_schemes,
)
from docs._generate.openapi_fields import (
    ABOUT_TOKEN,
    AUTHORIZE,
    BACKCHANNEL,
    LOGOUT,
    PUSHED,
    fields,
    form,
    reference,
    token_forms,
)
from idp.config import Settings
from idp.oidc import paths
from idp.web.cors import CrossOrigin
from idp.web.endpoints import Endpoints

if TYPE_CHECKING:
    from collections.abc import Iterable

    Operation = dict[str, Any]

ISSUER: Final = "https://login.example"
PAGES: Final = {paths.AUTHORIZE: ("GET", "POST"), paths.LOGOUT: ("GET", "POST")}
"""Where browsers are sent; a test holds them to the routes."""
FORM: Final = "application/x-www-form-urlencoded"
_CLIENT: Final = ({"basic": []}, {"certificate": []}, {})
"""How a client proves itself; an assertion or a secret in the form stands in the form."""
_TOKEN: Final = ({"bearer": []}, {"bound": []})
_GRANT: Final = "/grants/{grant_id}"
_CLIENT_AT: Final = "/register/{client_id}"
INTRODUCTION: Final = """
The endpoints of the provider that programs call, and the two that browsers are sent to. Forms are
strict: a parameter may be sent once, and nothing may stand in the query of a POST. What each
parameter means is told in the page Endpoints, each refusal in Problems, both beside this file.
"""


def page() -> str:
    """Give the document as JSON."""
    return json.dumps(described(), indent=2) + "\n"


def described() -> dict[str, Any]:
    """Give the document.

    Raises:
        KeyError: an endpoint, or a method of one, that nobody described.
    """
    served = {**_machine(), **PAGES}
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sesame",
            "description": INTRODUCTION.strip(),
            "version": project["version"],
            "license": {"name": project["license"], "identifier": project["license"]},
        },
        "servers": [{"url": ISSUER, "description": "The issuer."}],
        "paths": {
            path: {method.lower(): _operation(path, method) for method in methods}
            for path, methods in served.items()
        },
        "components": {
            "schemas": {**schemas(ISSUER), **fields()},
            "securitySchemes": security_schemes(ISSUER + paths.DISCOVERY),
        },
    }


def _machine() -> dict[str, tuple[str, ...]]:
    """Give the methods of every machine endpoint, self-registration included."""
    settings = Settings(issuer=ISSUER, registration={"mode": "open"})
    services: Any = SimpleNamespace(
        settings=settings, ledger=None, grant_management=None, registration=object(), now=None
    )
    crossing = CrossOrigin(services.ledger, now=services.now, monotonic=lambda: 0.0)
    endpoints = Endpoints(services, crossing)
    rows = (*endpoints.table().values(), *endpoints.below().values())
    return {re.sub(r"<(\w+)>", r"{\1}", row.path): row.methods for row in rows}


def _operation(path: str, method: str) -> Operation:
    said = _OPERATIONS[path, "GET" if method == "HEAD" else method]
    answers = ANSWERS[path, "GET" if method == "HEAD" else method]
    words = re.sub(r"\W+", "_", path).strip("_")
    if method == "HEAD":
        said = {**said, "summary": f"{said['summary']} Without the body."}
        answers = {
            code: {"description": one["description"]} if isinstance(one, dict) else one
            for code, one in answers.items()
        }
    refused, fault = (PAGE, PAGE) if path in PAGES else (REFUSAL, FAULT)
    return {
        "operationId": f"{method.lower()}_{words}",
        **said,
        "responses": {**answers, "4XX": refused, "503": fault},
    }


def _sent(
    summary: str, schema: dict[str, Any], *, required: bool = True, **more: object
) -> Operation:
    body = {"required": required, "content": {FORM: {"schema": schema}}}
    return {"summary": summary, "requestBody": body, **more}


def _in(where: str, names: Iterable[str], *, required: Iterable[str] = ()) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": where, "required": name in required, "schema": reference(name)}
        for name in names
    ]


def _named(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]


_PROOF: Final = {
    "name": "DPoP",
    "in": "header",
    "required": False,
    "description": "A proof of the key that the token is bound to (RFC 9449 section 4).",
    "schema": {"type": "string"},
}
_DOCUMENT: Final = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Registration"}}},
}
_OWN: Final = {"security": [{"bearer": []}]}
_OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    (paths.TOKEN, "POST"): _sent(
        "Give tokens for a grant.", token_forms(), security=[*_CLIENT], parameters=[_PROOF]
    ),
    (paths.PAR, "POST"): _sent(
        "Take an authorization request ahead of the browser (RFC 9126).",
        form(PUSHED),
        security=[*_CLIENT],
        parameters=[_PROOF],
    ),
    (paths.BACKCHANNEL, "POST"): _sent(
        "Ask a person on their phone (CIBA).", form(BACKCHANNEL), security=[*_CLIENT]
    ),
    (paths.INTROSPECT, "POST"): _sent(
        "Tell whether a token lives (RFC 7662).",
        form(ABOUT_TOKEN, required=("token",)),
        security=[*_CLIENT],
    ),
    (paths.REVOKE, "POST"): _sent(
        "End a token (RFC 7009).", form(ABOUT_TOKEN, required=("token",)), security=[*_CLIENT]
    ),
    (paths.USERINFO, "GET"): {
        "summary": "Tell the agreed claims of a person.",
        "security": [*_TOKEN],
        "parameters": [_PROOF],
    },
    (paths.USERINFO, "POST"): _sent(
        "Tell the agreed claims of a person.",
        form(("access_token",)),
        required=False,
        security=[*_TOKEN, {}],
        parameters=[_PROOF],
    ),
    (paths.GRANTS, "GET"): {"summary": "No grant has this address.", "security": [*_TOKEN]},
    (paths.GRANTS, "DELETE"): {"summary": "No grant has this address.", "security": [*_TOKEN]},
    (_GRANT, "GET"): {
        "summary": "Tell what a grant gives.",
        "security": [*_TOKEN],
        "parameters": [*_named("grant_id"), _PROOF],
    },
    (_GRANT, "DELETE"): {
        "summary": "End a grant, with all that hangs off it.",
        "security": [*_TOKEN],
        "parameters": [*_named("grant_id"), _PROOF],
    },
    (paths.JWKS, "GET"): {"summary": "Give the public keys.", "security": []},
    (paths.DISCOVERY, "GET"): {"summary": "Give the provider's metadata.", "security": []},
    (paths.REGISTER, "POST"): {
        "summary": "Register a client (RFC 7591), where that is allowed.",
        "security": [{"bearer": []}, {}],
        "requestBody": _DOCUMENT,
    },
    (_CLIENT_AT, "GET"): {
        "summary": "Show a registration.",
        **_OWN,
        "parameters": _named("client_id"),
    },
    (_CLIENT_AT, "PUT"): {
        "summary": "Put a whole registration in the place of another.",
        **_OWN,
        "parameters": _named("client_id"),
        "requestBody": _DOCUMENT,
    },
    (_CLIENT_AT, "DELETE"): {
        "summary": "Take a registration out, with all that it holds.",
        **_OWN,
        "parameters": _named("client_id"),
    },
    (paths.AUTHORIZE, "GET"): {
        "summary": "Where the browser is sent to log in.",
        "security": [],
        "parameters": _in("query", AUTHORIZE, required=("client_id",)),
    },
    (paths.AUTHORIZE, "POST"): _sent(
        "The same, by form.", form(AUTHORIZE, required=("client_id",)), security=[]
    ),
    (paths.LOGOUT, "GET"): {
        "summary": "Where the browser is sent to end the session.",
        "security": [],
        "parameters": _in("query", LOGOUT),
    },
    (paths.LOGOUT, "POST"): _sent("The same, by form.", form(LOGOUT), required=False, security=[]),
}

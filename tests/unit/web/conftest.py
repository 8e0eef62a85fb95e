"""The application over doubles, and a browser of sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from idp.app import create
from tests.unit.web import doubles

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


class Visit:
    """A client that asks for the issuer's host by default and keeps no cookie by itself."""

    def __init__(self, services: Any) -> None:
        self.services = services
        self._client = Client(create(services), use_cookies=False)
        self._base = services.settings.issuer

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.open("GET", path, **options)

    def post(self, path: str, fields: Any = None, **options: Any) -> TestResponse:
        return self.open("POST", path, data=fields or {}, **options)

    def step(self, tail: str, **fields: str) -> TestResponse:
        data = {"form_token": doubles.TOKEN, **fields}
        return self.post(f"/login/{doubles.LOGIN}/{tail}", data)

    def open(self, method: str, path: str, **options: Any) -> TestResponse:
        if options.get("data") == {}:
            options["content_type"] = "application/x-www-form-urlencoded"
        environ = {"REMOTE_ADDR": "127.0.0.1", **options.pop("environ_overrides", {})}
        return self._client.open(
            path, method=method, base_url=self._base, environ_overrides=environ, **options
        )


@pytest.fixture
def services() -> Any:
    return doubles.services(
        card={"agent_url": "http://127.0.0.1:8403"}, login={"seeded_sign_in": True}
    )


@pytest.fixture
def site(services: Any) -> Visit:
    return Visit(services)

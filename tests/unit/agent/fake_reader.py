"""A reader and a rack of `FakeCard` cards, an agent around them, a clock that the test owns."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from cardreader import client
from cardreader.agent.api import Origins
from cardreader.agent.desk import Desk
from cardreader.agent.loopback import Agent
from cardreader.agent.slots import RackCard, Slots
from cardreader.agent.web import Request, Response
from cardreader.errors import CardAbsent
from tests.unit.agent.fake_card import NOW, FakeCard

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8403
HOST = f"127.0.0.1:{PORT}"
OWN = f"http://{HOST}"
PAGE = "http://localhost:8400"
SIGNED = "https://localhost:8400"


@dataclass(kw_only=True)
class FakeReader:
    name: str = "Software reader"
    cards_by_name: dict[str, FakeCard] = field(default_factory=dict)
    current: str | None = None

    def card_present(self) -> bool:
        return self.current is not None

    @contextmanager
    def connect(self) -> Iterator[Any]:
        if self.current is None:
            raise CardAbsent
        yield self.cards_by_name[self.current]

    def readers(self) -> list[FakeReader]:
        return [self]

    def cards(self) -> list[RackCard]:
        return [
            RackCard(name=name, card=client.summary(card), inserted=name == self.current)
            for name, card in self.cards_by_name.items()
        ]

    def inserted(self) -> str | None:
        return self.current

    def insert(self, name: str) -> None:
        if name not in self.cards_by_name:
            raise CardAbsent
        self.current = name

    def remove(self) -> None:
        self.current = None


@dataclass(kw_only=True)
class Bench:
    """An agent, its reader and its clock; `get` and `post` speak as a browser does."""

    reader: FakeReader = field(
        default_factory=lambda: FakeReader(
            cards_by_name={"an": FakeCard(), "bo": FakeCard()}, current="an"
        )
    )
    time: dt.datetime = NOW
    port: int = PORT
    counter: int = 0
    cookies: dict[str, str] = field(default_factory=dict)
    answers: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        slots = Slots(cast("Any", self.reader), open_session=lambda card: cast("Any", card))
        self.desk = Desk(now=self.now, entropy=self.entropy)
        self.agent = Agent(
            self.desk,
            slots,
            rack=self.reader,
            origins=Origins(allowed=frozenset({PAGE}), allow_http_localhost=True),
            port=self.port,
            now=self.now,
            entropy=self.entropy,
        )

    @property
    def card(self) -> FakeCard:
        assert self.reader.current is not None
        return self.reader.cards_by_name[self.reader.current]

    def now(self) -> dt.datetime:
        return self.time

    def entropy(self, size: int) -> bytes:
        self.counter += 1
        return hashlib.shake_256(str(self.counter).encode()).digest(size)

    def send(self, method: str, target: str, *, body: bytes = b"", **headers: str) -> Response:
        path, _, query = target.partition("?")
        named = {"host": HOST} | {key.replace("_", "-"): value for key, value in headers.items()}
        response = self.agent.answer(
            Request(method=method, path=path, query=query, headers=named, body=body)
        )
        self.answers.append(response)
        return response

    def get(self, target: str, **headers: str) -> Response:
        response = self.send("GET", target, cookie=self._cookies(), **headers)
        self._remember(response)
        return response

    def post(self, target: str, fields: dict[str, str], **headers: str) -> Response:
        named = {
            "origin": OWN,
            "content_type": "application/x-www-form-urlencoded",
            "cookie": self._cookies(),
        } | headers
        return self.send("POST", target, body=urlencode(fields).encode(), **named)

    def _cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _remember(self, response: Response) -> None:
        cookie = response.header("Set-Cookie")
        if cookie is not None:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value

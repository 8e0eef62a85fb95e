"""The agent's two pages for documents, in a real browser: share the certificate, then sign."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cardreader.agent.api import Origins
from cardreader.agent.assembly import assemble
from cardreader.agent.desk import Desk
from cardreader.agent.httpd import AgentServer
from cardreader.agent.loopback import Agent
from cardreader.agent.tasks import ShareCertificate, Sign
from cardreader.signing import Document
from tests.flows.agent.test_pin_page import SIZES, axe, picture
from tests.services.running_server import running_server
from tests.world.holders import PIN, entropy, soft_card
from tests.world.tokens import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from cardreader.agent.desk import Question
    from cardreader.agent.tasks import Task

ORIGIN = "https://notary.example.be"


class Notary:
    """An agent, and whoever asks it."""

    def __init__(self, desk: Desk, base: str) -> None:
        self._desk = desk
        self._base = base

    def asks(self, task: Task, language: str) -> tuple[Question, str]:
        question = self._desk.open(page_origin=ORIGIN, origin=ORIGIN, task=task, language=language)
        return question, f"{self._base}/pin/{question.link}"

    def got(self, question: Question) -> dict[str, object]:
        outcome = self._desk.asked(question.id, page_origin=ORIGIN).outcome
        assert outcome is not None
        assert outcome.token is not None
        return dict(outcome.token)


@pytest.fixture
def notary(tmp_path: Path) -> Iterator[Notary]:
    soft_card("1.8").save(tmp_path / "nora.json")
    cards = assemble(tmp_path, entropy=entropy)
    assert cards.rack is not None
    cards.rack.insert("nora")
    drawn = iter(range(1, 1_000_000))
    desk = Desk(now=lambda: NOW, entropy=lambda size: next(drawn).to_bytes(size))
    server = AgentServer(0)
    agent = Agent(
        desk,
        cards.slots,
        rack=cards.rack,
        origins=Origins(allowed=frozenset(), allow_http_localhost=False),
        port=server.port,
        now=lambda: NOW,
        entropy=entropy,
    )
    server.answer = agent.answer
    with running_server(server):
        yield Notary(desk, agent.base)


@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_a_citizen_shares_and_signs_with_the_keyboard_and_axe_finds_nothing(
    browser: Browser, notary: Notary, language: str
) -> None:
    context = browser.new_context(locale=f"{language}-BE")
    page = context.new_page()
    question, address = notary.asks(ShareCertificate(), language)
    page.goto(address)
    complaints = []
    for name, size in SIZES.items():
        page.set_viewport_size(size)  # type: ignore[arg-type] # a plain dictionary will do
        picture(page, f"share-{name}-{language}")
        complaints += axe(page)
    page.locator("main form button:not(.quiet)").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    certificate = base64.b64decode(str(notary.got(question)["certificate"]))
    document = Document(digest=bytes(range(48)), function="SHA-384", certificate=certificate)
    question, address = notary.asks(Sign(document=document), language)
    page.goto(address)
    for name, size in SIZES.items():
        page.set_viewport_size(size)  # type: ignore[arg-type] # idem
        picture(page, f"sign-{name}-{language}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        complaints += axe(page)
    expect(page.locator("#pin")).to_be_focused()
    page.keyboard.type(PIN)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert set(notary.got(question)) == {"signature", "signatureAlgorithm"}
    assert complaints == []
    context.close()

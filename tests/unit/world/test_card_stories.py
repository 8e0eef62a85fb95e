"""Each state of a card, lived through: the PIN page, the provider's verdict, the files'."""

from __future__ import annotations

import ast
import datetime as dt
import html
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from cardreader import errors, trust
from cardreader.agent import language
from cardreader.agent.api import Origins
from cardreader.agent.assembly import Assembled, assemble
from cardreader.agent.loopback import Agent
from cardreader.errors import CardError
from cardreader.server import CardServer, verify_files
from cardreader.server.login import CardChallenge
from cardreader.sim.card import SoftCard
from cardreader.sim.faults import Fault, Trouble
from cardreader.sim.pki import Country
from cardreader.sim.spoil import Damage, spoil
from cardreader.trust.ports import FetchAnswer, FetchRequest
from idp.errors import problem_of_card
from tests.unit.agent.fake_reader import PAGE, SIGNED, Bench
from tests.unit.agent.test_loopback_api import NONCE, opened, poll, ticket
from tests.world import cards, identity_files
from tests.world.citizens import population
from tests.world.identity_files import CHALLENGE, Named
from tests.world.stories import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardreader.trust.anchors import TrustAnchors
    from tests.world.cards import World
    from tests.world.stories import Story

ROOT = Path(__file__).parents[3]
NOW = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)
PEOPLE = population()
ENGLISH = language.language("en")
VERIFY = 0x20
TOLD = {story.state: story for story in STORIES}
ORDINARY = [citizen.name for citizen in PEOPLE.citizens if citizen.name not in TOLD]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The country, with a card for each damage beside the citizens'."""
    made = cards.copied(
        tmp_path_factory.mktemp("country"), base_url="http://127.0.0.1:8405", at=NOW
    )
    another = made.image("foreigner")
    for damage in get_args(Damage):
        image = spoil(made.image("adult"), damage, another=another)
        SoftCard(image, entropy=bytes).save(made.cards / f"damage_{damage}.json")
    return made


@cache
def trusted(folder: Path) -> TrustAnchors:
    return trust.load(folder, allow_simulated=True)


@cache
def living(folder: Path) -> Country:
    return Country.read(folder)


@cache
def agents_readers(folder: Path) -> Assembled:
    """One reader and rack for all: it reads each card of the folder once."""
    return assemble(folder, entropy=bytes)


class Told:
    """A citizen at the agent's PIN page with one card of the world."""

    def __init__(self, world: World, card: str) -> None:
        self.world = world
        self.bench = Bench(time=NOW)
        self.assembled = agents_readers(world.cards)
        self.bench.agent = Agent(
            self.bench.desk,
            self.assembled.slots,
            rack=self.assembled.rack,
            origins=Origins(allowed=frozenset({PAGE}), allow_http_localhost=True),
            port=self.bench.port,
            now=self.bench.now,
            entropy=self.bench.entropy,
        )
        assert self.assembled.rack is not None
        self.assembled.rack.insert(card)
        self.reader.script()
        self.question, self.path = opened(self.bench, lang="en")

    @property
    def reader(self) -> Any:
        """The software reader."""
        return self.assembled.rack._reader  # type: ignore[union-attr]

    def page(self) -> str:
        return html.unescape(self.bench.get(self.path).body.decode())

    def type_pin(self) -> None:
        form = ticket(self.bench.get(self.path))
        self.bench.post(self.path, {"ticket": form, "pin": PEOPLE.pin})

    def token(self) -> str | None:
        """What the asking page was given, if it was."""
        answer = json.loads(poll(self.bench, self.question).body)
        return json.dumps(answer["token"]) if "token" in answer else None

    def verdict(self) -> str | None:
        """The provider's refusal of the token; None where the login works."""
        token = self.token()
        assert token is not None
        country = living(self.world.country)

        def fetch(request: FetchRequest) -> FetchAnswer:
            assert request.body is not None
            body = country.ocsp_answer(request.body, at=NOW)
            return FetchAnswer(status=200, media_type=request.accept, body=body)

        server = CardServer(trusted(self.world.trust), fetch, now=lambda: NOW, entropy=bytes)
        challenge = CardChallenge(nonce=NONCE, expires_at=NOW)
        try:
            server.complete(challenge, token, origin=SIGNED)
        except CardError as error:
            return error.code
        return None


def files_verdict(world: World, card: str, *, whose: str) -> str | None:
    """The refusal of the card's identity files; None where they are believed."""
    holder = PEOPLE.named(whose)
    found = identity_files.read(world.card(card), challenge=CHALLENGE)
    named = Named(
        kind=holder.kind, national_number=holder.national_number, generation=holder.applet
    )
    try:
        verify_files(
            found.files,
            anchors=trusted(world.trust),
            now=NOW,
            holder=None if holder.carried(NOW) == "none" else named,
            chip=found.chip,
        )
    except CardError as error:
        return error.code
    return None


def lived(told: Told, story: Story) -> None:
    """The page says what the story says; a PIN that can be typed leads to the story's verdict."""
    page = told.page()
    if story.page is not None:
        assert start(story.page) in page
    if 'id="pin"' not in page:
        assert story.page is not None
        assert story.login is None
        return
    told.type_pin()
    assert told.verdict() == story.login


def start(key: str) -> str:
    """The agent's words up to their first blank to fill in."""
    return ENGLISH.say(key, **dict.fromkeys(("date", "name", "others", "tries"), "\0")).split("\0")[
        0
    ]


# --- each of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [*(row.state for row in STORIES if row.staged == "card"), *ORDINARY]
)
def test_a_card_is_told_about_as_its_story_says(world: World, name: str) -> None:
    story = TOLD.get(name) or replace(TOLD["moved"], state=name)
    lived(Told(world, name), story)
    whose = "adult" if name == "copied" else name
    assert files_verdict(world, name, whose=whose) == story.files


@pytest.mark.parametrize("damage", get_args(Damage))
def test_a_damaged_card_is_told_about_as_its_story_says(world: World, damage: str) -> None:
    story = TOLD[damage]
    lived(Told(world, f"damage_{damage}"), story)
    whose = "foreigner" if damage == "files-copied" else "adult"
    assert files_verdict(world, f"damage_{damage}", whose=whose) == story.files


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_trouble_at_the_pin_is_told_and_the_next_try_works(
    world: World, trouble: Trouble
) -> None:
    told = Told(world, "adult")
    told.reader.script(Fault(trouble=trouble, ins=VERIFY))
    told.type_pin()
    story = TOLD[trouble.value]
    page = told.page()
    if story.page is None:
        assert told.verdict() is None
        return
    assert start(story.page) in page
    assert told.token() is None
    assert told.assembled.rack is not None
    told.assembled.rack.insert("adult")
    assert "3 attempts left" in told.page()
    told.type_pin()
    assert told.verdict() is None


def test_a_card_that_another_program_holds_is_told_as_busy(world: World) -> None:
    told = Told(world, "adult")
    with told.reader.connect():
        assert start("reader_busy") in told.page()
        assert start("reader_busy") in html.unescape(told.bench.get("/").body.decode())
    told.type_pin()
    assert told.verdict() is None


@pytest.mark.parametrize("code", sorted(language.NAMES))
def test_the_wallet_says_what_a_card_without_certificates_cannot_do(
    world: World, code: str
) -> None:
    told = Told(world, "adult")
    told.bench.get("/")
    wallet = html.unescape(told.bench.get(f"/?lang={code}").body.decode())
    words = language.language(code)
    assert wallet.count(words.say("card_without_certificates")) == 1
    row = wallet.split(">toddler<")[1].split("</li>")[0]
    assert words.say("card_without_certificates") in row
    # It can be put in all the same: then the reader's own row says it.
    told.bench.post("/insert", {"ticket": ticket(told.bench.get("/")), "card": "toddler"})
    wallet = html.unescape(told.bench.get(f"/?lang={code}").body.decode())
    assert wallet.count(words.say("card_without_certificates")) == 2


# --- the table ------------------------------------------------------------------------------------


def test_everything_that_can_be_declared_has_its_story() -> None:
    declared = {
        "damage": set(get_args(Damage)),
        "trouble": {trouble.value for trouble in Trouble},
    }
    staged = {
        kind: {row.state for row in STORIES if row.staged == kind} for kind in ("damage", "trouble")
    }
    # A damage that a citizen's card has is told there.
    staged["damage"] |= {row.state for row in STORIES if row.staged == "card"} & declared["damage"]
    assert staged == declared
    named = {citizen.name for citizen in PEOPLE.citizens}
    assert {row.state for row in STORIES if row.staged == "card"} <= named
    unusual = {
        citizen.name
        for citizen in PEOPLE.citizens
        if citizen.certificates != "good"
        or citizen.tries != 3
        or citizen.damage is not None
        or citizen.moved_to is not None
        or citizen.carries is not None
        or citizen.carried(NOW) != "both"
        or citizen.valid_until < 0
        or citizen.valid_from > 0
    }
    assert unusual - set(TOLD) == set()


def test_every_code_and_every_word_of_the_table_exists() -> None:
    codes = {
        kind.code: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, CardError)
    }
    for story in STORIES:
        for code in (story.login, story.files):
            assert code is None or problem_of_card(codes[code]())  # type: ignore[arg-type]
        assert story.page is None or len(start(story.page)) > 8
        assert story.page or story.login or story.files or "::" in story.tests[0]


def test_every_test_that_the_table_names_is_there() -> None:
    for file, test in named():
        assert test in functions(file), f"{file}::{test}"


def named() -> Iterator[tuple[str, str]]:
    for story in STORIES:
        assert story.tests
        for reference in story.tests:
            file, _, test = reference.partition("::")
            yield file, test


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))

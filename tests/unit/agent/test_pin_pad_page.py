"""The citizen's tab where the reader has keys of its own: the question, and no field for a PIN."""

from __future__ import annotations

from dataclasses import dataclass

from cardreader.errors import PinWrong, UserCancelled
from tests.unit.agent.fake_card import PIN, FakeCard
from tests.unit.agent.fake_reader import Bench
from tests.unit.agent.test_loopback_api import opened, ticket


@dataclass(kw_only=True)
class PadCard(FakeCard):
    """A card in a reader with keys; ``typed`` is what the citizen does there."""

    has_pad: bool = True
    typed: str | None = PIN
    asked: int = 0

    def verify_pin_on_pad(self) -> None:
        self.asked += 1
        if self.typed is None:
            raise UserCancelled
        if self.typed != PIN:
            self.tries -= 1
            raise PinWrong(self.tries)
        self.verified = True


def bench_with(card: PadCard) -> Bench:
    bench = Bench()
    assert bench.reader.current is not None
    bench.reader.cards_by_name[bench.reader.current] = card
    return bench


def test_the_page_has_no_field_for_a_pin_and_the_reader_asks() -> None:
    card = PadCard()
    bench = bench_with(card)
    _, path = opened(bench)
    page = bench.get(path)
    assert b'type="password"' not in page.body
    assert b"on the card reader itself" in page.body
    bench.post(path, {"ticket": ticket(page), "pin": ""})
    assert (card.asked, card.presented) == (1, [])
    assert b"Your card has answered" in bench.get(path).body


def test_a_pin_that_is_sent_anyway_is_not_given_to_the_card() -> None:
    card = PadCard()
    bench = bench_with(card)
    _, path = opened(bench)
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": "0000"})
    assert (card.asked, card.presented, card.tries) == (1, [], 3)


def test_cancelling_on_the_reader_or_a_wrong_pin_there_comes_back_to_the_page() -> None:
    card = PadCard(typed=None)
    bench = bench_with(card)
    _, path = opened(bench)
    bench.post(path, {"ticket": ticket(bench.get(path)), "pin": ""})
    page = bench.get(path)
    assert b"The reader ended without a PIN" in page.body
    card.typed = "0000"
    bench.post(path, {"ticket": ticket(page), "pin": ""})
    page = bench.get(path)
    assert b"That PIN is wrong. 2 attempts left." in page.body
    assert card.asked == 2


def test_another_card_than_the_one_shown_is_never_asked() -> None:
    shown, other = PadCard(), PadCard()
    bench = bench_with(shown)
    _, path = opened(bench)
    page = bench.get(path)
    assert bench.reader.current is not None
    bench.reader.cards_by_name[bench.reader.current] = other
    bench.post(path, {"ticket": ticket(page), "pin": ""})
    assert (shown.asked, other.asked) == (0, 0)
    assert b"another card in the reader" in bench.get(path).body

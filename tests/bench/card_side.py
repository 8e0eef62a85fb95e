"""The citizen's side of a card, in process: how long the software card takes, medians in ms.

Run alone it prints the two figures: ``python -m tests.bench.card_side``.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from cardreader.beid.session import BeidSession
from cardreader.sim.image import AppletName
from cardreader.sim.reader import SimReader
from tests.world import holders

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

GENERATIONS: Final[tuple[AppletName, ...]] = ("1.8", "1.7")
_TEXT: Final = b"what a provider asks to be signed"


@dataclass(frozen=True, kw_only=True, slots=True)
class CardSide:
    """Medians of one generation, in milliseconds.

    Attributes:
        full_read: every file of the card, from power-up on.
        login: power-up, certificate, PIN, signature.
    """

    applet: AppletName
    full_read: float
    login: float


def card_sides(*, times: int = 50) -> list[CardSide]:
    """Measure both generations, each so many times after one warm-up."""
    return [
        CardSide(
            applet=applet,
            full_read=_median(lambda applet=applet: _full_read(applet), times),
            login=_median(lambda applet=applet: _login(applet), times),
        )
        for applet in GENERATIONS
    ]


def _median(do: Callable[[], None], times: int) -> float:
    do()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        took.append(time.perf_counter() - start)
    return median(took) * 1000


def _full_read(applet: AppletName) -> None:
    image = holders.image(applet)
    reader = SimReader("bench")
    reader.insert(holders.soft_card(applet))
    with reader.connect() as connection:
        session = BeidSession(connection)
        for path, content in image.contents.items():
            if session.read_file(path) != content:
                raise AssertionError(path.hex())


def _login(applet: AppletName) -> None:
    name: Literal["sha256", "sha384"] = "sha256" if applet == "1.7" else "sha384"
    reader = SimReader("bench")
    reader.insert(holders.soft_card(applet))
    with reader.connect() as connection:
        session = BeidSession(connection)
        session.authentication_certificate()
        session.verify_pin(holders.PIN)
        session.sign_authentication(hashlib.new(name, _TEXT).digest(), name)


def main() -> None:
    """Print the figures."""
    for side in card_sides():
        print(f"applet {side.applet}: full read {side.full_read:.2f} ms, login {side.login:.2f} ms")


if __name__ == "__main__":
    main()

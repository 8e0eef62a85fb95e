"""Which files of tests run first, and which of them in one process.

What takes long begins first: begun last, a single file would keep one process alone. Files of a
folder whose stories share a running provider stay in one process, so that it is started once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from xdist.remote import Producer

TOGETHER: Final = (
    "tests/flows/login/",
    "tests/flows/protocol/",
    "tests/attacks/http/",
)
SLOW_FIRST: Final = (
    *TOGETHER,
    "tests/flows/phone_browser/",
    "tests/flows/",
    "tests/attacks/tokens/test_races.py",
    "tests/unit/phone_app/",
    "tests/unit/web/test_card_script.py",
    "tests/unit/web/test_accessibility.py",
    "tests/unit/web/test_phone_pages.py",
    "tests/unit/world/",
    "tests/unit/card/test_robustness.py",
    "tests/attacks/eid/",
    "tests/contract/",
)
"""The slowest first; whatever stands under none of them comes after, in the order that it has."""


def unit_of(name: str) -> str:
    """What stays in one process with a test: its folder's stories, or those of its file."""
    folder = next((folder for folder in TOGETHER if name.startswith(folder)), None)
    return folder or name.partition("::")[0]


def turn_of(name: str) -> int:
    """A test's place in the order."""
    places = (place for place, slow in enumerate(SLOW_FIRST) if name.startswith(slow))
    return next(places, len(SLOW_FIRST))


class Turns(LoadFileScheduling):
    """Hands out files in the order in which they were collected, and some folders whole."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        # It would hand out files with many tests first, and what takes long has few.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def in_turn(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests with what is slow first; else as they were, which is a random order."""
    return sorted(items, key=lambda item: turn_of(item.nodeid))

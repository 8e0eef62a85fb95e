"""A native host over a fake card, to be started as a process of its own, as a browser would."""

from __future__ import annotations

import datetime as dt
import secrets
import sys
from typing import Any, cast

from cardreader.agent.assembly import Assembled
from cardreader.agent.native_host import Host
from cardreader.agent.slots import Slots
from tests.unit.agent.fake_card import FakeCard
from tests.unit.agent.fake_reader import FakeReader

if __name__ == "__main__":
    reader = FakeReader(cards_by_name={"an": FakeCard()}, current="an")
    slots = Slots(cast("Any", reader), open_session=lambda card: cast("Any", card))
    Host(
        Assembled(slots=slots, rack=reader),
        now=lambda: dt.datetime.now(dt.UTC),
        entropy=secrets.token_bytes,
        prompt=sys.argv[1],
    ).run()

"""Logins by phone beside their signature checks and commits: ``python -m tests.bench phone``.

The whole application in this process, one request at a time; only the time inside it is counted,
so neither the virtual phone's signing nor the scripted browser is. Beside it stands what cannot be
left out, measured by turns in the same run: the bare verification of the signatures that were made,
and as many one-row commits to the same database as the application made.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from idp.domain.person import Attributes, Person, PersonId, PersonState
from mobile_flow import qr
from tests.bench.phone_limit import a_commit, a_verification
from tests.bench.phone_page import TITLE, Approved, Cost, Step, both, section
from tests.bench.sections import put_section
from tests.flows.phone.house import AN, Browser, House
from tests.services.components import needs
from tests.services.ledgers import a_database
from tests.services.postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mobile_flow.sim.phone import VirtualPhone

STEPS: Final = ("claim", "number", "approve", "finish")
_PEOPLE: Final = 20
_WARM_UP: Final = 40
_TIMES: Final = 300
_SECOND: Final = timedelta(seconds=1)
_MOST: Final = 1_000_000
_EVERY: Final = 5
_STATIC: Final = (
    "HTTPS://LOGIN.EXAMPLE.BE/Q/ABCDEFGHIJKLMNOPQRSTUVWXYZ/S/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)


def figures(say: Callable[[str], object], *, times: int = _TIMES) -> tuple[Approved, ...]:
    """Measure both stores, ``times`` logins each."""
    found = []
    with tempfile.TemporaryDirectory(prefix="sesame-bench-") as place:
        for store, ledger in _ledgers():
            folder = Path(place) / store
            folder.mkdir()
            with contextlib.closing(_house(folder, ledger)) as house:
                found.append(measured(house, store, times=times))
            say(f"{store}: {_line(found[-1])}")
    return tuple(found)


def _ledgers() -> Iterator[tuple[str, str | None]]:
    yield "SQLite", None
    with running_postgres(needs("initdb")) as server, a_database(server) as url:
        yield "PostgreSQL", url


def _house(folder: Path, ledger: str | None = None) -> House:
    return House(
        folder,
        ledger=ledger,
        approvals_per_person=_MOST,
        starts_per_address=_MOST,
        open_per_address=_MOST,
    )


# --- measured -------------------------------------------------------------------------------------


@dataclass(kw_only=True, slots=True)
class _Meter:
    """Stands before the application and keeps what each step took inside it."""

    app: Callable[..., Iterable[bytes]]
    step: str = ""
    taken: dict[str, list[Cost]] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        cpu, wall = time.thread_time(), time.perf_counter()
        answer = self.app(environ, start_response)
        try:
            return list(answer)
        finally:
            getattr(answer, "close", bool)()
            self._add(time.thread_time() - cpu, time.perf_counter() - wall)

    def begin(self, step: str) -> None:
        """From here on, requests are of another step."""
        self.step = step
        self.taken.setdefault(step, []).append(Cost(cpu=0, wall=0))

    def counting(self, begin: Callable[[], Any]) -> Callable[[], Any]:
        """Give the same, with every writing unit counted for its step."""

        def counted() -> Any:
            self.commits[self.step] = self.commits.get(self.step, 0) + 1
            return begin()

        return counted

    def _add(self, cpu: float, wall: float) -> None:
        if self.step:
            old = self.taken[self.step][-1]
            self.taken[self.step][-1] = Cost(cpu=old.cpu + cpu * 1000, wall=old.wall + wall * 1000)

    def of(self, step: str) -> Step:
        """Give a step's figures."""
        taken = self.taken[step]
        return Step(
            name=step,
            cost=_median(taken),
            commits=self.commits.get(step, 0) / len(taken),
        )


def measured(house: House, store: str, *, times: int, warm_up: int = _WARM_UP) -> Approved:
    """Let people log in by phone, one after the other, and take what each step costs."""
    phones = [house.phone(of=person) for person in _people(house)]
    for phone in phones:
        house.browser().open().choose("mobile").approved_by(phone).agree().tokens()
        house.at += _SECOND
    _in(_by_name(house))
    url = house.services.settings.stores.ledger
    with a_verification() as verify, a_commit(url) as commit:
        _measure(house, phones, times=warm_up, beside={})
        beside = {
            "verification": verify,
            "commit": commit,
            "drawing": lambda: qr.svg(_STATIC),
        }
        meter, costs = _measure(house, phones, times=times, beside=beside)
    return Approved(
        store=store,
        steps=tuple(meter.of(step) for step in STEPS),
        by_phone=_median(_sums(meter, "browser", *STEPS, "tokens")),
        by_name=_median(_sums(meter, "name")),
        **{name: _median(taken) for name, taken in costs.items()},
    )


def _measure(
    house: House,
    phones: list[VirtualPhone],
    *,
    times: int,
    beside: Mapping[str, Callable[[], object]],
) -> tuple[_Meter, dict[str, list[Cost]]]:
    ledger, real = house.services.ledger, house.app
    meter = _Meter(app=real)
    costs: dict[str, list[Cost]] = {name: [] for name in beside}
    house.app = meter
    try:
        with mock.patch.object(ledger, "begin", meter.counting(ledger.begin)):
            for number in range(times):
                _login(house, phones[number % len(phones)], meter)
                for name, act in beside.items():
                    costs[name].append(_timed(act))
                if number % _EVERY == 0:
                    meter.begin("name")
                    _in(_by_name(house))
                    meter.step = ""
                house.at += _SECOND
    finally:
        house.app = real
    return meter, costs


def _login(house: House, phone: VirtualPhone, meter: _Meter) -> None:
    """Walk one login; each side's request is of its own step."""
    meter.begin("browser")
    browser = house.browser().open().choose("mobile")
    text = browser.frame()
    meter.begin("claim")
    phone.scan(text)
    meter.step = "browser"
    number = browser.visit().number
    meter.begin("number")
    phone.number(number)
    assertion = phone.assertion()
    meter.begin("approve")
    phone.approve(assertion)
    meter.begin("finish")
    browser.visit()
    meter.begin("tokens")
    _in(browser)
    meter.step = ""


def _by_name(house: House) -> Browser:
    return house.browser().open().choose("seeded").submit("seeded", username="an")


def _in(browser: Browser) -> None:
    """Go to the end of a login, the code's exchange and the claims; each answer is checked."""
    if browser.userinfo(browser.tokens()["access_token"]) != 200:
        raise RuntimeError("no claims")


def _people(house: House) -> list[PersonId]:
    """An, and others, so that nobody approves more in ten minutes than a few people would."""
    others = [PersonId(f"person-{number}") for number in range(1, _PEOPLE)]
    with house.services.ledger.begin() as unit:
        for person in others:
            unit.people.add(
                Person(
                    id=person,
                    state=PersonState.ACTIVE,
                    attributes=Attributes(given_name="Jo", family_name=person),
                    created_at=house.at,
                    updated_at=house.at,
                ),
                username=person,
            )
    return [AN, *others]


def _timed(act: Callable[[], object]) -> Cost:
    cpu, wall = time.thread_time(), time.perf_counter()
    act()
    return Cost(cpu=(time.thread_time() - cpu) * 1000, wall=(time.perf_counter() - wall) * 1000)


def _sums(meter: _Meter, *steps: str) -> list[Cost]:
    return [
        Cost(cpu=sum(one.cpu for one in each), wall=sum(one.wall for one in each))
        for each in zip(*(meter.taken[step] for step in steps), strict=True)
    ]


def _median(taken: list[Cost]) -> Cost:
    return Cost(cpu=median(one.cpu for one in taken), wall=median(one.wall for one in taken))


# --- told -----------------------------------------------------------------------------------------


def put_into(page: str, found: tuple[Approved, ...]) -> str:
    """Give the page with this section in the place of the former, or before the method."""
    return put_section(page, title=TITLE, text=section(found))


def _line(one: Approved) -> str:
    return ", ".join(
        f"{1000 / whole:.0f} approvals a second ({counted}), {limit / whole:.2f} of the limit"
        for counted, whole, limit in both(one)
    )

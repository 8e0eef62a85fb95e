"""What is known of addresses: the same promises by a file, and by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.places import Nowhere, Places
from idp.store.places import FilePlaces, WatchedFile, country_in, system_in
from tests.services.mmdb import write_mmdb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BELGIAN, DUTCH, BELGIAN_SIX = "192.0.2.7", "198.51.100.7", "2001:db8:1::1"
MACHINES = "203.0.113.9"

SPELLINGS: dict[str, Callable[[str], Any]] = {
    "nested": lambda code: {"country": {"iso_code": code}},
    "flat": lambda code: {"country_code": code},
    "bare": lambda code: {"country": code},
    "named": lambda code: {"country": "Some country", "country_code": code.lower()},
}
NUMBERS: dict[str, Any] = {
    "number": {"autonomous_system_number": 64500},
    "word": {"asn": "AS64500"},
}


def from_files(folder: Path, spelling: str = "nested", number: str = "number") -> Places:
    said = SPELLINGS[spelling]
    countries = write_mmdb(
        folder / "countries.mmdb",
        {
            "192.0.2.0/24": said("BE"),
            "198.51.100.0/24": said("NL"),
            "203.0.113.0/24": {"continent": {"code": "EU"}},
            "2001:db8:1::/48": said("BE"),
        },
    )
    systems = write_mmdb(
        folder / "asn.mmdb",
        {
            "203.0.113.0/24": NUMBERS[number],
            "192.0.2.0/24": {"autonomous_system_number": 64501},
        },
    )
    return FilePlaces(
        WatchedFile(countries, "networks.countries", country_in, monotonic=lambda: 0.0),
        WatchedFile(systems, "networks.asn", system_in, monotonic=lambda: 0.0),
        hosting=frozenset({"64500"}),
    )


@pytest.fixture(params=["file", "nobody", "no_files"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    if request.param == "file":
        return from_files(tmp_path)
    return Nowhere() if request.param == "nobody" else FilePlaces(None, None, hosting=frozenset())


@pytest.mark.parametrize(
    "address",
    [
        *(None, "", "unknown", "192.0.2", "192.0.2.7:80", "192.0.2.0/24", "\x00", "a" * 4000),
        *("fe80::1%eth0", "::1", "127.0.0.1", "10.0.0.1", "8.8.8.8"),
    ],
)
def test_what_is_no_address_or_is_in_no_file_is_unknown(places: Places, address: str) -> None:
    assert places.country(address) is None
    assert places.is_hosting(address) is False


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_country_is_found_however_its_maker_writes_it(tmp_path: Path, spelling: str) -> None:
    places = from_files(tmp_path, spelling)
    asked = (BELGIAN, DUTCH, BELGIAN_SIX, f"::ffff:{DUTCH}", MACHINES)
    assert [places.country(one) for one in asked] == ["BE", "NL", "BE", "NL", None]


@pytest.mark.parametrize("number", NUMBERS)
def test_machines_are_known_by_the_number_of_their_network(tmp_path: Path, number: str) -> None:
    places = from_files(tmp_path, number=number)
    found = [places.is_hosting(one) for one in (MACHINES, f"::ffff:{MACHINES}", BELGIAN, DUTCH)]
    assert found == [True, True, False, False]

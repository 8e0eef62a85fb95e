"""Where addresses are, read from files of the operator (MaxMind DB) and read again when replaced.

A file is held in memory whole, so that one that is overwritten in place harms nobody; an update is
best moved into place. A lookup leaves neither this machine nor any trace.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from ipaddress import IPv6Address, ip_address
from itertools import islice
from typing import TYPE_CHECKING, Final

from idp import log
from idp.domain.places import Nowhere, Places

if TYPE_CHECKING:
    from pathlib import Path

    from maxminddb import Reader

    from idp.config import Settings

_EVERY: Final = 5.0
_LOOKED_AT: Final = 1000
"""Networks of a file of which one at least is to say what the file is for."""
_LETTERS: Final = 2
_Mark = tuple[int, int, int]


class PlacesUnreadable(Exception):
    """A file of networks cannot be used; the message begins with its setting."""


def open_places(settings: Settings, *, monotonic: Callable[[], float]) -> Places:
    """Open what the settings name.

    Raises:
        PlacesUnreadable: a file, or the library that reads it, is missing or not what it should be.
    """
    networks = settings.networks
    if networks.hosting and networks.asn is None:
        raise PlacesUnreadable("networks.asn: name the file in which networks.hosting is looked up")
    if networks.countries is None and not networks.hosting:
        return Nowhere()
    countries = hosts = None
    if networks.countries is not None:
        countries = WatchedFile(
            networks.countries, "networks.countries", country_in, monotonic=monotonic
        )
    if networks.hosting and networks.asn is not None:
        hosts = WatchedFile(networks.asn, "networks.asn", system_in, monotonic=monotonic)
    return FilePlaces(countries, hosts, hosting=frozenset(map(str, networks.hosting)))


class FilePlaces:
    """``Places`` by the operator's files; one is shared by a process and is safe in threads."""

    def __init__(
        self, countries: WatchedFile | None, systems: WatchedFile | None, *, hosting: frozenset[str]
    ) -> None:
        self._countries = countries
        self._systems = systems
        self._hosting = hosting

    def country(self, address: str | None) -> str | None:
        """Look in the file of countries."""
        return None if self._countries is None else self._countries.find(address)

    def is_hosting(self, address: str | None) -> bool:
        """Look up the autonomous system, and whether the operator named it."""
        return self._systems is not None and self._systems.find(address) in self._hosting


class WatchedFile:
    """One file; the old content stands until a new one can be read whole."""

    def __init__(
        self,
        path: Path,
        setting: str,
        read: Callable[[Mapping[str, object]], str | None],
        *,
        monotonic: Callable[[], float],
    ) -> None:
        """Open it.

        Args:
            path: the file.
            setting: what faults are told by.
            read: gives what we look for in a record; ``None`` where it is not there.
            monotonic: seconds that only rise.

        Raises:
            PlacesUnreadable: there is no old content to keep yet.
        """
        self._path = path
        self._setting = setting
        self._read = read
        self._monotonic = monotonic
        self._looking = threading.Lock()
        self._complaint = ""
        self._mark, self._reader = self._opened()
        self._next = monotonic() + _EVERY

    def find(self, address: str | None) -> str | None:
        """Look an address up; ``None`` for one that is none, is not there or cannot be read."""
        self._look_again()
        parsed = _parsed(address)
        if parsed is None:
            return None
        try:
            return self._said(self._reader.get(parsed))
        # What its writer got wrong in one record leaves the others readable.
        except Exception as error:  # noqa: BLE001 - the library promises no narrower class
            self._complain(type(error).__name__)
            return None

    def _look_again(self) -> None:
        if self._monotonic() < self._next or not self._looking.acquire(blocking=False):
            return
        try:
            self._next = self._monotonic() + _EVERY
            if _mark(self._path) != self._mark:
                self._mark, self._reader = self._opened()
                self._complaint = ""
                log.write("networks.replaced", detail=self._setting)
        except (OSError, PlacesUnreadable) as error:
            self._complain(str(error))
        finally:
            self._looking.release()

    def _opened(self) -> tuple[_Mark, Reader]:
        try:
            database = import_module("maxminddb")
        except ImportError:
            raise PlacesUnreadable(
                f"{self._setting}: the library that reads it is not installed: "
                "pip install --require-hashes -r requirements/geo.txt"
            ) from None
        try:
            # The mark first: what is written while we read is looked at again.
            mark = _mark(self._path)
            reader: Reader = database.open_database(self._path, database.MODE_MEMORY)
            useful = any(self._said(record) for _, record in islice(iter(reader), _LOOKED_AT))
        except OSError as error:
            raise PlacesUnreadable(f"{self._setting}: {self._path}: {error.strerror}") from None
        except Exception as error:  # noqa: BLE001 - the library promises no narrower class
            detail = f"{self._path}: no readable MaxMind DB file ({type(error).__name__})"
            raise PlacesUnreadable(f"{self._setting}: {detail}") from None
        if not useful:
            raise PlacesUnreadable(f"{self._setting}: {self._path}: holds nothing of the kind")
        return mark, reader

    def _said(self, record: object) -> str | None:
        return self._read(record) if isinstance(record, Mapping) else None

    def _complain(self, detail: str) -> None:
        if detail != self._complaint:
            self._complaint = detail
            log.write("networks.kept", level=logging.ERROR, detail=detail)


def country_in(record: Mapping[str, object]) -> str | None:
    """Find the two letters where the usual makers of such files write them."""
    nested = record.get("country")
    inner = nested.get("iso_code") if isinstance(nested, Mapping) else nested
    for found in (inner, record.get("country_code")):
        if isinstance(found, str) and len(found) == _LETTERS and found.isascii():
            return found.upper()
    return None


def system_in(record: Mapping[str, object]) -> str | None:
    """Find the number of the autonomous system, in digits, however it is written."""
    found = record.get("autonomous_system_number", record.get("asn"))
    digits = str(found).upper().removeprefix("AS")
    return digits if digits.isascii() and digits.isdigit() else None


def _parsed(address: str | None) -> str | None:
    """Give an address as files know it: one of IPv4 that IPv6 wraps is of IPv4."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)


def _mark(path: Path) -> _Mark:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino

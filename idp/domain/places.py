"""Where an address is, as far as anybody here knows: its country, and whether people use it."""

from __future__ import annotations

from typing import Protocol


class Places(Protocol):
    """What is known of addresses, on this machine alone; nothing that is asked is kept."""

    def country(self, address: str | None) -> str | None:
        """Give the two capital letters of a country (ISO 3166-1), ``None`` where it is unknown."""
        ...

    def is_hosting(self, address: str | None) -> bool:
        """Tell whether machines live there rather than people; what is unknown is not told so."""
        ...


class Nowhere:
    """``Places`` of an operator who named no file: nothing is known."""

    def country(self, address: str | None) -> None:
        """Know none."""
        del address

    def is_hosting(self, address: str | None) -> bool:
        """Know of none."""
        del address
        return False

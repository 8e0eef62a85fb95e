"""How many may wait: in all, and from one address."""

from __future__ import annotations


class Places:
    """Counts the connections that are open."""

    def __init__(self, *, most: int, per_address: int) -> None:
        self._most = most
        self._per_address = per_address
        self._taken: dict[str, int] = {}
        self.open = 0

    def enter(self) -> bool:
        """Count a connection; ``False``, and it is not counted, where the house is full."""
        if self.open >= self._most:
            return False
        self.open += 1
        return True

    def leave(self) -> None:
        """Count one less."""
        self.open -= 1

    def take(self, address: str) -> bool:
        """Count a connection of an address; ``False``, and it is not counted, beyond its share."""
        taken = self._taken.get(address, 0)
        if taken >= self._per_address:
            return False
        self._taken[address] = taken + 1
        return True

    def give(self, address: str) -> None:
        """Count one of this address less."""
        left = self._taken[address] - 1
        if left:
            self._taken[address] = left
        else:
            del self._taken[address]

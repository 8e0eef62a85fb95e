"""What is wrong with a registration: every fault at once, each saying what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault: the member it is in (``purposes[0].claims``) and what to write instead.

    ``rule`` names the rule of a profile that was broken, as it is told to clients.
    """

    member: str
    says: str
    rule: str | None = None

    def __str__(self) -> str:
        return f"{self.member}: {self.says}"


class RegistrationRefused(Exception):
    """The registration cannot be accepted; ``faults`` is never empty."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class Faults:
    """Collects faults while a registration is read, so that one try shows them all."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, member: str, says: str, *, rule: str | None = None) -> None:
        """Note a fault; the same one twice is one."""
        fault = Fault(member=member, says=says, rule=rule)
        if fault not in self._found:
            self._found.append(fault)

    def of(self, member: str) -> bool:
        """Tell whether a fault in this member, or inside it, was noted."""
        return any(
            fault.member == member or fault.member.startswith((f"{member}[", f"{member}."))
            for fault in self._found
        )

    def settle(self) -> None:
        """Pass if nothing was noted.

        Raises:
            RegistrationRefused: with everything that was noted.
        """
        if self._found:
            raise RegistrationRefused(self._found)

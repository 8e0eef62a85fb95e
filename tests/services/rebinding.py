"""A resolver that lies: what an attacker's DNS may answer to a name that was allowed."""

from __future__ import annotations

from idp.outbound.guard import Resolver


class Rebinding(Resolver):
    """A name that somebody's DNS answers with what it likes."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self._answers = answers

    def resolve(self, host: str, port: int, *, seconds: float) -> tuple[str, ...]:
        del host, port, seconds
        return self._answers

"""The catalogue: the only list of refusals, each with its three faces.

Every refusal anywhere in the provider names one ``Problem``. The OAuth face is a constant ASCII
description; the page face is found in the message catalogues under ``problem.<code>.title`` and
``problem.<code>.advice``; the log and audit face is the code with a private detail.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


class WayOut(StrEnum):
    """The one button on the error page that does the next thing."""

    START_AGAIN = "start_again"
    TRY_AGAIN = "try_again"
    OTHER_MEANS = "other_means"
    BACK_TO_SERVICE = "back_to_service"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One entry.

    Attributes:
        code: stable, ASCII, snake case; also the message key and the documentation anchor.
        oauth: the registered OAuth 2.0 or OpenID Connect error code told to a client.
        status: the HTTP status of the page or of the endpoint's answer.
        description: constant ASCII ``error_description``; never holds input.
        way_out: what the person can do next.
        level: a ``logging`` level.
        shared: the name of the page's words, where several entries say the same to a person.
    """

    code: str
    oauth: str
    status: int
    description: str
    way_out: WayOut
    level: int = logging.INFO
    shared: str | None = None

    @property
    def words(self) -> str:
        """Give the name under which the words of its page are found."""
        return self.shared or self.code


class Refused(Exception):
    """A request is refused for a reason in the catalogue.

    ``detail`` is for logs only: it may say what was compared, never a secret and never input
    longer than a few characters.

    ``wait`` is how long it is useless to try again, ``None`` where nobody knows.
    """

    def __init__(
        self, problem: Problem, detail: str = "", *, wait: timedelta | None = None
    ) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.detail = detail
        self.wait = wait


_CATALOGUE: dict[str, Problem] = {}


def entry(  # noqa: PLR0913 - the columns of the catalogue
    code: str,
    oauth: str,
    status: int,
    description: str,
    way_out: WayOut,
    *,
    level: int = logging.INFO,
    words: str | None = None,
) -> Problem:
    """Add an entry. Raises: ValueError for a code that there is already."""
    problem = Problem(
        code=code,
        oauth=oauth,
        status=status,
        description=description,
        way_out=way_out,
        level=level,
        shared=words,
    )
    if code in _CATALOGUE:
        raise ValueError(code)
    _CATALOGUE[code] = problem
    return problem


CATALOGUE: Mapping[str, Problem] = MappingProxyType(_CATALOGUE)
"""Every entry, once the package was imported."""

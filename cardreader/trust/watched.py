"""The trust folder read again while we run: a whole new one replaces the old one, or nothing does.

``trust.toml`` is what is watched: an update writes the certificates first and then moves a new
``trust.toml`` into place. Until that one loads, the old trust stands.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cardreader.trust.anchors import TrustMalformed, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cardreader.trust.anchors import TrustAnchors

_EVERY: Final = 5.0
_Mark = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustChange:
    """What became of a changed folder; ``detail`` says why the old trust was kept."""

    outcome: Literal["replaced", "kept"]
    detail: str


class WatchedAnchors:
    """Gives the trust of now; one is shared by a process and is safe in threads."""

    def __init__(
        self,
        folder: Path,
        *,
        monotonic: Callable[[], float],
        report: Callable[[TrustChange], None],
        allow_simulated: bool = False,
        every: float = _EVERY,
    ) -> None:
        """Load the folder.

        Args:
            folder: where ``trust.toml`` stands.
            monotonic: seconds that only rise.
            report: told of each change, and once of each reason to keep the old trust.
            allow_simulated: as `load` takes it.
            every: how many seconds pass between two looks.

        Raises:
            OSError, TrustMalformed: as `load`: there is no old trust to keep yet.
        """
        self._folder = folder
        self._monotonic = monotonic
        self._report = report
        self._allow_simulated = allow_simulated
        self._every = every
        self._looking = threading.Lock()
        self._mark = self._look()
        self._anchors = load(folder, allow_simulated=allow_simulated)
        self._complaint = ""
        self._next = monotonic() + every

    def __call__(self) -> TrustAnchors:
        """The trust that stands now; looks at the folder when it is time to."""
        if self._monotonic() >= self._next and self._looking.acquire(blocking=False):
            try:
                self._next = self._monotonic() + self._every
                self._reread()
            finally:
                self._looking.release()
        return self._anchors

    def _reread(self) -> None:
        try:
            # The mark first: what is written while we load is looked at again.
            mark = self._look()
            if mark == self._mark:
                return
            fresh = load(self._folder, allow_simulated=self._allow_simulated)
        except (OSError, TrustMalformed) as error:
            self._complain(str(error))
            return
        self._anchors, self._mark, self._complaint = fresh, mark, ""
        roots = ", ".join(root.label for root in fresh.roots)
        self._report(TrustChange(outcome="replaced", detail=f"{len(fresh.cas)} CAs under {roots}"))

    def _complain(self, detail: str) -> None:
        if detail != self._complaint:
            self._complaint = detail
            self._report(TrustChange(outcome="kept", detail=detail))

    def _look(self) -> _Mark:
        found = (self._folder / "trust.toml").stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

"""Argon2id (RFC 9106) for secrets that people choose, a few at a time.

Each takes 19 MiB and some tens of milliseconds, outside the interpreter's lock: however many ask at
once, a worker never computes more than a few of them, and whoever waits too long is told to come
back. The pepper is one of the deployment's own keys: a stolen database alone cannot be guessed at.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from idp.errors import UNAVAILABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY_KIB: Final = 19 * 1024
ITERATIONS: Final = 2
LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_AT_ONCE: Final = 2
_PATIENCE: Final = 2.0
"""Seconds that somebody waits for their turn."""
NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$bm9ib2R5J3Mgc2FsdCwgMQ$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
)
"""The hash of nothing that anybody knows: compared with where there is nothing to compare with."""


class WrongSecret(Exception):
    """Another secret than the one that was hashed."""


class SlowHash:
    """Hashes and compares; one is shared by a process."""

    def __init__(
        self, pepper: bytes, *, entropy: Callable[[int], bytes], at_once: int = _AT_ONCE
    ) -> None:
        """Take ``pepper``, 32 secret bytes that never change."""
        self._pepper = pepper
        self._entropy = entropy
        self._places = BoundedSemaphore(at_once)

    def hash(self, secret: str) -> str:
        """Give the hash in PHC form. Raises: Refused(UNAVAILABLE)."""
        with self._place():
            made = Argon2id(
                salt=self._entropy(_SALT_BYTES),
                length=_HASH_BYTES,
                iterations=ITERATIONS,
                lanes=LANES,
                memory_cost=MEMORY_KIB,
                secret=self._pepper,
            )
            return made.derive_phc_encoded(secret.encode())

    def verify(self, secret: str, hashed: str | None) -> None:
        """Demand that this is the hash of the secret; ``None`` is that of nobody's.

        Raises:
            WrongSecret: after the same work, whether there was a hash or not.
            Refused: UNAVAILABLE.
        """
        with self._place():
            try:
                Argon2id.verify_phc_encoded(
                    secret.encode(), NOBODY if hashed is None else hashed, secret=self._pepper
                )
            except InvalidKey:
                raise WrongSecret("another secret") from None
        if hashed is None:
            raise WrongSecret("nobody's")

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=_PATIENCE):
            raise Refused(UNAVAILABLE, "too many slow hashes at once")
        try:
            yield
        finally:
            self._places.release()

"""What the repositories of the phone have in common: a link, a vault, and how a body is sealed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from idp.store.sealing import seal, unseal

if TYPE_CHECKING:
    from idp.store.ports import Vault
    from idp.store.sql.statement import Link


class Rows:
    """One repository inside a unit of work."""

    __slots__ = ("_link", "_vault")

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault

    def _seal(self, purpose: str, identity: tuple[str, ...], plaintext: bytes) -> bytes:
        return seal(self._vault, purpose, identity, plaintext)

    def _open(self, purpose: str, identity: tuple[str, ...], sealed: bytes) -> bytes:
        return unseal(self._vault, purpose, identity, sealed)


def digest(value: bytes) -> bytes:
    """Give the SHA-256 that something random is looked up by."""
    return hashlib.sha256(value).digest()

"""Sealed columns: every body is bound to its purpose and to the row that it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.store.ports import Tampered

if TYPE_CHECKING:
    from idp.store.ports import Vault


def seal(vault: Vault, purpose: str, identity: tuple[str, ...], plaintext: bytes) -> bytes:
    """Seal ``plaintext`` so that it opens only for the same purpose and identity."""
    return vault.seal(purpose, _context(identity), plaintext)


def unseal(vault: Vault, purpose: str, identity: tuple[str, ...], sealed: bytes) -> bytes:
    """Open what ``seal`` gave.

    Raises:
        Tampered: the column was changed, or moved from another row or purpose.
    """
    try:
        return vault.open(purpose, _context(identity), sealed)
    except Exception as error:  # a vault's errors are its own; each means: do not believe this
        raise Tampered(f"a sealed value of {purpose} does not open") from error


def _context(identity: tuple[str, ...]) -> bytes:
    return b"\x00".join(part.encode() for part in identity)

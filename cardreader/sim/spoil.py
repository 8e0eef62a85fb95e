"""Cards that were spoiled or tampered with, on request: what a reader must notice.

A spoiled card still answers every command as a good one does; only what it says is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from cardreader.beid import files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cardreader.sim.image import CardImage

Damage = Literal[
    "identity-corrupted",
    "certificate-corrupted",
    "photo-corrupted",
    "identity-signature-wrong",
    "address-signature-wrong",
    "photo-swapped",
    "address-of-another",
    "identity-of-another",
    "files-copied",
]
_IDENTITY: Final = (files.IDENTITY, files.IDENTITY_SIGNATURE)
_ADDRESS: Final = (files.ADDRESS, files.ADDRESS_SIGNATURE)
_TAKEN: Final[Mapping[Damage, tuple[bytes, ...]]] = {
    "photo-swapped": (files.PHOTO,),
    "address-of-another": _ADDRESS,
    "identity-of-another": _IDENTITY,
}
_FLIPPED: Final[Mapping[Damage, tuple[bytes, int]]] = {
    "identity-corrupted": (files.IDENTITY, 1),  # the first length: fields run over the end
    "certificate-corrupted": (files.AUTHENTICATION_CERTIFICATE, 4),  # the inner SEQUENCE
    "photo-corrupted": (files.PHOTO, 200),
    "identity-signature-wrong": (files.IDENTITY_SIGNATURE, 20),
    "address-signature-wrong": (files.ADDRESS_SIGNATURE, 20),
}


def spoil(image: CardImage, damage: Damage, *, another: CardImage | None = None) -> CardImage:
    """Make a spoiled card of a good one.

    Args:
        image: the good one.
        damage: what is wrong with it.
        another: whose files these are, for what was taken from another card. ``files-copied`` puts
            every file of that card over a chip that keeps its own keys.

    Raises:
        ValueError: another card is needed, or has another applet.
    """
    if damage in _FLIPPED:
        path, place = _FLIPPED[damage]
        return corrupted(image, path, at=place)
    if another is None or another.applet != image.applet:
        raise ValueError(f"{damage} needs another card of the same applet")
    taken = _TAKEN.get(damage, tuple(another.contents))
    return _with(image, {path: another.contents[path] for path in taken})


def corrupted(
    image: CardImage, path: bytes, *, at: int, change: Callable[[int], int] = lambda old: old ^ 0xFF
) -> CardImage:
    """Change one byte of one file."""
    content = bytearray(image.contents[path])
    content[at] = change(content[at])
    return _with(image, {path: bytes(content)})


def _with(image: CardImage, changed: Mapping[bytes, bytes]) -> CardImage:
    return replace(image, contents={**image.contents, **changed})

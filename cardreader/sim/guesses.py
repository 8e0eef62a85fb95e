"""What nobody outside the issuer knows of these cards, and this simulator therefore chose.

Each choice is a setting, so that whoever holds a real card that differs can say so, and so that a
reader can be tried against both answers. Facts: the marks of the card's reference.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Guesses:
    """The choices; the defaults are what readers in the field get along with best.

    Attributes:
        third_wrong_pin: the status of the wrong PIN that blocks: 63C0 or 6983.
        reselecting_forgets_pin: selecting the applet again takes the PIN's right, as a reset does.
        environment_survives_select: MSE SET outlives the choice of another file.
        idle_get_response: the status of GET RESPONSE when nothing waits.
        change_looks_at_new_pin_first: a malformed new PIN is told without spending a try.
        preferences_length: the size of EF(Preferences), in bytes.
        signature_length: the size of the register's signature files on applet 1.8, in bytes.
        new_chip: five bytes of applet 1.8's card data, from the component code on, hexadecimal.
        authentication_from: the age in years from which a card carries that certificate.
        signature_from: the age in years from which a card carries that certificate.
    """

    third_wrong_pin: int = 0x63C0
    reselecting_forgets_pin: bool = True
    environment_survives_select: bool = True
    idle_get_response: int = 0x6985
    change_looks_at_new_pin_first: bool = True
    preferences_length: int = 100
    signature_length: int = 128
    new_chip: str = "A503010101"
    authentication_from: int = 6
    signature_from: int = 18

    def changed(self) -> dict[str, Any]:
        """The settings that are not the usual ones, as plain values for a file."""
        return {name: value for name, value in asdict(self).items() if value != _USUAL[name]}

    @classmethod
    def of(cls, changed: Mapping[str, Any]) -> Self:
        """Read what `changed` gave.

        Raises:
            ValueError: an unknown setting, or a value of another kind.
        """
        for name, value in changed.items():
            if name not in _USUAL or type(value) is not type(_USUAL[name]):
                raise ValueError(f"guess {name}")
        return cls(**changed)


_USUAL: Final[Mapping[str, Any]] = {field.name: field.default for field in fields(Guesses)}
USUAL: Final = Guesses()

"""Talk to a software card in hexadecimal, as a trace of a real one reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardreader.sim.card import SoftCard
from cardreader.sim.pin import pin_block
from tests.world import holders

if TYPE_CHECKING:
    from cardreader.sim.image import AppletName

RIGHT = pin_block(holders.PIN).hex()
WRONG = pin_block("9999").hex()
VERIFY = f"0020000108{RIGHT}"
VERIFY_WRONG = f"0020000108{WRONG}"
EMPTY_VERIFY = "0020000100"
SELECT_IDENTITY = "00A4080C063F00DF014031"
LOG_OFF = "80E60000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """A powered card; an answer is its status, and data where there is some."""

    card: SoftCard

    def status(self, command: str) -> str:
        """The status word, in capitals."""
        return self.card.transmit(bytes.fromhex(command))[-2:].hex().upper()

    def data(self, command: str) -> bytes:
        """The data of a command that must succeed, fetched to its end."""
        answer = self.card.transmit(bytes.fromhex(command))
        collected = answer[:-2]
        while answer[-2] == 0x61:
            answer = self.card.transmit(bytes((0x00, 0xC0, 0x00, 0x00, answer[-1])))
            collected += answer[:-2]
        assert answer[-2:] == b"\x90\x00", answer[-2:].hex()
        return collected

    def both(self, command: str) -> tuple[bytes, str]:
        """Data and status of one answer."""
        answer = self.card.transmit(bytes.fromhex(command))
        return answer[:-2], answer[-2:].hex().upper()


def talk(applet: AppletName = "1.8") -> Talk:
    """A fresh card under power."""
    card = holders.soft_card(applet)
    card.power_on()
    return Talk(card=card)


def environment(algorithm: int, key: int) -> str:
    """MSE SET."""
    return f"002241B6050480{algorithm:02X}84{key:02X}"


def sign(data: bytes) -> str:
    """PSO: COMPUTE DIGITAL SIGNATURE."""
    return f"002A9E9A{len(data):02X}{data.hex()}"

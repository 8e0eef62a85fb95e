"""Which readers the agent has: the machine's own, or one software reader over a folder of cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cardreader.agent.named import NamedReaders
from cardreader.agent.slots import Rack, Slots
from cardreader.beid import files
from cardreader.beid.session import BeidSession
from cardreader.errors import CardDataMalformed, CertificateAbsent, UnknownCard
from cardreader.reader import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cardreader.reader import Connection, ReaderSource

_READER_NAME: Final = "Sesame software reader"
_CONVERSATION: Final = 30.0
_CERTIFICATES: Final = {
    "authentication": files.AUTHENTICATION_CERTIFICATE,
    "signature": files.SIGNATURE_CERTIFICATE,
    "issuer": files.CA_CERTIFICATE,
    "root": files.ROOT_CERTIFICATE,
    "register": files.RRN_CERTIFICATE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembled:
    """The readers, and the rack where they are software."""

    slots: Slots
    rack: Rack | None


def assemble(
    cards: Path | None,
    *,
    entropy: Callable[[int], bytes],
    clock: Callable[[], float] | None = None,
    name: str | None = None,
) -> Assembled:
    """Put the agent's readers together: software ones where a folder is given, else real ones.

    Args:
        cards: the folder of software cards.
        entropy: gives random bytes.
        clock: seconds that only rise; with it a card has half a minute for each conversation.
        name: only readers whose name holds this text; all where None.

    Raises:
        ReaderUnavailable: real readers are wanted and pyscard is not installed.
    """

    def open_session(connection: Connection) -> BeidSession:
        if clock is None:
            return BeidSession(connection)
        return BeidSession(Deadline(connection, seconds=_CONVERSATION, clock=clock))

    if cards is None:
        from cardreader.pcsc import PcscReaders, binding

        found = _named(PcscReaders(binding()), name)
        return Assembled(slots=Slots(found, open_session=open_session), rack=None)
    from cardreader.agent.rack import FolderRack
    from cardreader.sim.reader import SimReader, SimReaders

    reader = SimReader(_READER_NAME)
    rack = FolderRack(cards, reader, open_session=BeidSession, entropy=entropy)
    found = _named(SimReaders(reader), name)
    return Assembled(slots=Slots(found, open_session=open_session), rack=rack)


def _named(source: ReaderSource, name: str | None) -> ReaderSource:
    return source if name is None else NamedReaders(source, name)


def pem_certificates(assembled: Assembled) -> dict[str, str]:
    """The certificates on the card, PEM by use; an absent one is left out.

    Raises:
        CardError: no reader, no card, or one that cannot be read.
    """
    found: dict[str, str] = {}
    with assembled.slots.card() as session:
        for use, place in _CERTIFICATES.items():
            if not isinstance(session, BeidSession):
                raise UnknownCard
            try:
                der = session.certificate(place)
            except CertificateAbsent:
                continue
            try:
                certificate = x509.load_der_x509_certificate(der)
            except ValueError as error:
                raise CardDataMalformed(use) from error
            found[use] = certificate.public_bytes(Encoding.PEM).decode("ascii")
    return found

"""The eID card as a means of login: challenge out, Web eID token back, a proof of level high.

Signed files may travel with the token; they are verified to their end or the whole answer is
refused, and of them only the facts that this login reads are kept.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cardreader.beid.carried import FileSet
from cardreader.beid.register import Holder
from cardreader.errors import TokenRefused
from cardreader.server import CardChallenge, read_answer
from idp.domain.assurance import Assurance
from idp.domain.event import CardEvidence, MethodName
from idp.errors import CARD_CHALLENGE_UNKNOWN, problem_of_card
from idp.login.card_facts import facts_of
from idp.login.methods import CHALLENGE_MARK, Challenge, Mark, Progress, Proof, ProofRefused
from idp.login.people import person_of_card

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cardreader.server import CardServer, VerifiedCard, VerifiedFiles
    from idp.domain.reading import Reading
    from idp.login.methods import Asking

_SKEW: Final = timedelta(hours=1)
"""A spent challenge stays marked this much longer than any clock of ours may differ."""
_HOLDERS: Final = {"citizen": "be:eid", "foreigner": "be:foreigner"}
_KIDS: Final = "be:kids-eid"


class CardMethod:
    """``LoginMethod`` over ``cardreader.server``."""

    name: Final = MethodName.CARD
    ceiling: Final = Assurance.HIGH
    resistant: Final = True

    def __init__(self, server: CardServer, *, origin: str, entropy: Callable[[int], bytes]) -> None:
        """Take the ``origin`` that cards sign here, as ``signed_origin`` gives it."""
        self._server = server
        self._origin = origin
        self._entropy = entropy

    def start(self, asking: Asking) -> Challenge:
        """Make a fresh challenge."""
        del asking
        challenge = self._server.begin()
        return Challenge(text=challenge.nonce, ends=challenge.expires_at)

    def progress(self, asking: Asking) -> Progress:
        """Wait for nothing: the page itself brings the answer."""
        del asking
        return Progress()

    def page(self, asking: Asking) -> Mapping[str, object]:
        """Need no more than the challenge."""
        del asking
        return {}

    def leave(self, asking: Asking) -> None:
        """Leave nothing behind: the challenge goes with the login."""

    def verify(
        self,
        answer: str,
        *,
        asking: Asking,
        challenge: Challenge | None,
        reading: Reading | None = None,
    ) -> Proof:
        """Verify a Web eID token, revocation included, and then the files that came with it.

        Files that this login does not read are dropped before anything looks into them.

        Raises:
            ProofRefused: of the token or of any file; no part of an answer is believed alone.
        """
        if challenge is None:
            raise ProofRefused(CARD_CHALLENGE_UNKNOWN, "no challenge stands open")
        issued = CardChallenge(nonce=challenge.text, expires_at=challenge.ends)
        try:
            given = read_answer(answer)
            card = self._server.complete(
                issued, given.token, origin=self._origin, live_check=asking.client.live_check
            )
            files = None
            if given.files is not None and reading is not None:
                files = self._server.believe(
                    given.files.only(reading.files),
                    card=card,
                    challenge=issued,
                    origin=self._origin,
                )
        except TokenRefused as error:
            raise ProofRefused(problem_of_card(error), error.code) from error
        return Proof(
            evidence=_evidence(card, files, reading),
            acr=Assurance.HIGH,
            amr=("sc", "pin", "mfa", *_holder(card, files)),
            at=card.verified_at,
            marks=(Mark(kind=CHALLENGE_MARK, key=challenge.text, until=challenge.ends + _SKEW),),
            identify=partial(person_of_card, card=card, entropy=self._entropy),
        )


def _holder(card: VerifiedCard, files: VerifiedFiles | None) -> tuple[str, ...]:
    """Say whose card it is; that it is a child's only its verified file can tell."""
    word = _HOLDERS[card.kind]
    if files is None or files.identity.document_type.holder is not Holder.CHILD:
        return (word,)
    return (_KIDS,) if card.kind == "citizen" else (_KIDS, word)


def _evidence(
    card: VerifiedCard, files: VerifiedFiles | None, reading: Reading | None
) -> CardEvidence:
    sets: tuple[str, ...] = ()
    facts: dict[str, object] = {}
    if files is not None and reading is not None:
        there = {
            FileSet.IDENTITY: True,
            FileSet.ADDRESS: files.address is not None,
            FileSet.PHOTO: files.photo is not None,
        }
        sets = tuple(one.value for one in reading.files if there[one])
        facts = facts_of(files, reading)
    return CardEvidence(
        holder=card.kind,
        certificate_fingerprint=card.fingerprint,
        certificate_serial=card.serial,
        issuer=card.issuer,
        generation="rsa-2048" if card.generation == "1.7" else "ec-p384",
        not_before=card.not_before,
        not_after=card.not_after,
        revocation=card.checked.method,
        status_at=card.checked.this_update,
        files=sets,
        facts=facts,
    )

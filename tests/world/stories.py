"""Every state of a card, every fault, and what the citizen is told: one table for tests and docs.

The cards are those of ``citizens.toml`` and the damages and troubles of ``cardreader.sim``; a test
fails where one of them has no story here. ``tests/unit/world/test_card_stories.py`` lives through
each of them; the page ``docs/reference/card-states.md`` is written from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Staged = Literal["card", "damage", "trouble", "service", "test"]
LOGIN: Final = "tests/flows/login/test_cards_in_trouble.py"
CARDS: Final = "tests/unit/world/test_card_stories.py"
FILES: Final = "tests/unit/world/test_citizens_files.py"
FAULTS: Final = "tests/unit/card/test_faults.py"
OVER_PCSC: Final = "tests/contract/card/test_faults.py"
OTHERS: Final = "tests/contract/card/test_other_programs.py"
CERTIFICATES: Final = "tests/attacks/eid/test_certificates.py"
REVOCATION: Final = "tests/attacks/eid/test_revocation.py"
DOCUMENTS: Final = "tests/attacks/eid/test_identity_files.py"

_LIVED: Final = f"{CARDS}::test_a_card_is_told_about_as_its_story_says"
_DAMAGED: Final = f"{CARDS}::test_a_damaged_card_is_told_about_as_its_story_says"
_TROUBLED: Final = f"{CARDS}::test_a_trouble_at_the_pin_is_told_and_the_next_try_works"
_REFUSED: Final = f"{LOGIN}::test_a_card_that_may_not_be_used_is_refused_and_another_one_works"
_ANY_POINT: Final = f"{FAULTS}::test_a_card_may_leave_or_fall_silent_at_any_point"


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One state or fault.

    Attributes:
        state: the card's name in ``citizens.toml``, the damage, the trouble, or a name of its own.
        about: the state in words.
        staged: where ``state`` is declared; ``service`` and ``test`` are named only here.
        page: the agent's words (``cardreader/agent/languages``) that stand on its PIN page, beside
            the form or in its place; None for the form alone.
        login: the code of the provider's refusal of the token; None where the login works, or
            where none is reached.
        files: the code of the refusal of the identity files; None where they are believed.
        tests: where it is tried, as ``file::test``.
    """

    state: str
    about: str
    staged: Staged = "card"
    page: str | None = None
    login: str | None = None
    files: str | None = None
    tests: tuple[str, ...] = (_LIVED,)


STORIES: Final[tuple[Story, ...]] = (
    # --- the life of a card ---
    Story(
        state="expired",
        about="its validity has ended",
        page="pin_expired_card",
        login="certificate_expired",
        files="document_expired",
        tests=(_LIVED, _REFUSED),
    ),
    Story(
        state="not-yet-valid",
        about="its validity has not begun",
        login="certificate_not_yet_valid",
        files="document_not_yet_valid",
    ),
    Story(
        state="revoked",
        about="it was reported stolen",
        login="certificate_revoked",
        tests=(_LIVED, _REFUSED),
    ),
    Story(
        state="suspended",
        about="it was reported lost, and may be found again",
        login="certificate_revoked",
        tests=(_LIVED, _REFUSED),
    ),
    Story(
        state="unknown",
        about="its issuer's responder has never heard of it",
        login="certificate_unknown",
    ),
    # --- the PIN ---
    Story(
        state="blocked-pin",
        about="the PIN was wrong three times: it is not asked any more",
        page="blocked_title",
        tests=(
            _LIVED,
            f"{LOGIN}::test_a_card_that_came_blocked_is_never_asked_for_its_pin",
        ),
    ),
    Story(
        state="last-try",
        about="one try is left: the citizen is warned before typing",
        page="pin_last",
        tests=(
            _LIVED,
            f"{LOGIN}::test_the_last_try_is_announced_and_a_blocked_card_told_what_to_do",
        ),
    ),
    # --- what a card carries ---
    Story(state="moved", about="the address was written again after a move"),
    Story(state="no-signature", about="the holder declined the signature certificate"),
    Story(state="rekeyed", about="its certificates were issued again by the CA of today"),
    Story(
        state="oldest-hashes",
        about="the register signed its files with SHA-1",
        files="file_signature_wrong",
    ),
    Story(state="kid", about="a Kids-ID with a certificate for authentication alone"),
    Story(state="foreign-kid", about="the same for a child of foreign nationality"),
    Story(
        state="toddler",
        about="a Kids-ID without certificates: it cannot log in",
        page="no_certificate_text",
        tests=(
            _LIVED,
            f"{CARDS}::test_the_wallet_says_what_a_card_without_certificates_cannot_do",
        ),
    ),
    Story(
        state="signature-certificate",
        about="a token made with the certificate for signing documents",
        staged="test",
        login="certificate_refused",
        tests=(f"{CERTIFICATES}::test_eid_06_the_signature_certificate_is_refused",),
    ),
    Story(
        state="technical-document",
        about="a document of type 7 or 8, which is nobody's identity",
        staged="test",
        files="document_refused",
        tests=(f"{DOCUMENTS}::test_a_technical_document_is_never_accepted",),
    ),
    # --- forged and damaged ---
    Story(
        state="identity-corrupted",
        about="its identity file cannot be read",
        files="file_signature_wrong",
    ),
    Story(
        state="signature-wrong",
        about="its identity file is not what the register signed",
        files="file_signature_wrong",
    ),
    Story(state="photo-swapped", about="it has the photo of another card", files="photo_wrong"),
    Story(
        state="address-of-another",
        about="it has the address of another card",
        files="file_signature_wrong",
    ),
    Story(
        state="copied",
        about="a chip with the files of another card: it cannot sign for them",
        login="signature_wrong",
        files="card_copied",
    ),
    Story(
        state="identity-signature-wrong",
        about="the register's signature of the identity was changed",
        staged="damage",
        files="file_signature_wrong",
        tests=(_DAMAGED,),
    ),
    Story(
        state="address-signature-wrong",
        about="the register's signature of the address was changed",
        staged="damage",
        files="file_signature_wrong",
        tests=(_DAMAGED,),
    ),
    Story(
        state="identity-of-another",
        about="it has the identity of another card",
        staged="damage",
        files="files_of_another",
        tests=(_DAMAGED,),
    ),
    Story(
        state="photo-corrupted",
        about="a byte of its photo was changed",
        staged="damage",
        files="photo_wrong",
        tests=(_DAMAGED,),
    ),
    Story(
        state="certificate-corrupted",
        about="its certificate cannot be read",
        staged="damage",
        page="unknown_text",
        tests=(_DAMAGED,),
    ),
    Story(
        state="files-copied",
        about="a chip with the files of another card (the damage behind the card `copied`)",
        staged="damage",
        login="signature_wrong",
        files="card_copied",
        tests=(_DAMAGED,),
    ),
    # --- between card and reader ---
    Story(
        state="pulled",
        about="the card was pulled before it saw the command",
        staged="trouble",
        page="absent_text",
        tests=(_TROUBLED, _ANY_POINT, f"{OVER_PCSC}::test_a_pulled_card_is_absent"),
    ),
    Story(
        state="pulled after",
        about="the card was pulled after it did the command: the answer is lost",
        staged="trouble",
        page="absent_text",
        tests=(_TROUBLED, _ANY_POINT, f"{OVER_PCSC}::test_a_pulled_card_is_absent"),
    ),
    Story(
        state="mute",
        about="the card says nothing",
        staged="trouble",
        page="card_trouble",
        tests=(_TROUBLED, _ANY_POINT, f"{OVER_PCSC}::test_a_silent_card_is_mute"),
    ),
    Story(
        state="reset",
        about="another program reset the card",
        staged="trouble",
        page="card_trouble",
        tests=(
            _TROUBLED,
            f"{FAULTS}::test_a_reset_by_another_program_is_survived_or_told_at_any_point",
            f"{OTHERS}::test_a_reset_after_the_pin_takes_its_right_and_no_pin_is_sent_again",
        ),
    ),
    Story(
        state="slow",
        about="every answer is right and late",
        staged="trouble",
        tests=(
            _TROUBLED,
            f"{FAULTS}::test_a_slow_card_is_waited_for_until_the_deadline",
            f"{OVER_PCSC}::test_a_slow_card_is_waited_for",
        ),
    ),
    Story(
        state="garbage",
        about="a status word that no specification knows",
        staged="trouble",
        page="card_trouble",
        tests=(
            _TROUBLED,
            f"{FAULTS}::test_nonsense_at_any_point_ends_in_a_typed_error_or_is_harmless",
            f"{OVER_PCSC}::test_an_odd_status_is_refused",
        ),
    ),
    Story(
        state="busy",
        about="another program holds the card",
        staged="service",
        page="reader_busy",
        tests=(
            f"{CARDS}::test_a_card_that_another_program_holds_is_told_as_busy",
            f"{OTHERS}::test_a_card_that_another_program_holds_is_busy_and_can_be_had_when_it_lets_go",
        ),
    ),
    Story(
        state="service killed",
        about="the smart card service ended in the middle, and came back",
        staged="service",
        page="reader_none",
        tests=(f"{OTHERS}::test_a_service_that_was_killed_is_found_again_when_it_is_back",),
    ),
    # --- behind the provider ---
    Story(
        state="responder down",
        about="neither the issuer's responder nor its list answers",
        staged="service",
        login="revocation_unavailable",
        tests=(
            f"{LOGIN}::test_while_the_responder_is_down_nobody_gets_in_and_nobody_is_blamed",
            f"{REVOCATION}::test_when_neither_responder_nor_list_answers_nobody_gets_in",
        ),
    ),
)

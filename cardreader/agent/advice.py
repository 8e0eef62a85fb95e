"""What a person can do about each refusal of a card, in their own language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cardreader.agent.named import ReaderNotConnected
from cardreader.errors import PinWrong

if TYPE_CHECKING:
    from cardreader.agent.language import Language
    from cardreader.errors import CardError

_SAYS: Final = {
    "reader_unavailable": "cli_reader_unavailable",
    "reader_busy": "cli_reader_busy",
    "card_absent": "cli_card_absent",
    "card_mute": "cli_card_mute",
    "card_reset": "cli_card_reset",
    "card_unknown": "cli_card_unknown",
    "card_protocol": "cli_card_damaged",
    "card_data_malformed": "cli_card_damaged",
    "certificate_absent": "cli_certificate_absent",
    "card_swapped": "card_swapped",
    "pin_malformed": "pin_malformed",
    "pins_differ": "cli_pins_differ",
    "pin_blocked": "blocked_advice",
    "user_cancelled": "cli_pin_kept",
    # What a verification refused.
    "token_malformed": "cli_files_malformed",
    "certificate_refused": "cli_certificate_refused",
    "certificate_untrusted": "cli_certificate_untrusted",
    "certificate_expired": "cli_certificate_expired",
    "certificate_not_yet_valid": "cli_document_not_yet_valid",
    "files_malformed": "cli_files_malformed",
    "register_untrusted": "cli_register_untrusted",
    "file_signature_wrong": "cli_file_signature_wrong",
    "photo_wrong": "cli_photo_wrong",
    "card_copied": "cli_card_copied",
    "files_of_another": "cli_files_of_another",
    "document_refused": "cli_document_refused",
    "document_expired": "cli_document_expired",
    "document_not_yet_valid": "cli_document_not_yet_valid",
}


def advice(error: CardError, words: Language) -> str:
    """Say what happened and what to do next; never anything that the card or its holder said."""
    if isinstance(error, PinWrong):
        return words.say("pin_wrong", tries=words.tries(error.tries_left))
    if isinstance(error, ReaderNotConnected):
        others = ", ".join(error.others)
        if not others:
            return words.say("reader_not_connected", name=error.name)
        return words.say("cli_reader_not_connected", name=error.name, others=others)
    key = _SAYS.get(error.code)
    if key is None:
        return words.say("cli_card_failed", code=error.code)
    return words.say(key)

"""What may be written on somebody's phone: shown as it was sent, or not at all."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.errors import INVALID_BINDING_MESSAGE, Refused
from idp.oidc.ciba.words import LONGEST, plain_words

DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    "text",
    [
        "1234",
        "Order 1234",
        "Überweisung an Café 't Hoekje: 12,50 €",
        "Ελληνικά και 日本語",
        "שלום",
        "Pay 12.50 to J.Peeters",
        "☕ ok",
        "x" * LONGEST,
    ],
)
def test_plain_words_come_back_unchanged(text: str) -> None:
    assert plain_words(text) == text


@settings(deadline=None)
@given(st.text(max_size=2 * LONGEST))
def test_whatever_is_sent_is_unchanged_or_refused_and_never_dangerous(text: str) -> None:
    try:
        shown = plain_words(text)
    except Refused as refused:
        assert refused.problem is INVALID_BINDING_MESSAGE  # noqa: PT017 - either may happen
        return
    assert shown == text
    assert 0 < len(shown) <= LONGEST
    assert DANGEROUS.isdisjoint(unicodedata.category(letter) for letter in shown)
    assert "://" not in shown


@settings(deadline=None)
@given(
    st.text(alphabet="abc é", min_size=1, max_size=20),
    st.sampled_from("\n\r\t\x00\x7f\u0085\u200b\u200e\u202a\u202e\u2066\u2069\ufeff\u2028\ue000"),
    st.text(alphabet="abc é", max_size=20),
)
def test_one_dangerous_character_anywhere_refuses_the_whole(
    before: str, letter: str, after: str
) -> None:
    with pytest.raises(Refused):
        plain_words(before + letter + after)

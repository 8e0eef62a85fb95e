"""The words for documents, and what a registration's list of them lets in."""

from __future__ import annotations

import pytest

from cardreader.beid.register import TITLES, DocumentType
from idp.domain.documents import KINDS, WORDS, is_accepted, word_of


def test_every_code_of_the_issuers_list_has_a_word() -> None:
    codes = (1, 6, *TITLES)
    assert {word_of(DocumentType(code=code)) for code in codes} == set(WORDS)
    assert {word.partition("-")[0] for word in WORDS} == set(KINDS)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (1, "citizen"),
        (6, "kids-citizen"),
        (34, "foreigner-b"),
        (12, "foreigner-b"),
        (32, "foreigner-eu+"),
        (61, "kids-foreigner-eu"),
        (37, "foreigner-37"),
    ],
)
def test_a_document_is_named_for_its_holder_and_title(code: int, word: str) -> None:
    assert word_of(DocumentType(code=code)) == word


@pytest.mark.parametrize(
    ("word", "accepted", "let_in"),
    [
        ("kids-citizen", (), True),
        ("citizen", ("citizen",), True),
        ("kids-citizen", ("citizen",), False),
        ("kids-foreigner-eu", ("kids",), True),
        ("kids-foreigner-eu", ("foreigner",), False),
        ("foreigner-b", ("foreigner",), True),
        ("foreigner-b", ("citizen", "foreigner-eu+"), False),
        ("foreigner-eu+", ("citizen", "foreigner-eu+"), True),
        ("foreigner-37", ("citizen", "foreigner", "kids"), False),
        ("", ("citizen",), False),
    ],
)
def test_a_list_lets_in_by_kind_or_by_document(
    word: str, accepted: tuple[str, ...], *, let_in: bool
) -> None:
    assert is_accepted(word, accepted) is let_in

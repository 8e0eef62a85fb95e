from __future__ import annotations

from urllib import parse

from hypothesis import given
from hypothesis import strategies as st

from idp.domain.escaping import urlencode

PIECE = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.lists(st.tuples(PIECE, PIECE)))
def test_a_query_is_written_as_the_standard_library_writes_it(pairs: list[tuple[str, str]]) -> None:
    assert urlencode(pairs) == parse.urlencode(pairs)


def test_a_value_cannot_begin_another_one() -> None:
    assert urlencode([("state", "a&code=b c\n")]) == "state=a%26code%3Db+c%0A"

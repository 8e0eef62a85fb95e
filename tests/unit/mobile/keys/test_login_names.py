"""The ten characters of a login name, and every slip of the finger that they catch."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_flow.errors import LoginNameMistyped
from mobile_flow.login_names import (
    ALPHABET,
    SIZE,
    new_login_name,
    read_login_name,
    spell_login_name,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def names() -> SearchStrategy[str]:
    return st.binary(min_size=16, max_size=16).map(lambda data: new_login_name(lambda _: data))


@given(names())
def test_a_name_is_read_as_it_was_spelt_however_it_is_typed(name: str) -> None:
    spelt = spell_login_name(name)
    assert len(name) == SIZE
    for typed in (name, spelt, spelt.lower(), f" {spelt} ", name.replace("0", "o")):
        assert read_login_name(typed) == name


@given(names(), st.integers(0, SIZE - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(name: str, place: int, letter: str) -> None:
    typed = name[:place] + letter + name[place + 1 :]
    if typed != name:
        with pytest.raises(LoginNameMistyped):
            read_login_name(typed)


@given(names(), st.lists(st.integers(0, SIZE - 1), min_size=2, max_size=2, unique=True))
def test_two_swapped_characters_are_noticed_wherever_they_are(name: str, places: list[int]) -> None:
    one, other = places
    letters = list(name)
    letters[one], letters[other] = letters[other], letters[one]
    if letters != list(name):
        with pytest.raises(LoginNameMistyped):
            read_login_name("".join(letters))


@given(names(), st.data())
def test_any_two_wrong_characters_are_noticed(name: str, data: st.DataObject) -> None:
    letters = list(name)
    for place in data.draw(st.sets(st.integers(0, SIZE - 1), min_size=2, max_size=2)):
        letters[place] = data.draw(st.sampled_from(ALPHABET.replace(letters[place], "")))
    with pytest.raises(LoginNameMistyped):
        read_login_name("".join(letters))


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_name_or_mistyped(text: str) -> None:
    try:
        name = read_login_name(text)
    except LoginNameMistyped:
        return
    assert read_login_name(spell_login_name(name)) == name


def test_names_do_not_repeat_and_use_the_whole_alphabet() -> None:
    made = {new_login_name(secrets.token_bytes) for _ in range(2000)}
    assert len(made) == 2000
    assert set("".join(made)) == set(ALPHABET)
    assert not set("AEIOU1L") & set(ALPHABET)

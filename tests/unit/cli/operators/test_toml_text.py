"""What ``show`` prints reads back as the same registration, whatever is in it."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.cli.toml_text import toml_text
from idp.oidc.registration.rules import describe, register
from tests.unit.registration.documents import EC, NOW, POLICY, RSA, a_document, a_purpose, public

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_PLAIN = st.one_of(_TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1))
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(members=st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_any_table_reads_back_as_it_was(members: dict[str, object]) -> None:
    assert tomllib.loads(toml_text(members)) == members


def test_a_full_registration_reads_back_as_the_same_client() -> None:
    document = a_document(
        jwks={"keys": [public(EC, kid="1"), public(RSA, kid="2")]},
        purposes=[a_purpose(), a_purpose(name="other", expires_at="2027-01-01")],
        expires_at="2028-01-01T12:00:00+02:00",
    )
    client = register(document, POLICY, now=NOW)
    shown = tomllib.loads(toml_text(describe(client)))
    assert register(shown, POLICY, now=NOW) == client

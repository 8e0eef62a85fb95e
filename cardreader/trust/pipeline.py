"""The verification of a card token: an ordered list of checks, and the list is the documentation.

Each check adds to the `Case` what it found, or raises a `TokenRefused`. Nothing before
``covering_origin_and_challenge`` is secret or costly, and nothing before it calls the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cardreader import token
from cardreader.trust import certificate, chain, revocation, signature
from cardreader.trust.case import Case

if TYPE_CHECKING:
    from cardreader.trust.revocation import RevocationCheck

Check = Callable[[Case], None]


def well_formed(case: Case) -> None:
    """The text is a token of the ``web-eid:1`` family."""
    case.found_token = token.parse(case.text)


CERTIFICATE_CHECKS: Final[tuple[Check, ...]] = (
    certificate.decoded,
    certificate.for_authentication,
    certificate.under_authentication_policy,
    certificate.in_force,
    certificate.naming_one_person,
    chain.leading_to_a_trusted_root,
)
"""What a certificate must hold by itself, where there is no signature to check."""


def checks(status: RevocationCheck) -> tuple[Check, ...]:
    """Every check, in the order in which they run."""
    return (
        well_formed,
        certificate.decoded,
        certificate.for_authentication,
        certificate.under_authentication_policy,
        certificate.in_force,
        signature.covering_origin_and_challenge,
        certificate.naming_one_person,
        chain.leading_to_a_trusted_root,
        status.not_revoked,
        revocation.still_fresh,
    )


def run(case: Case, steps: tuple[Check, ...]) -> Case:
    """Run every check; returns the case with all that they found.

    Raises:
        TokenRefused: the first check that says no.
    """
    for step in steps:
        step(case)
    return case

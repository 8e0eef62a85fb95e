"""What a client wants its answers signed with (JARM 3): an algorithm of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members

_ALGORITHM: Final = "authorization_signed_response_alg"
MEMBERS: Final[Mapping[str, str]] = {
    _ALGORITHM: "An algorithm of the key ring, for answers in the response modes jwt, query.jwt, "
    "fragment.jwt and form_post.jwt. Default: that of the ID tokens.",
}


def read_answers(members: Members, *, algorithms: tuple[str, ...]) -> str | None:
    """Read the algorithm; one that no key of ours signs with is noted."""
    algorithm = members.text(_ALGORITHM)
    if algorithm is not None and algorithm not in algorithms:
        members.fault(_ALGORITHM, f"write {' or '.join(algorithms)}")
    return algorithm


def describe_answers(client: Client) -> dict[str, object]:
    """Give the member that ``read_answers`` makes this of."""
    return {_ALGORITHM: client.answer_algorithm}

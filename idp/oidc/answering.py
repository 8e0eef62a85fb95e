"""How a request wants to be answered: with what, and in which way; and what of it is offered.

Everything but a code alone is off unless a deployment offers it, and then for the clients that are
registered for it. A code is never answered in the fragment: whoever bends a request so would leave
it unused in an address where scripts read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.client import binds_tokens
from idp.domain.request import ResponseMode
from idp.domain.response_type import ResponseType, read_response_type
from idp.errors import (
    INVALID_REQUEST,
    RESPONSE_TYPE_NOT_REGISTERED,
    TOKENS_ARE_BOUND,
    UNSUPPORTED_RESPONSE_MODE,
    UNSUPPORTED_RESPONSE_TYPE,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idp.config import Settings
    from idp.oidc.checks import Draft

_WEB: Final = ("https:", "http:")


def offered_types(settings: Settings) -> tuple[ResponseType, ...]:
    """Give the response types of this deployment."""
    return tuple(ResponseType(name) for name in settings.login.response_types)


def offered_modes(types: Iterable[ResponseType]) -> tuple[ResponseMode, ...]:
    """Give the response modes that go with these types."""
    front = any(kind.in_front for kind in types)
    return tuple(mode for mode in ResponseMode if front or not mode.in_fragment)


def response_mode(draft: Draft) -> None:
    """Known ones only; a form is never posted to an app's own scheme.

    Whatever is more than a code goes in the fragment, refusals of it too (Multiple Response Types
    5, Core 3.3.2.6), or by form. In the query it goes nowhere: servers and logs would read it
    there, unless it is encrypted (JARM 2.3.1).
    """
    asked = read_response_type(draft.params.get("response_type") or "")
    front = asked in draft.offered and asked is not ResponseType.CODE
    if front:
        draft.response_mode = ResponseMode.FRAGMENT
    sent = draft.params.get("response_mode")
    if sent is None:
        return
    try:
        mode = ResponseMode(sent)
    except ValueError:
        raise Refused(UNSUPPORTED_RESPONSE_MODE, "unknown response_mode") from None
    if front and mode is ResponseMode.JWT:
        mode = ResponseMode.FRAGMENT_JWT
    if mode.posted and not draft.redirect_uri.startswith(_WEB):
        raise Refused(UNSUPPORTED_RESPONSE_MODE, "a form to an app's own scheme")
    if mode.in_fragment and not front:
        raise Refused(UNSUPPORTED_RESPONSE_MODE, "a code in the fragment")
    hidden = mode is ResponseMode.QUERY_JWT and draft.client.forms.answer_encryption is not None
    if front and mode.in_query and not hidden:
        raise Refused(UNSUPPORTED_RESPONSE_MODE, "tokens in the query")
    draft.response_mode = mode


def response_type(draft: Draft) -> None:
    """What is offered here and registered for the client, at an address that may have it."""
    sent = draft.params.get("response_type")
    if sent is None:
        raise Refused(INVALID_REQUEST, "no response_type")
    asked = read_response_type(sent)
    if asked is None or asked not in draft.offered:
        raise Refused(UNSUPPORTED_RESPONSE_TYPE, "another response_type")
    if asked not in draft.client.response_types:
        raise Refused(RESPONSE_TYPE_NOT_REGISTERED, "not registered")
    if asked.in_front and not draft.redirect_uri.startswith(_WEB):
        raise Refused(RESPONSE_TYPE_NOT_REGISTERED, "tokens to an app's own scheme")
    if asked.issues_token and binds_tokens(draft.client):
        raise Refused(TOKENS_ARE_BOUND, "a bearer's token of a client whose tokens are bound")
    draft.response_type = asked

"""What may be sent to each endpoint: the parameters by name, and the forms made of them.

Values that the program decides (grant types, modes, prompts, algorithms, members of a registration)
come from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp.domain.request import Prompt, ResponseMode
from idp.domain.response_type import ResponseType
from idp.oidc import code_grant, exchange, refresh
from idp.oidc.checks import LONGEST_LOGIN_HINT, LONGEST_NONCE, LONGEST_STATE
from idp.oidc.ciba import grant as ciba
from idp.oidc.ciba.words import LONGEST as LONGEST_WORDS
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.oidc.dynamic.documents import OPERATORS
from idp.oidc.form import LONGEST_VALUE, REPEATABLE
from idp.oidc.grants import GRANT_TYPES
from idp.oidc.registration.rules import MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    Schema = dict[str, Any]

_PLAIN: Final = r"^[\x20-\x7e]*$"
_AUTHENTICATION: Final = (
    "client_id",
    "client_secret",
    "client_assertion_type",
    "client_assertion",
)
_REQUEST: Final = (
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "acr_values",
    "claims",
    "login_hint",
    "id_token_hint",
    "ui_locales",
    "resource",
    "dpop_jkt",
    "request",
)
AUTHORIZE: Final = ("client_id", "request_uri", *_REQUEST)
PUSHED: Final = (*_AUTHENTICATION, *_REQUEST)
BACKCHANNEL: Final = (
    *_AUTHENTICATION,
    "scope",
    "login_hint",
    "id_token_hint",
    "login_hint_token",
    "binding_message",
    "authorization_details",
    "requested_expiry",
    "acr_values",
    "claims",
    "client_notification_token",
    "user_code",
    "request",
)
LOGOUT: Final = (
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
ABOUT_TOKEN: Final = (*_AUTHENTICATION, "token", "token_type_hint")
GRANTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    code_grant.GRANT_TYPE: (("code", "redirect_uri"), ("code_verifier", "resource")),
    refresh.GRANT_TYPE: (("refresh_token",), ("scope", "resource")),
    ciba.GRANT_TYPE: (("auth_req_id",), ()),
    exchange.GRANT_TYPE: (
        ("subject_token", "subject_token_type"),
        ("requested_token_type", "resource", "audience", "scope"),
    ),
}
"""What each grant type needs, and what it may have."""


def _words(longest: int, says: str) -> Schema:
    return {"type": "string", "maxLength": longest, "description": says}


FIELDS: Final[dict[str, Schema]] = {
    "client_id": {"description": "Who asks."},
    "client_secret": {"description": "With the method client_secret_post."},
    "client_assertion_type": {"const": ASSERTION_TYPE},
    "client_assertion": {"description": "A JWT of the client's, with the method private_key_jwt."},
    "request_uri": {
        "description": "As the endpoint of pushed requests gave it, or one that "
        "the client registered where they are fetched."
    },
    "redirect_uri": {"format": "uri", "description": "Exactly as it is registered."},
    "response_type": {
        "enum": [kind.value for kind in ResponseType],
        "description": "code, unless login.response_types offers more.",
    },
    "response_mode": {
        "enum": [mode.value for mode in ResponseMode],
        "description": "In the fragment only what is more than a code.",
    },
    "scope": {"description": "Words, with spaces between; openid among them."},
    "state": _words(LONGEST_STATE, "Returned as it is."),
    "nonce": _words(LONGEST_NONCE, "Returned in the ID token."),
    "code_challenge": {"pattern": "^[A-Za-z0-9_-]{43}$", "description": "RFC 7636 section 4.2."},
    "code_challenge_method": {"const": "S256"},
    "prompt": {"description": f"Words of: {', '.join(one.value for one in Prompt)}."},
    "max_age": {"pattern": "^[0-9]+$", "description": "Whole seconds since the person proved."},
    "acr_values": {"description": "Levels; any of them will do."},
    "claims": {
        "contentMediaType": "application/json",
        "description": "OpenID Connect Core 1.0 section 5.5.",
    },
    "login_hint": {"maxLength": LONGEST_LOGIN_HINT, "description": "Who is expected."},
    "login_hint_token": {"description": "The subject, in a JWT that the client signed."},
    "id_token_hint": {"description": "An ID token of ours."},
    "ui_locales": {"description": "Languages, in order of preference."},
    "resource": {"format": "uri", "description": "For what the token is (RFC 8707); may repeat."},
    "audience": {"description": "For whom the token is (RFC 8693); may repeat."},
    "dpop_jkt": {"description": "The thumbprint of the key that alone may redeem the code."},
    "request": {"description": "All of it, in a JWT that the client signed (RFC 9101)."},
    "binding_message": _words(LONGEST_WORDS, "Shown to the person, in quotes."),
    "authorization_details": {
        "contentMediaType": "application/json",
        "description": "What the approval is about (RFC 9396).",
    },
    "requested_expiry": {"pattern": "^[0-9]+$", "description": "Seconds that it may take."},
    "client_notification_token": {"description": "What a ping carries as bearer."},
    "user_code": {"description": "The code that the person gave the service."},
    "post_logout_redirect_uri": {"format": "uri", "description": "Registered for the client."},
    "token": {"description": "An access token or a refresh token."},
    "token_type_hint": {"description": "Not needed, and not heeded."},
    "access_token": {"description": "The token, where no header carries it."},
    "code": {"description": "What came back to the redirect_uri."},
    "code_verifier": {"pattern": "^[A-Za-z0-9._~-]{43,128}$"},
    "refresh_token": {"description": "The last that was given."},
    "auth_req_id": {"description": "What the answer to the back-channel request held."},
    "subject_token": {"description": "The access token to act onward with."},
    "subject_token_type": {"const": exchange.ACCESS_TOKEN},
    "requested_token_type": {"const": exchange.ACCESS_TOKEN},
}


def fields() -> dict[str, Schema]:
    """Give the schema of each parameter, by the name that ``reference`` uses."""
    return {f"parameter.{name}": _field(name) for name in FIELDS}


def reference(name: str) -> Schema:
    """Point to the schema of one parameter. Raises: KeyError for one that nobody described."""
    if name not in FIELDS:
        raise KeyError(name)
    return {"$ref": f"#/components/schemas/parameter.{name}"}


def _field(name: str) -> Schema:
    plain: Schema = {"type": "string", "maxLength": LONGEST_VALUE}
    if not {"const", "enum", "format", "contentMediaType", "pattern"} & FIELDS[name].keys():
        plain["pattern"] = _PLAIN
    schema = {**plain, **FIELDS[name]}
    if name in REPEATABLE:
        said = schema.pop("description")
        return {"description": said, "anyOf": [schema, {"type": "array", "items": schema}]}
    return schema


def form(names: Iterable[str], *, required: Iterable[str] = ()) -> Schema:
    """Give the schema of a form; names that it does not know are ignored, as long as they are text.

    Shape: a JSON Schema of an object.
    """
    return {
        "type": "object",
        "properties": {name: reference(name) for name in names},
        "required": sorted(required),
        "additionalProperties": {"type": "string"},
    }


def token_forms() -> Schema:
    """Give what may be sent to the token endpoint: one form for each grant type that works.

    Raises:
        KeyError: a grant type that nobody described.
    """
    forms = []
    for grant_type in GRANT_TYPES:
        required, more = GRANTS[grant_type]
        one = form((*_AUTHENTICATION, *required, *more), required=("grant_type", *required))
        one["title"] = grant_type
        one["properties"] = {
            "grant_type": {"type": "string", "const": grant_type},
            **one["properties"],
        }
        forms.append(one)
    return {"oneOf": forms}


def registration() -> Schema:
    """Give the document of a client: the members that it may register by itself (RFC 7591)."""
    members = {
        name: {"description": said} for name, said in MEMBERS.items() if name not in OPERATORS
    }
    for name in ("redirect_uris", "grant_types"):
        members[name] |= {"type": "array", "items": {"type": "string"}}
    return {"type": "object", "properties": members, "required": ["redirect_uris"]}

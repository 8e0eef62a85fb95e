"""What an operator says of a client: a file, options, or both; options win.

Nothing is judged here but the form; the rules stand in ``idp.oidc.registration.rules``.
"""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

import click

from idp.domain.client import ClientAuth, Delivery
from idp.domain.forms import AccessTokenFormat
from idp.domain.profile import Profile
from idp.oidc.registration.backchannel import SIGNING_ALGORITHMS
from idp.oidc.registration.keys import CONTENT_ENCRYPTION, KEY_MANAGEMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_BYTES: Final = 256 * 1024

_FORMS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    (
        "--access-tokens",
        "access_token_format",
        "What its access tokens look like.",
        {"type": click.Choice([one.value for one in AccessTokenFormat])},
    ),
    ("--userinfo-algorithm", "userinfo_signed_response_alg", "Of its signed userinfo.", {}),
    (
        "--introspection-algorithm",
        "introspection_signed_response_alg",
        "Of its signed introspections.",
        {},
    ),
    *(
        (
            f"--{option}-encryption-{part}",
            f"{of}_encrypted_response_{part}",
            f"{says} encryption of its {what}.",
            {"type": click.Choice(choices)},
        )
        for option, of, what in (
            ("id-token", "id_token", "ID tokens"),
            ("userinfo", "userinfo", "userinfo"),
            ("introspection", "introspection", "introspections"),
            ("answer", "authorization", "signed answers (JARM)"),
        )
        for part, says, choices in (
            ("alg", "Key", KEY_MANAGEMENT),
            ("enc", "Content", CONTENT_ENCRYPTION),
        )
    ),
)
# option, member, help, further arguments of click
_OPTIONS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("--name", "client_name", "LANGUAGE=TEXT; may be repeated.", {"multiple": True}),
    ("--sector", "sector", "Host name of the sector.", {}),
    ("--redirect-uri", "redirect_uris", "Exact; may be repeated.", {"multiple": True}),
    (
        "--post-logout-redirect-uri",
        "post_logout_redirect_uris",
        "Exact; may be repeated.",
        {"multiple": True},
    ),
    (
        "--profile",
        "profile",
        "The rules that it is held to.",
        {"type": click.Choice([one.value for one in Profile])},
    ),
    (
        "--auth-method",
        "token_endpoint_auth_method",
        "How the client proves itself.",
        {"type": click.Choice([one.value for one in ClientAuth])},
    ),
    ("--auth-algorithm", "token_endpoint_auth_signing_alg", "Of its assertions.", {}),
    ("--jwks", "jwks", "File with its public keys (JSON).", {"type": click.File("rb")}),
    (
        "--certificate-dn",
        "tls_client_auth_subject_dn",
        "The subject of its TLS certificate, for tls_client_auth.",
        {},
    ),
    ("--certificate-dns", "tls_client_auth_san_dns", "Or a DNS name in that certificate.", {}),
    (
        "--certificate-bound/--not-certificate-bound",
        "tls_client_certificate_bound_access_tokens",
        "Whether its tokens are good with its TLS certificate alone.",
        {"default": None},
    ),
    (
        "--dpop-bound/--not-dpop-bound",
        "dpop_bound_access_tokens",
        "Whether its tokens are good with a DPoP proof alone.",
        {"default": None},
    ),
    ("--grant-type", "grant_types", "May be repeated.", {"multiple": True}),
    ("--scope", "scope", "Scopes, with spaces between.", {}),
    ("--subject-type", "subject_type", "pairwise or public.", {}),
    ("--pkce", "pkce", "required or optional.", {}),
    (
        "--require-pushed-requests/--allow-plain-requests",
        "require_pushed_authorization_requests",
        "Whether requests must be pushed.",
        {"default": None},
    ),
    (
        "--require-signed-requests/--allow-unsigned-requests",
        "require_signed_request_object",
        "Whether requests must be signed.",
        {"default": None},
    ),
    ("--id-token-algorithm", "id_token_signed_response_alg", "Of its ID tokens.", {}),
    (
        "--answer-algorithm",
        "authorization_signed_response_alg",
        "Of its signed answers (JARM).",
        {},
    ),
    *_FORMS,
    ("--minimum-acr", "minimum_acr", "The lowest level that it accepts.", {}),
    ("--default-max-age", "default_max_age", "Seconds.", {"type": int}),
    (
        "--live-check/--no-live-check",
        "live_check",
        "Whether a card's status is asked anew at each login.",
        {"default": None},
    ),
    (
        "--static-code/--no-static-code",
        "allow_static_code",
        "Whether a phone may also take a code that stands still or is typed.",
        {"default": None},
    ),
    (
        "--offline-from-phone/--no-offline-from-phone",
        "allow_offline_from_phone",
        "Whether offline_access is given to a login that a phone approved for another device.",
        {"default": None},
    ),
    (
        "--minimum-age",
        "minimum_age",
        "Whole years, by the card's verified file; 18 lets adults in alone.",
        {"type": int},
    ),
    (
        "--accepted-document",
        "accepted_documents",
        "A kind of identity document that is let in; may be repeated.",
        {"multiple": True},
    ),
    (
        "--backchannel-delivery",
        "backchannel_token_delivery_mode",
        "How it hears of the answer to a back-channel request.",
        {"type": click.Choice([one.value for one in Delivery])},
    ),
    (
        "--backchannel-endpoint",
        "backchannel_client_notification_endpoint",
        "The https address that is told by a ping.",
        {},
    ),
    (
        "--backchannel-algorithm",
        "backchannel_authentication_request_signing_alg",
        "Of its back-channel requests; then all of them are signed.",
        {"type": click.Choice(SIGNING_ALGORITHMS)},
    ),
    ("--jwks-uri", "jwks_uri", "https address of its public keys.", {}),
    (
        "--sector-identifier-uri",
        "sector_identifier_uri",
        "https address of a list of its redirect URIs; its host is the sector.",
        {},
    ),
    ("--initiate-login-uri", "initiate_login_uri", "Where others send people to log in.", {}),
    ("--policy-uri", "policy_uri", "How it handles personal data.", {}),
    ("--tos-uri", "tos_uri", "Its terms of service.", {}),
    ("--contact", "contact", "Who answers for it.", {}),
    ("--expires-at", "expires_at", "A day, or a time with its zone.", {}),
)

lasts_option = click.option(
    "--secret-lasts",
    "lasts",
    type=click.IntRange(1, 730),
    default=365,
    show_default=True,
    help="Days that a new secret is good for.",
)


def registration_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--from`` and an option for each member but the purposes, which need a file."""
    for option, member, said, further in reversed(_OPTIONS):
        command = click.option(option, member, help=said, **further)(command)
    return click.option(
        "--from",
        "source",
        type=click.File("rb"),
        help="TOML or JSON file with members of the registration; the purposes need one.",
    )(command)


def members_given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members named by the file and the options; those not named are absent."""
    members = _file(values["source"]) if values["source"] is not None else {}
    for _, member, _, _ in _OPTIONS:
        value = values[member]
        if value is None or value == ():
            continue
        if member == "client_name":
            members[member] = {**_table(members.get(member)), **dict(map(_named, value))}
        elif member == "jwks":
            members[member] = _json(*_read(value))
        else:
            members[member] = list(value) if isinstance(value, tuple) else value
    return members


def _file(source: Any) -> dict[str, Any]:  # noqa: ANN401 - click's open file
    name, text = _read(source)
    if name.endswith(".json") or text.lstrip().startswith("{"):  # no TOML begins so
        found = _json(name, text)
    else:
        try:
            found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise click.ClickException(f"{name}: {error}") from error
    if not isinstance(found, dict):
        raise click.ClickException(f"{name}: write one table (object) of members")
    return found


def _json(name: str, text: str) -> Any:  # noqa: ANN401 - whatever it holds; the rules judge it
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{name}: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice")
    return dict(pairs)


def _read(source: Any) -> tuple[str, str]:  # noqa: ANN401 - click's open file
    """Give the file's name and text."""
    octets: bytes = source.read(_MOST_BYTES + 1)
    name = str(getattr(source, "name", "the file"))
    if len(octets) > _MOST_BYTES:
        raise click.ClickException(f"{name}: more than {_MOST_BYTES} bytes")
    try:
        return name, octets.decode("utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{name}: not UTF-8") from None


def _named(text: str) -> tuple[str, str]:
    language, equals, name = text.partition("=")
    if not equals:
        raise click.ClickException(f'--name {text}: write the language too, such as en="{text}"')
    return language, name


def _table(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"en": value}
    return dict(value) if isinstance(value, dict) else {}

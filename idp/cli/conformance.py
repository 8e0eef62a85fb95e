"""``sesame conformance``: make a deployment ready for the OpenID Foundation's conformance suite.

One command seeds the person that the suite signs in as, registers its static clients with new
secrets, and writes the configuration that the suite is given. It works in the environment
``conformance`` alone, and may be run again at any time.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from idp.cli.client_output import refused_by
from idp.cli.client_rows import record, save
from idp.cli.conformance_fapi import fapi_plans
from idp.cli.conformance_suite import StaticClient, Suite, configuration
from idp.cli.deployment import config_option, json_option, opened
from idp.cli.seeding import persons_in, seeded
from idp.config import Environment
from idp.domain.client import ClientId
from idp.domain.object_use import UNSIGNED
from idp.oidc.client_secrets import mint
from idp.oidc.dynamic.documents import free_scopes, purposes_of_seeded
from idp.oidc.registration.policy import IMPLICIT, policy_of
from idp.oidc.registration.rules import register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.foundation import Foundation
    from idp.oidc.registration.policy import Policy

_SECRET_LASTS: Final = timedelta(days=90)
_ALIAS_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def conformance() -> None:
    """Make a deployment ready for the conformance suite of the OpenID Foundation."""


@conformance.command()
@click.option(
    "--suite",
    "suite_url",
    default="https://localhost.emobix.co.uk:8443",
    show_default=True,
    metavar="URL",
    help="Where the suite runs.",
)
@click.option(
    "--alias", default="sesame", show_default=True, help="The suite's name for this deployment."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("conformance.json"),
    show_default=True,
    help="File to write the suite's configuration to (mode 0600: it holds secrets).",
)
@config_option
@json_option
def prepare(
    suite_url: str, alias: str, out: Path, config_path: Path | None, *, as_json: bool
) -> None:
    """Register the suite's clients and write its configuration.

    Seeds the person that it signs in as. Only where environment = "conformance".
    """
    suite = _suite(suite_url, alias)
    with opened(config_path) as foundation:
        if foundation.settings.environment is not Environment.CONFORMANCE:
            raise click.ClickException(
                'this works only where the settings say environment = "conformance"'
            )
        if not foundation.settings.login.seeded_sign_in:
            raise click.ClickException("set login.seeded_sign_in = true: the suite signs in by it")
        _seed(foundation)
        names = {
            "first": ("suite-first", "client_secret_basic"),
            "second": ("suite-second", "client_secret_basic"),
            "post": ("suite-post", "client_secret_post"),
        }
        clients = {
            place: _registered(foundation, suite, client_id, method)
            for place, (client_id, method) in names.items()
        }
        document = configuration(suite, issuer=foundation.settings.issuer, **clients)
        dynamic = foundation.settings.registration.mode == "open"
        plans = {**fapi_plans(foundation, suite), **_logout_plans(foundation, suite, clients)}
    _write(out, document)
    beside = {out.with_stem(f"{out.stem}-{name}"): plan for name, plan in plans.items()}
    for path, plan in beside.items():
        _write(path, plan)
    told: dict[str, Any] = {
        "written": str(out),
        "clients": [one.id for one in clients.values()],
        "dynamic": dynamic,
        "plans": [str(path) for path in beside],
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"Registered {', '.join(told['clients'])}, each with a new secret.")
    click.echo(f"Give {out} to the suite at {suite.url} as the configuration of a plan.")
    click.echo(f"Plans of FAPI and of logout have {', '.join(path.name for path in beside)}.")
    if not dynamic:
        click.echo('For plans with dynamic clients set registration.mode = "open" and start again.')


def _suite(url: str, alias: str) -> Suite:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise click.UsageError("--suite is https://host or https://host:port")
    if not alias or not set(alias) <= _ALIAS_LETTERS:
        raise click.UsageError("--alias is made of a-z, 0-9 and hyphens")
    return Suite(url=f"https://{parts.netloc}", alias=alias)


def _seed(foundation: Foundation) -> None:
    source = BytesIO(files("idp.cli").joinpath("conformance.toml").read_bytes())
    for username, attributes in persons_in(source).items():
        seeded(foundation, username, attributes)


def _logout_plans(
    foundation: Foundation, suite: Suite, clients: Mapping[str, StaticClient]
) -> dict[str, dict[str, object]]:
    """Register a client for each channel of logout, and give the configuration of its plan.

    The other plans know nothing of these addresses, and fail when they are called.
    """
    channels: dict[str, dict[str, object]] = {
        "back-channel-logout": {
            "backchannel_logout_uri": suite.hears_of_logout,
            "backchannel_logout_session_required": True,
        },
        "front-channel-logout": {
            "frontchannel_logout_uri": suite.framed_at_logout,
            "frontchannel_logout_session_required": True,
        },
    }
    plans = {}
    for name, channel in channels.items():
        first = _registered(foundation, suite, f"suite-{name}", "client_secret_basic", **channel)
        together = {**clients, "first": first}
        plans[name] = configuration(suite, issuer=foundation.settings.issuer, **together)
    return plans


def _registered(
    foundation: Foundation, suite: Suite, client_id: str, method: str, **more: object
) -> StaticClient:
    """Register a client for the suite, or bring the one that is there to this state."""
    now = foundation.now()
    policy = policy_of(foundation.settings)
    minted = mint(entropy=foundation.entropy, expires_at=now + _SECRET_LASTS)
    with foundation.ledger.begin() as unit:
        former = unit.clients.get(ClientId(client_id))
        with refused_by():
            client = register(
                {**_document(suite, policy, client_id, method), **more},
                policy,
                now=now,
                former=former,
            )
        client = replace(client, secrets=(minted.kept,), enabled=True)
        if former is None:
            unit.clients.add(client)
            record(unit, client.id, at=now, change="added for the conformance suite")
        else:
            save(unit, client, at=now, change="renewed for the conformance suite")
    return StaticClient(id=client_id, secret=minted.text)


def _document(suite: Suite, policy: Policy, client_id: str, method: str) -> dict[str, Any]:
    """Give a registration that may ask everything but the national number, in every way there is.

    The plans send no code challenge, so it is optional here; one that is sent is enforced. Their
    request objects by value are unsigned.
    """
    front = [name for name in policy.grant_types() if name == IMPLICIT]
    return {
        "client_id": client_id,
        "client_name": dict.fromkeys(policy.languages, "Conformance suite"),
        "sector": str(urlsplit(suite.url).hostname),
        "redirect_uris": [suite.callback, f"{suite.callback}?dummy1=lorem&dummy2=ipsum"],
        "post_logout_redirect_uris": [suite.logged_out],
        "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token", *front],
        "response_types": [kind.value for kind in policy.response_types],
        "scope": " ".join(free_scopes(policy)),
        "pkce": "optional",
        "request_object_signing_alg": UNSIGNED,
        "purposes": purposes_of_seeded(policy),
    }


def _write(out: Path, document: dict[str, object]) -> None:
    """Write a file that nobody else can read, whole or not at all."""
    fresh = out.with_name(f".{out.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened_file:
        json.dump(document, opened_file, indent=2)
        opened_file.write("\n")
    fresh.replace(out)

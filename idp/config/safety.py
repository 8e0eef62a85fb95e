"""What no deployment may say, and what ``production`` may not: each by the name of its setting."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from idp.config.sections import Environment, Settings


class ConfigRefused(Exception):
    """The configuration cannot be used; the message says which key and what to write instead."""


def refuse_unsafe(settings: Settings) -> None:
    """Look at the whole. Raises: ConfigRefused, with one line for each problem."""
    issuer = urlsplit(settings.issuer)
    problems: list[str] = []
    if (
        issuer.scheme not in {"https", "http"}
        or not issuer.hostname
        or issuer.query
        or issuer.fragment
        or issuer.username is not None
        or settings.issuer.endswith("/")
    ):
        problems.append("issuer: write https://host with no trailing slash, query or fragment")
    if settings.environment is Environment.PRODUCTION:
        problems += _unsafe_in_production(settings, issuer.scheme)
    elif issuer.scheme == "http" and issuer.hostname not in {"localhost", "127.0.0.1", "::1"}:
        problems.append("issuer: http is for loopback only")
    if settings.login.seeded_sign_in and settings.environment not in {
        Environment.TEST,
        Environment.CONFORMANCE,
    }:
        problems.append("login.seeded_sign_in: only in the test and conformance environments")
    if settings.clock.offset_file is not None and settings.environment is not Environment.TEST:
        problems.append("clock.offset_file: only in the test environment")
    if settings.waiting.url is not None and not _same_host(settings.waiting.url, settings.issuer):
        problems.append("waiting.url: write the issuer, or its scheme and host with another port")
    problems += _mtls_faults(settings)
    if "code" not in settings.login.response_types:
        problems.append('login.response_types: "code" is always among them')
    if settings.registration.mode == "open" and settings.environment is Environment.PRODUCTION:
        problems.append('registration.mode: "open" is refused in production; write "token"')
    if problems:
        raise ConfigRefused("\n".join(problems))


def _mtls_faults(settings: Settings) -> list[str]:
    mtls = settings.mtls
    if mtls.url is None:
        return []
    parts = urlsplit(mtls.url)
    if parts.scheme != "https" or mtls.url != f"https://{parts.netloc}" or parts.username:
        return ["mtls.url: write https://host, with nothing after it"]
    if parts.netloc == urlsplit(settings.issuer).netloc:
        return ["mtls.url: leave it out where the issuer's own host asks for certificates"]
    if not mtls.enabled:
        return ["mtls.url: name the proxy in mtls.proxies too, or nothing works there"]
    return []


def _same_host(url: str, issuer: str) -> bool:
    """Tell whether a browser sends the issuer's cookies there: they know no port."""
    there, here = urlsplit(url), urlsplit(issuer)
    plain = url == f"{there.scheme}://{there.netloc}" and there.username is None
    return plain and (there.scheme, there.hostname) == (here.scheme, here.hostname)


def _unsafe_in_production(settings: Settings, scheme: str) -> list[str]:
    problems = []
    if scheme != "https":
        problems.append("issuer: production demands https")
    if settings.card.allow_simulated_trust_root:
        problems.append("card.allow_simulated_trust_root: refused in production")
    if settings.card.allow_http_localhost:
        problems.append("card.allow_http_localhost: refused in production")
    problems += [
        f'login.response_types: "{kind}" gives an access token to the browser, refused in '
        "production"
        for kind in settings.login.response_types
        if "token" in kind.split()
    ]
    if settings.stores.ephemeral.startswith("memory:"):
        problems.append("stores.ephemeral: memory: is for tests, refused in production")
    problems += [
        f"outbound.allow: {entry} is a loopback address, refused in production"
        for entry in settings.outbound.allow
        if _is_loopback(entry.rpartition(":")[0])
    ]
    return problems


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

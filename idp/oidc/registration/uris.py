"""Which addresses a browser may be sent to: a small grammar in which every reader sees one host.

Python's ``urlsplit`` and a browser disagree about backslashes, tabs, user information, numbers as
hosts and escaped dots. A registered address holds none of these, so that comparing it byte for byte
(RFC 9700 section 2.1) compares where the browser will really go.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.oidc.registration.members import Members

MOST: Final = 50
LONGEST: Final = 1000
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LONGEST_HOST: Final = 253
_HIGHEST_PORT: Final = 65535

_WEB: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^/?#\[\]:]+)(?::(?P<port>[0-9]+))?"
    r"(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?",
    re.ASCII,
)
_APP: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)+):(?P<path>/(?!/)[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?",
    re.ASCII,
)
_SAFE: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()+,;=:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_SAFE_QUERY: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()+,;=:@/?-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_ESCAPED: Final = re.compile(r"%(?:2e|2f|5c|25|[01][0-9a-f]|7f)", re.ASCII | re.IGNORECASE)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_ANSWERS: Final = frozenset(
    {
        "access_token",
        "code",
        "error",
        "error_description",
        "error_uri",
        "id_token",
        "iss",
        "response",
        "session_state",
        "state",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """What else may be registered: an app's own scheme, and never the provider's own origin."""

    app_schemes: bool
    issuer: str


def read_uris(members: Members, name: str, allowed: Allowed) -> tuple[str, ...]:
    """Give the addresses of one member; every fault of every address is noted."""
    uris = members.texts(name, most=MOST, longest=LONGEST) or ()
    for place, uri in enumerate(uris):
        for said in faults_of(uri, allowed, answers=name == "redirect_uris"):
            members.fault(f"{name}[{place}]", said)
    return uris


def faults_of(uri: str, allowed: Allowed, *, answers: bool = True) -> Iterator[str]:
    """Give what is wrong with one address; nothing means that it may be registered.

    With ``answers`` the query may not hold a parameter of an authorization response.
    """
    coarse = _coarse_fault(uri)
    if coarse:
        yield coarse
        return
    web = _WEB.fullmatch(uri)
    app = _APP.fullmatch(uri)
    if web is not None:
        yield from _web_faults(web, allowed)
    elif app is not None:
        if not allowed.app_schemes:
            yield (
                "an app's own scheme is for public clients (token_endpoint_auth_method none); "
                "write an https address that the app claims"
            )
    else:
        yield _scheme_fault(uri)
        return
    found = web or app
    if found is not None:
        yield from _path_faults(found["path"])
        yield from _query_faults(found["query"], answers=answers)


def host_of(uri: str) -> str | None:
    """Give the host of an accepted address; ``None`` for an app's own scheme."""
    return urlsplit(uri).hostname


def is_host(text: str) -> bool:
    """Tell whether a text is a host name as it must be written here: lower-case, ASCII."""
    return _host_fault(text) is None


def _coarse_fault(uri: str) -> str | None:
    """Give the fault that makes any finer one pointless."""
    if not uri.isascii():
        return "only ASCII; write the host in its xn-- form and the rest percent-encoded"
    if any(letter <= " " or letter == "\x7f" for letter in uri):
        return "no spaces, tabs, line ends or other control characters"
    if "\\" in uri:
        return "no backslash; browsers read it as a slash"
    if "*" in uri:
        return "no wildcard; register each address in full"
    if "#" in uri:
        return "no fragment; leave out # and what follows"
    return None


def _scheme_fault(uri: str) -> str:
    scheme, colon, rest = uri.partition(":")
    if not colon or "/" in scheme:
        return "write the whole address, beginning with https://"
    if scheme != scheme.lower() and scheme.lower() in {"http", "https"}:
        return f"write the scheme in lower case: {scheme.lower()}://"
    if scheme in {"http", "https"}:
        return _authority_fault(rest)
    return (
        "only https addresses; an app's own scheme is a reversed domain name with one slash, "
        "such as be.example.app:/callback"
    )


def _authority_fault(rest: str) -> str:
    if not rest.startswith("//") or rest.startswith("///"):
        return "write https://host/path, with two slashes"
    authority = re.split(r"[/?]", rest[2:], maxsplit=1)[0]
    if "@" in authority:
        return "no user name or password before the host"
    if rest[2 + len(authority) : 3 + len(authority)] != "/":
        return "add the path after the host, at least /"
    return "the host and port are malformed; write https://host/path or https://host:port/path"


def _web_faults(found: re.Match[str], allowed: Allowed) -> Iterator[str]:
    scheme, host, port = found["scheme"], found["host"], found["port"]
    said = "no user name or password before the host" if "@" in host else _host_fault(host)
    if said:
        yield said
    elif scheme == "http" and host not in LOOPBACK:
        yield "write https; http is only for localhost, 127.0.0.1 and [::1]"
    if port is not None and (
        not 0 < int(port[:6]) <= _HIGHEST_PORT or port.startswith("0") or len(port) > len("65535")
    ):
        yield "the port is a number from 1 to 65535 without leading zeros"
    elif _origin(scheme, host, port) == _origin_of(allowed.issuer):
        yield "this is the provider's own address; write one of the e-service's"


def _origin(scheme: str, host: str, port: str | None) -> tuple[str, str, int]:
    return scheme, host, int(port) if port else {"https": 443, "http": 80}[scheme]


def _origin_of(issuer: str) -> tuple[str, str, int] | None:
    found = _WEB.fullmatch(issuer if issuer.count("/") > len("//") else f"{issuer}/")
    return None if found is None else _origin(found["scheme"], found["host"], found["port"])


def _host_fault(host: str) -> str | None:
    if host.startswith("["):
        return _ipv6_fault(host)
    if len(host) > _LONGEST_HOST:
        return f"a host name has at most {_LONGEST_HOST} characters"
    if host != host.lower():
        return "write the host in lower case"
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4_fault(host)
    for label in labels:
        if not _LABEL.fullmatch(label) or not _is_a_label(label):
            return "the host name is malformed; only a-z, 0-9, - and dots between"
    return None


def _is_a_label(label: str) -> bool:
    """Tell whether a label is plain, or an ``xn--`` one that stands for letters beyond ASCII."""
    if not label.startswith("xn--"):
        return True
    hidden = label.removeprefix("xn--").encode("ascii")
    try:
        letters = hidden.decode("punycode")
        again = letters.encode("punycode")
    except UnicodeError:
        return False
    return (
        again == hidden
        and not letters.isascii()
        and letters == letters.lower()
        and all(unicodedata.category(one)[0] in "LMN" or one in "-·" for one in letters)
    )


def _ipv4_fault(host: str) -> str | None:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return "a host that ends in a number is an IPv4 address; write all four plain decimals"
    return None


def _ipv6_fault(host: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return "the IPv6 address is malformed"
    if address.ipv4_mapped is not None:
        return f"write the IPv4 address itself: {address.ipv4_mapped}"
    canonical = address.compressed
    return None if host == f"[{canonical}]" else f"write the IPv6 address as [{canonical}]"


def _path_faults(path: str) -> Iterator[str]:
    if not _SAFE.fullmatch(path):
        yield "the path has a character that must be percent-encoded"
    if _ESCAPED.search(path):
        yield "no percent-encoded dots, slashes, backslashes, percent or control characters"
    if any(segment.partition(";")[0] in {".", ".."} for segment in path.split("/")):
        yield "no . or .. in the path; write where it leads"


def _query_faults(query: str | None, *, answers: bool) -> Iterator[str]:
    if query is None:
        return
    if not query:
        yield "leave out the ? with nothing after it"
    if not _SAFE_QUERY.fullmatch(query):
        yield "the query has a character that must be percent-encoded"
    if re.search(r"%(?:[01][0-9a-f]|7f)", query, re.IGNORECASE):
        yield "no percent-encoded control characters in the query"
    taken = {part.partition("=")[0] for part in query.split("&")} & _ANSWERS
    if answers and taken:
        yield f"the query holds {min(taken)}, which the provider adds itself; leave it out"

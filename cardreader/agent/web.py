"""Requests and responses of the loopback agent as plain values, and the headers of its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import parse_qsl

from cardreader.agent.templates import static
from cardreader.errors import CardError

if TYPE_CHECKING:
    from cardreader.agent.templates import Html

LARGEST_BODY: Final = 8192
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 4

# `same-origin`, not `no-referrer`: the latter makes browsers send `Origin: null` with our own
# forms, and the origin of a form is what we check. Nothing is ever sent to another site.
_PAGE_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
_ALWAYS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)
_OWN_ONLY: Final = (("Cross-Origin-Resource-Policy", "same-origin"),)
_STATIC: Final = {
    "agent.css": "text/css; charset=utf-8",
    "agent.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class RequestRefused(CardError):
    """A request that the agent does not answer.

    Attributes:
        status: the HTTP status to answer with.
    """

    code: ClassVar[str] = "request_refused"

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One HTTP request; header names in lower case, each present once."""

    method: str
    path: str = field(repr=False)
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in lower case."""
        return self.headers.get(name)

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return next((value for key, value in pairs if key == name), None)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return None

    def form(self, *names: str) -> Mapping[str, str]:
        """The fields of a form: exactly these, each once.

        Raises:
            RequestRefused: another media type, other fields, a field twice.
        """
        if (self.headers.get("content-type") or "").partition(";")[0].strip().lower() != _FORM:
            raise RequestRefused(415, "media type")
        try:
            pairs = parse_qsl(
                self.body.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=True,
                max_num_fields=_MOST_FIELDS,
                errors="strict",
            )
        except ValueError as error:
            # The cause would hold the body, and the body may hold a PIN.
            del error
            raise RequestRefused(400, "form") from None
        fields = dict(pairs)
        if len(fields) != len(pairs) or set(fields) != set(names):
            raise RequestRefused(400, "fields")
        return fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One HTTP response; ``Content-Length`` is added when it is sent.

    Attributes:
        after: called once it has gone out.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(default=b"", repr=False)
    after: Callable[[], None] | None = field(default=None, repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header, by its name as we write it."""
        return next((value for key, value in self.headers if key == name), None)


def page(html: Html, *, status: int = 200, cookie: str | None = None) -> Response:
    """A page of ours: never framed, never cached, nothing but our own files."""
    extra = (("Set-Cookie", cookie),) if cookie else ()
    return Response(
        status=status,
        headers=_PAGE_HEADERS + _ALWAYS + _OWN_ONLY + extra,
        body=html.encode(),
    )


def see_other(path: str) -> Response:
    """Send the browser on with GET, so that a reload repeats nothing."""
    return Response(status=303, headers=(("Location", path), *_ALWAYS, *_OWN_ONLY))


def plain(status: int, text: str) -> Response:
    """A short text for whoever is not a browser showing our page."""
    return Response(
        status=status,
        headers=(("Content-Type", "text/plain; charset=utf-8"), *_ALWAYS, *_OWN_ONLY),
        body=text.encode(),
    )


def json_text(status: int, body: bytes, *headers: tuple[str, str]) -> Response:
    """A JSON answer; ``headers`` say who may read it."""
    return Response(
        status=status,
        headers=(("Content-Type", "application/json"), *_ALWAYS, *headers),
        body=body,
    )


def static_file(name: str) -> Response:
    """One of our three files.

    Raises:
        RequestRefused: any other name.
    """
    if name not in _STATIC:
        raise RequestRefused(404, "file")
    headers = (
        ("Content-Type", _STATIC[name]),
        ("Cache-Control", "private, max-age=600"),
        ("X-Content-Type-Options", "nosniff"),
        *_OWN_ONLY,
    )
    return Response(status=200, headers=headers, body=static(name))


def own_cookie(name: str, value: str, *, path: str) -> str:
    """A cookie for our own pages; Lax, for a tab that another site opened must keep it on reload.

    Cookies do not tell ports apart, so nothing is decided by one alone.
    """
    return f"{name}={value}; Path={path}; HttpOnly; SameSite=Lax"


def require_own_origin(request: Request) -> None:
    """Let a state change through only from a page of the very address that was asked.

    Raises:
        RequestRefused: another origin, or a browser that does not say.
    """
    if request.header("origin") != f"http://{request.header('host')}":
        raise RequestRefused(403, "origin")


def require_top_level(request: Request) -> None:
    """Refuse to be shown inside another page, and to be fetched before somebody asked.

    ``Sec-Fetch-Dest`` and ``Sec-Purpose`` are set by the browser, not by the page.

    Raises:
        RequestRefused: framed, embedded, fetched by script, or prefetched.
    """
    if request.header("sec-fetch-dest") not in {None, "document"}:
        raise RequestRefused(403, "not a tab")
    if request.header("sec-purpose") or request.header("purpose"):
        raise RequestRefused(403, "prefetch")

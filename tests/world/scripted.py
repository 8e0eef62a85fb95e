"""A browser without a screen: follows redirects, keeps cookies, submits forms by their element ids.

For protocol tests and measurements, where Chromium would be slow and says less. It speaks HTTP over
kept connections, knows no script, and treats cookies as browsers do: by host, whatever the port.

    browser = Browser(stops=("https://service.example/",))
    page = browser.get(url)
    page = page.form("seeded").submit(username="nora")
    page = page.press("agree")
    page.parameters["code"]
"""

from __future__ import annotations

import http.client
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tests.world.scripted_cookies import Jar
from tests.world.scripted_page import Form, Markup, read

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence
    from urllib.parse import SplitResult

REDIRECTS = (301, 302, 303, 307, 308)
KEEP_METHOD = (307, 308)
MOST_HOPS = 20
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """One request of the way to a page, and how it was answered."""

    method: str
    url: str
    status: int
    headers: http.client.HTTPMessage
    sent: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Where the browser ended.

    Attributes:
        url: the address it ended at; the whole one, with its parameters.
        status: of the last answer; 0 where the browser stopped before it asked (``stops``).
        trail: every request on the way, this page's last.
        posted: the fields of a POST that was stopped, as form_post sends them.
    """

    browser: Browser = field(repr=False)
    url: str
    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    body: bytes = field(repr=False)
    trail: tuple[Hop, ...] = field(repr=False)
    posted: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    @property
    def parameters(self) -> dict[str, str]:
        """What the address, or a stopped POST, carries: an authorization response, say."""
        return {**dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True)), **self.posted}

    @property
    def markup(self) -> Markup:
        """The page taken apart."""
        return read(self.text)

    @property
    def title(self) -> str:
        """The document's title."""
        return self.markup.title

    def says(self, element: str) -> str:
        """The text inside the element of this id; ``KeyError`` where there is none."""
        return self.markup.texts[element]

    def has(self, element: str) -> bool:
        """Whether there is an element of this id."""
        return element in self.markup.texts or element in self.markup.elements

    def attribute(self, element: str, name: str) -> str:
        """An attribute of the element of this id; ``KeyError`` where either is missing."""
        return self.markup.elements[element][name]

    def form(self, element: str | None = None) -> OpenForm:
        """The form of this id, or the only form of the page."""
        forms = self.markup.forms
        if element is None:
            (only,) = forms
            return OpenForm(page=self, form=only)
        found = [form for form in forms if form.id == element]
        if len(found) != 1:
            raise KeyError(f"{element}: {self.url} has {[form.id for form in forms]}")
        return OpenForm(page=self, form=found[0])

    def press(self, button: str, **values: str | None) -> Page:
        """Press the button of this id, with its form filled in so; ``KeyError`` without one."""
        for form in self.markup.forms:
            if any(made.id == button for made in form.buttons):
                return OpenForm(page=self, form=form).submit(button=button, **values)
        buttons = [made.id for form in self.markup.forms for made in form.buttons]
        raise KeyError(f"{button}: {self.url} has {buttons}")

    def follow(self, element: str) -> Page:
        """Click the link of this id."""
        return self.browser.get(urljoin(self.url, self.attribute(element, "href")))


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenForm:
    """A form as it stands on a page, ready to be filled in."""

    page: Page
    form: Form

    @property
    def fields(self) -> dict[str, str]:
        """What would be sent now, the buttons apart."""
        return dict(self.form.fields)

    def submit(self, *, button: str | None = None, **values: str | None) -> Page:
        """Send the form.

        Args:
            button: the id of the button to press, or its value; else the first one, as when Enter
                is pressed.
            values: fields by name. None unticks or removes one; a field that the form does not
                have is refused, since a person could not fill it in either.
        """
        unknown = values.keys() - self.form.names
        if unknown:
            raise KeyError(f"{sorted(unknown)}: the form has {sorted(self.form.names)}")
        chosen = self.form.pressed(button)
        pairs = [(name, value) for name, value in self.form.fields if name not in values]
        pairs += [(name, value) for name, value in values.items() if value is not None]
        if chosen is not None and chosen.name:
            pairs.append((chosen.name, chosen.value))
        action = chosen.action if chosen is not None and chosen.action else self.form.action
        target = urljoin(self.page.url, action or self.page.url)
        browser = self.page.browser
        if self.form.method == "get":
            return browser.get(target.partition("?")[0] + "?" + urlencode(pairs))
        return browser.post(target, pairs, source=self.page.url)

    def tick(self, *names: str) -> OpenForm:
        """The same form with these boxes ticked and no other."""
        return replace(self, form=self.form.ticked(names))


class Browser:
    """One person's browser: cookies, connections and a language."""

    def __init__(
        self,
        *,
        language: str = "en",
        stops: Iterable[str] = (),
        reach: Mapping[str, tuple[str, int]] | None = None,
        tls: ssl.SSLContext | None = None,
        timeout: float = 20,
    ) -> None:
        """Open a browser.

        Args:
            language: sent as Accept-Language.
            stops: beginnings of addresses that are not asked: the browser ends there.
            reach: where hosts are found: ``{"login.example": ("127.0.0.1", 8443)}``.
            tls: whom to trust.
            timeout: of each answer, in seconds.
        """
        self.language = language
        self.stops = tuple(stops)
        self.cookies = Jar()
        self.headers: dict[str, str] = {}
        self._reach = dict(reach or {})
        self._tls = tls
        self._timeout = timeout
        self._open: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def get(
        self, url: str, *, follow: bool = True, headers: Mapping[str, str] | None = None
    ) -> Page:
        """Go to an address."""
        return self._walk("GET", url, None, headers or {}, follow=follow)

    def post(
        self,
        url: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]],
        *,
        source: str | None = None,
        follow: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Send a form's fields; ``source`` is the page that it stands on, for Origin."""
        more = {
            "Content-Type": "application/x-www-form-urlencoded",
            **_told_of_source(source, url),
            **(headers or {}),
        }
        return self._walk("POST", url, urlencode(fields).encode(), more, follow=follow)

    def send(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str]
    ) -> Page:
        """Send one request of any kind, with the cookies, following nothing."""
        return self._walk(method, url, body, headers, follow=False)

    def close(self) -> None:
        """Close the connections."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ---------------------------------------------------------------------------------

    def _walk(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, follow: bool
    ) -> Page:
        trail: tuple[Hop, ...] = ()
        for _ in range(MOST_HOPS):
            if self.stops and url.startswith(self.stops):
                posted = dict(parse_qsl((body or b"").decode(), keep_blank_values=True))
                nothing = http.client.HTTPMessage()
                return Page(
                    browser=self,
                    url=url,
                    status=0,
                    headers=nothing,
                    body=b"",
                    trail=trail,
                    posted=posted,
                )
            status, answered, content = self._ask(method, url, body, headers)
            hop = Hop(method=method, url=url, status=status, headers=answered, sent=body or b"")
            trail = (*trail, hop)
            location = answered["Location"]
            if not follow or status not in REDIRECTS or location is None:
                return Page(
                    browser=self,
                    url=url,
                    status=status,
                    headers=answered,
                    body=content,
                    trail=trail,
                )
            url = urljoin(url, location)
            if status not in KEEP_METHOD:
                method, body, headers = "GET", None, {}
        raise RuntimeError(f"redirected in circles: {[hop.url for hop in trail]}")

    def _ask(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(url)
        sent = {"Accept-Language": self.language, "Accept": "text/html,*/*;q=0.1"}
        cookies = self.cookies.header_for(parts)
        if cookies:
            sent["Cookie"] = cookies
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        response = self._exchange(
            parts,
            lambda line: line.request(method, target, body, {**sent, **self.headers, **headers}),
        )
        content = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            self.cookies.keep(parts, line)
        return response.status, response.headers, content

    def _exchange(
        self, parts: SplitResult, ask: Callable[[http.client.HTTPConnection], Any]
    ) -> http.client.HTTPResponse:
        key = (parts.scheme, parts.netloc)
        line = self._open.pop(key, None)
        if line is None or _closed_by_peer(line):
            line = self._connection(parts)
        try:
            # Once: a request that fails is never sent again, it may have been carried out.
            ask(line)
            response = line.getresponse()
        except BaseException:
            line.close()
            raise
        self._open[key] = line
        return response

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        port = parts.port or PORTS[parts.scheme]
        address, at = self._reach.get(host, (host, port))
        made: _Plain | _Secure
        if parts.scheme == "http":
            made = _Plain(host, port, timeout=self._timeout)
        else:
            made = _Secure(host, port, timeout=self._timeout, context=self._tls)
        made.reach = (address, at)
        return made


class _Plain(http.client.HTTPConnection):
    reach: tuple[str, int]

    def connect(self) -> None:
        """Go where the host is found, and say its name there."""
        name = (self.host, self.port)
        self.host, self.port = self.reach
        try:
            super().connect()
        finally:
            self.host, self.port = name


class _Secure(http.client.HTTPSConnection):
    reach: tuple[str, int]

    def connect(self) -> None:
        """As `_Plain`; the certificate must still be the name's."""
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined] # http.client's own
        line = socket.create_connection(self.reach, self.timeout)
        self.sock = context.wrap_socket(line, server_hostname=self.host)


def _closed_by_peer(line: http.client.HTTPConnection) -> bool:
    """Whether a resting connection has something to read, which can only be its end."""
    if line.sock is None:
        return False  # http.client opens it again by itself
    closed = bool(select.select([line.sock], [], [], 0)[0])
    if closed:
        line.close()
    return closed


def _told_of_source(source: str | None, url: str) -> dict[str, str]:
    if source is None:
        return {}
    here, there = urlsplit(source), urlsplit(url)
    same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    return {
        "Origin": f"{here.scheme}://{here.netloc}",
        "Referer": source,
        "Sec-Fetch-Site": "same-origin" if same else "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }

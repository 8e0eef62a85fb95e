"""Requests that no client of ours would send, written byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

CANARY = "canaryZq7"
EVIL = f"{CANARY.lower()}.example"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An endpoint and a request that it would consider.

    Attributes:
        page: a person reads the answers; else a program does.
        reads: it looks at parameters.
    """

    name: str
    method: str
    path: str
    form: Mapping[str, str]
    page: bool
    reads: bool = True

    @property
    def encoded(self) -> bytes:
        """The parameters as they travel."""
        return urlencode(self.form).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The parts of one request."""

    host: str
    method: str
    path: str
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = FORM
    version: str = "HTTP/1.1"
    target: bytes | None = None
    hosts: tuple[str, ...] | None = None

    def octets(self) -> bytes:
        """The request as it goes over the wire, the connection closed after it."""
        by_query = self.method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE")
        target = self.target
        if target is None:
            target = self.path.encode()
            if by_query and self.content:
                target += b"?" + self.content
        lines = [b"%s %s %s" % (self.method.encode(), target, self.version.encode())]
        hosts = (self.host,) if self.hosts is None else self.hosts
        lines += [f"Host: {host}".encode() for host in hosts]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in self.headers]
        body = b"" if by_query else self.content
        names = {name.lower() for name, _ in self.headers}
        if not by_query:
            lines.append(f"Content-Type: {self.kind}".encode())
            if not names & {"content-length", "transfer-encoding"}:
                lines.append(b"Content-Length: %d" % len(body))
        lines.append(b"Connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


Change = Callable[[Sent], Sent]


def with_content(make: Callable[[bytes], bytes]) -> Change:
    return lambda sent: replace(sent, content=make(sent.content))


def more(extra: bytes) -> Change:
    return with_content(lambda content: b"&".join(filter(None, (content, extra))))


def header(name: str, value: str) -> Change:
    return lambda sent: replace(sent, headers=(*sent.headers, (name, value)))


def kind(value: str) -> Change:
    return lambda sent: replace(sent, kind=value)


def chunked(sent: Sent) -> Sent:
    content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent.content), sent.content)
    return replace(sent, content=content, headers=(*sent.headers, ("Transfer-Encoding", "chunked")))


def absolute(sent: Sent) -> Sent:
    return replace(sent, target=f"http://{EVIL}{sent.path}".encode())


MALFORMED: Mapping[str, Change] = {
    "repeated": more(f"{CANARY}=1&{CANARY}=2".encode()),
    "repeated-client": more(f"client_id={CANARY}&client_id={CANARY}".encode()),
    "raw-non-ascii": more(f"x={CANARY}\xe9".encode("latin-1")),
    "not-utf-8": more(f"x={CANARY}%ff%fe".encode()),
    "nul": more(f"x={CANARY}%00".encode()),
    "line-break": more(f"x={CANARY}%0d%0aSet-Cookie:%20a=b".encode()),
    "escape": more(f"x={CANARY}%1b[31m".encode()),
    "broken-percent": more(f"x={CANARY}%zz".encode()),
    "cut-percent": more(f"x={CANARY}%4".encode()),
    "no-name": more(f"={CANARY}".encode()),
    "many": more("&".join(f"{CANARY}{n}=1" for n in range(500)).encode()),
    "long-name": more(b"n" * 300 + f"={CANARY}".encode()),
    "long-value": more(f"state2={CANARY}".encode() + b"v" * 10_000),
}
"""Parameters that refuse the whole request wherever parameters are read."""

HOSTS: Mapping[str, Change] = {
    "host": lambda sent: replace(sent, hosts=(EVIL,)),
    "host-port": lambda sent: replace(sent, hosts=(f"{EVIL}:{sent.host.partition(':')[2]}",)),
    "our-host-other-port": lambda sent: replace(sent, hosts=("localhost:1",)),
    "host-with-user": lambda sent: replace(sent, hosts=(f"{sent.host}@{EVIL}",)),
    "host-with-dot": lambda sent: replace(sent, hosts=("localhost.:1",)),
    "two-hosts": lambda sent: replace(sent, hosts=(sent.host, EVIL)),
    "two-hosts-turned": lambda sent: replace(sent, hosts=(EVIL, sent.host)),
    "no-host": lambda sent: replace(sent, hosts=()),
    "empty-host": lambda sent: replace(sent, hosts=("",)),
    "forwarded-host": header("X-Forwarded-Host", EVIL),
    "forwarded": header("Forwarded", f'for=1.2.3.4;host="{EVIL}";proto=https'),
}
"""Names of a host that is not ours."""

CONTENT: Mapping[str, Change] = {
    "json": kind("application/json"),
    "multipart": kind(f"multipart/form-data; boundary={CANARY}"),
    "plain": kind("text/plain"),
    "utf-7": kind(f"{FORM}; charset=utf-7"),
    "xml": kind(f"application/xml; {CANARY}"),
    "none": kind(""),
}
"""What is not a form."""

FRAMING: Mapping[str, Change] = {
    "two-lengths": lambda sent: replace(
        sent, headers=(("Content-Length", "3"), ("Content-Length", "5"))
    ),
    "negative-length": header("Content-Length", "-1"),
    "word-length": header("Content-Length", CANARY),
    "length-and-chunks": lambda sent: replace(
        chunked(sent), headers=(("Content-Length", "3"), ("Transfer-Encoding", "chunked"))
    ),
    "unknown-coding": header("Transfer-Encoding", f"gzip, {CANARY}"),
    "long-body": header("Content-Length", str(10**12)),
    "short-body": lambda sent: replace(
        sent, headers=(("Content-Length", str(len(sent.content) + 100)),)
    ),
    "space-in-header": header(f"X {CANARY}", "1"),
    "huge-header": header("X-Long", CANARY + "x" * 1_000_000),
    "old-version": lambda sent: replace(sent, version="HTTP/0.9"),
    "new-version": lambda sent: replace(sent, version="HTTP/3.7"),
}
"""Requests that servers before and behind each other might cut differently."""

CUT_SHORT = frozenset({"two-lengths", "length-and-chunks", "unknown-coding", "short-body"})
"""Those after which a server may wait for more."""

ONE_READING = frozenset({"length-and-chunks", "old-version", "new-version"})
"""Those that may be taken, since they are read in one way only (RFC 9112 section 6.3)."""

HARMLESS: Mapping[str, Change] = {
    # The HTTP server drops a host in the request line before any application sees it.
    "absolute": absolute,
    "http-1.0": lambda sent: replace(sent, version="HTTP/1.0"),
    "unknown-parameter": more(f"x={CANARY}".encode()),
    "cookies": header("Cookie", "; ".join(f"c{n}={CANARY}{'v' * 60}" for n in range(100))),
    "our-cookies-garbled": header(
        "Cookie", f'sesame_session={CANARY}; sesame_browser="{CANARY}; sesame_language=../{CANARY}'
    ),
    "agent": header("User-Agent", f"{CANARY} \x1b[31m <script>{CANARY}</script> {{{{7*7}}}}"),
    "address": header("X-Forwarded-For", f"{CANARY}, 1.2.3.4"),
    "request-id": header("X-Request-Id", CANARY),
    "language": header("Accept-Language", f"{CANARY};q=0.9, xx;q=nan, *;q=1e999"),
    "origin": header("Origin", f"https://{EVIL}"),
    "range": header("Range", "bytes=0-1,5-9"),
    "expect": header("Expect", CANARY),
}
"""Odd, but nothing that would have to be refused."""

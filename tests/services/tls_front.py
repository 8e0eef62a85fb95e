"""A TLS terminator for tests: one port, several names, a CA of its own; as a proxy in front.

It says ``X-Forwarded-For`` and ``X-Forwarded-Proto`` upstream, and drops what the browser said of
them, as a production proxy must.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import http.client
import ssl
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from tests.services.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
)
OURS_TO_SAY = frozenset(
    {
        *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"),
        *("client-cert", "client_cert", "x-ssl-client-verify"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """Where it listens, whom to trust, and which name goes where (on 127.0.0.1)."""

    port: int
    ca: Path
    fingerprint: str
    routes: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def tls_front(
    folder: Path, names: Iterable[str], *, clients: Path | None = None
) -> Iterator[Front]:
    """Terminate TLS for these names for the length of the block; fill ``routes`` meanwhile.

    With ``clients``, a file of authorities, clients may show a certificate by one of them; it is
    handed over as RFC 9440 says, and no other one gets this far.
    """
    ca, chain, fingerprint = _certificates(folder, list(names))
    routes: dict[str, int] = {}
    server = _Server(("127.0.0.1", 0), partial(_Handler, routes))
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(chain)
    if clients is not None:
        server.tls.load_verify_locations(clients)
        server.tls.verify_mode = ssl.CERT_OPTIONAL
    with running_server(server):
        port = int(server.server_address[1])
        yield Front(port=port, ca=ca, fingerprint=fingerprint, routes=routes)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a slow one delays nobody."""
        with contextlib.suppress(OSError), self.tls.wrap_socket(request, server_side=True) as safe:
            self.RequestHandlerClass(safe, client_address, self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, routes: dict[str, int], *arguments: Any) -> None:
        self._routes = routes
        super().__init__(*arguments)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args

    def do_GET(self) -> None:
        self._pass_on()

    do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the base class looks for these names

    def _pass_on(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else None
        name = (self.headers.get("Host") or "").partition(":")[0]
        if name not in self._routes:
            self.send_error(421)
            return
        line = _connected(self._routes[name])
        line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for key, value in self.headers.items():
            if key.lower() not in OURS_TO_SAY | {"connection"}:
                line.putheader(key, value)
        line.putheader("X-Forwarded-For", self.client_address[0])
        line.putheader("X-Forwarded-Proto", "https")
        shown = self.connection.getpeercert(binary_form=True)
        if shown is not None:
            line.putheader("Client-Cert", f":{base64.b64encode(shown).decode('ascii')}:")
        line.endheaders(body)
        answer = line.getresponse()
        content = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        line.close()


def _connected(port: int, *, seconds: float = 15) -> http.client.HTTPConnection:
    """Connect to a server that may be only just starting, as patient proxies do."""
    until = time.monotonic() + seconds
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.connect()
        except ConnectionRefusedError:
            line.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return line


def _certificates(folder: Path, names: list[str]) -> tuple[Path, Path, str]:
    """Write a CA and one certificate for all names; gives both files and the CA key's digest."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = dt.datetime.now(dt.UTC)
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sesame test CA")])
    ca = (
        _unsigned(ca_name, ca_name, ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    leaf = (
        _unsigned(subject, ca_name, key.public_key(), now)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    ca_file, chain_file = folder / "ca.pem", folder / "front.pem"
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    chain_file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + leaf.public_bytes(Encoding.PEM)
        + ca.public_bytes(Encoding.PEM)
    )
    spki = ca_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = base64.b64encode(hashlib.sha256(spki).digest()).decode("ascii")
    return ca_file, chain_file, digest


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )

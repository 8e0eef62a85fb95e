"""The client certificate that the proxy in front hands over in a header: from it alone.

The header is taken out of every request; its text is kept only where the peer that speaks to us is
a proxy named for this in the settings. What anybody else says in it is as if it had not been said.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from idp.errors import CERTIFICATE_UNREADABLE, NOT_FOUND, Refused
from idp.oidc import certificates

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from werkzeug.wrappers import Request

    from idp.config import Settings
    from idp.oidc.certificates import ClientCertificate

    Environ = MutableMapping[str, Any]

_LONGEST: Final = 16 * 1024
_KEPT: Final = "sesame.certificate"
_VERIFIED: Final = "SUCCESS"
_PEM: Final = "-----BEGIN CERTIFICATE-----"


class HandedOver:
    """Takes the headers of certificates out of requests, and keeps what a named proxy said."""

    def __init__(self, settings: Settings) -> None:
        mtls = settings.mtls
        self._networks = mtls.networks()
        self._header = _variable(mtls.header)
        self._chain_header = _variable(mtls.chain_header)
        self._chain = mtls.chain
        self._escaped = mtls.form == "escaped-pem"
        self._host = None if mtls.url is None else urlsplit(mtls.url).netloc.lower()

    def take(self, environ: Environ) -> None:
        """Do it, while ``REMOTE_ADDR`` is still the peer that speaks to us."""
        said = str(environ.pop(self._header, ""))
        verified = str(environ.pop(self._chain_header, ""))
        environ.pop(_KEPT, None)
        if said and self._believed(str(environ.get("REMOTE_ADDR", ""))):
            told = self._chain == "proxy" or (self._chain == "told" and verified == _VERIFIED)
            environ[_KEPT] = (said, self._escaped, told)

    def require_machine(self, environ: Environ, *, machine: bool) -> None:
        """Show no page at the host that asks for certificates. Raises: Refused(NOT_FOUND)."""
        if machine or self._host is None:
            return
        host = str(environ.get("HTTP_HOST", "")).lower()
        if host.removesuffix(":443") == self._host.removesuffix(":443"):
            raise Refused(NOT_FOUND, "a page at the host of client certificates")

    def _believed(self, address: str) -> bool:
        try:
            peer = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        peer = mapped or peer
        return any(peer.version == one.version and peer in one for one in self._networks)


def presented(request: Request) -> ClientCertificate | None:
    """Give the certificate that came with a request, ``None`` where none was handed over.

    Raises:
        Refused: CERTIFICATE_UNREADABLE for what the proxy did not write as it was said to.
    """
    kept = request.environ.get(_KEPT)
    if kept is None:
        return None
    said, escaped, verified = kept
    if len(said) > _LONGEST or not said.isascii():
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: header too long, or not ASCII")
    der = _escaped_pem(said) if escaped else _byte_sequence(said)
    return certificates.read(der, chain_verified=verified)


def _byte_sequence(said: str) -> bytes:
    """Read ``:base64:`` (RFC 9440 section 2.1); two joined headers are no such thing."""
    text = said.strip()
    if len(text) < len(":AA==:") or text[0] != ":" or text[-1] != ":":
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: no byte sequence")
    try:
        return base64.b64decode(text[1:-1], validate=True)
    except (binascii.Error, ValueError):
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: no base64") from None


def _escaped_pem(said: str) -> bytes:
    text = unquote(said).strip()
    if text.count(_PEM) != 1:
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: not one in PEM")
    try:
        return ssl.PEM_cert_to_DER_cert(text)
    except ValueError:
        raise Refused(CERTIFICATE_UNREADABLE, "certificate: not one in PEM") from None


def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")

"""Whether somebody is still signed in, asked by an e-service's script (Session Management 1.0).

The answer of a login has a ``session_state``: a salted digest of the client, its origin and a word
that stands for the browser's session. A page of ours, in a frame of the e-service, computes it
again from the word that it finds in a cookie (section 3.2). The word says nothing of the session's
own cookie, which no script reads.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from idp.store.ports import Vault

CHECK_SESSION: Final = "/session/check"
SIGNED_OUT: Final = "out"
"""The word of a browser in which nobody is signed in any more."""
_PURPOSE: Final = "browser-state"
_SALT_BYTES: Final = 12


def browser_state(session: str, *, vault: Vault) -> str:
    """Give the word that stands for a session cookie's value."""
    digest = vault.fingerprint(_PURPOSE, session.encode())
    return base64.urlsafe_b64encode(digest[:24]).decode("ascii")


def session_state(
    *, client_id: str, redirect_uri: str, state: str, entropy: Callable[[int], bytes]
) -> str | None:
    """Give the parameter; ``None`` where the client has no origin, such as an app's own scheme."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in {"https", "http"}:
        return None
    salt = entropy(_SALT_BYTES).hex()
    text = f"{client_id} {parts.scheme}://{_host(parts.netloc, parts.scheme)} {state} {salt}"
    return f"{hashlib.sha256(text.encode()).hexdigest()}.{salt}"


def _host(netloc: str, scheme: str) -> str:
    """Write host and port as a browser writes them in an origin (RFC 6454 section 6.2)."""
    return netloc.lower().removesuffix(":443" if scheme == "https" else ":80")

"""Self-signed certificates of clients that publish their keys: new ones are asked for once."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

import pytest

from idp.domain.client import ClientAuth
from idp.domain.remote import Remote
from idp.errors import Refused
from idp.oidc import certificates
from idp.oidc.client_jws import ClientKeys
from tests.contract.store.stand_ins import START, a_client
from tests.world.client_certificates import certified

if TYPE_CHECKING:
    from idp.domain.client import Client
    from idp.oidc.remote_keys import RemoteKeys

OLD, NEW, NEVER = (certified(f"CN={name}", START) for name in ("old", "new", "never"))


class Published:
    """What the client's address gives: the old set, and a newer one to who knows that."""

    def __init__(self) -> None:
        self.asked = 0

    def of(self, client: Client, *, beside: object = None) -> dict[str, Any] | None:
        del client
        self.asked += 1
        return {"keys": [(OLD if beside is None else NEW).jwk]}


@pytest.mark.parametrize(("shown", "asked"), [(OLD, 1), (NEW, 2), (NEVER, 2)])
def test_a_changed_key_is_looked_up_and_another_is_not_believed(shown: Any, asked: int) -> None:
    published = Published()
    keys = ClientKeys(entropy=secrets.token_bytes, remote=cast("RemoteKeys", published))
    client = a_client(
        auth=ClientAuth.SELF_SIGNED_TLS, jwks=None, remote=Remote(jwks="https://shop.example/jwks")
    )
    certificate = certificates.read(shown.der, chain_verified=False)
    if shown is NEVER:
        with pytest.raises(Refused, match="invalid_client"):
            certificates.prove_by_key(certificate, keys.sets(client), now=START)
    else:
        certificates.prove_by_key(certificate, keys.sets(client), now=START)
    assert published.asked == asked

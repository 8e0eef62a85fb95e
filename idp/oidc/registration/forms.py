"""In which form a client wants its answers: which are signed, and to which key encrypted.

An encrypted answer is always signed inside. The algorithms of encryption are written out in pairs:
the one that the standard would take by itself (A128CBC-HS256) is not offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idp.domain.client import ClientAuth
from idp.domain.forms import AccessTokenFormat, Encryption, Forms
from idp.oidc.registration.keys import CONTENT_ENCRYPTION, KEY_MANAGEMENT, encrypting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.domain.client import Client
    from idp.oidc.registration.members import Members
    from idp.oidc.registration.policy import Policy
    from idp.oidc.registration.proving import Proving

_FORMAT: Final = "access_token_format"
_USERINFO: Final = "userinfo_signed_response_alg"
_INTROSPECTION: Final = "introspection_signed_response_alg"
_ALG, _ENC = "_encrypted_response_alg", "_encrypted_response_enc"
_OF_ID_TOKEN: Final = "id_token"  # noqa: S105 - the beginning of a member's name
_OF_USERINFO: Final = "userinfo"
_OF_INTROSPECTION: Final = "introspection"
_OF_ANSWERS: Final = "authorization"
_HOW: Final = f"How the key gets there: {', '.join(KEY_MANAGEMENT)}; by a key of jwks whose use is "
_WITH: Final = f"What encrypts it: {' or '.join(CONTENT_ENCRYPTION)}."
MEMBERS: Final[Mapping[str, str]] = {
    _FORMAT: "opaque (default), or jwt: signed as the ID tokens are (RFC 9068).",
    _USERINFO: "An algorithm of the key ring: then userinfo is one JWT.",
    _INTROSPECTION: "An algorithm of the key ring: then every introspection is one JWT (RFC 9701). "
    "Without it those are that ask for one, signed as the ID tokens are.",
    _OF_ID_TOKEN + _ALG: f"Encrypts ID tokens. {_HOW}enc.",
    _OF_ID_TOKEN + _ENC: _WITH,
    _OF_USERINFO + _ALG: f"Encrypts userinfo, which is signed too. {_HOW}enc.",
    _OF_USERINFO + _ENC: _WITH,
    _OF_INTROSPECTION + _ALG: f"Encrypts introspections, which are signed too. {_HOW}enc.",
    _OF_INTROSPECTION + _ENC: _WITH,
    _OF_ANSWERS
    + _ALG: f"Encrypts answers in the modes jwt, query.jwt and form_post.jwt. {_HOW}enc.",
    _OF_ANSWERS + _ENC: _WITH,
}


def read_forms(members: Members, policy: Policy, proving: Proving) -> Forms:
    """Read and judge the members; every fault is noted."""
    userinfo = _signing(members, _USERINFO, policy)
    introspection = _signing(members, _INTROSPECTION, policy)
    if proving.auth is ClientAuth.NONE:
        for name in (_INTROSPECTION, _OF_INTROSPECTION + _ALG):
            if members.raw(name) is not None:
                members.fault(name, "a public client may not introspect; leave it out")
    return Forms(
        access_token=members.choice(_FORMAT, AccessTokenFormat.OPAQUE),
        userinfo_algorithm=userinfo,
        introspection_algorithm=introspection,
        id_token_encryption=_encryption(members, _OF_ID_TOKEN, proving),
        userinfo_encryption=_encryption(members, _OF_USERINFO, proving, signed_by=_USERINFO),
        introspection_encryption=_encryption(
            members, _OF_INTROSPECTION, proving, signed_by=_INTROSPECTION
        ),
        answer_encryption=_encryption(members, _OF_ANSWERS, proving),
    )


def describe_forms(client: Client) -> dict[str, object]:
    """Give the members that ``read_forms`` makes these of."""
    forms = client.forms
    described: dict[str, object] = {
        _FORMAT: forms.access_token.value,
        _USERINFO: forms.userinfo_algorithm,
        _INTROSPECTION: forms.introspection_algorithm,
    }
    for of, encryption in (
        (_OF_ID_TOKEN, forms.id_token_encryption),
        (_OF_USERINFO, forms.userinfo_encryption),
        (_OF_INTROSPECTION, forms.introspection_encryption),
        (_OF_ANSWERS, forms.answer_encryption),
    ):
        if encryption is not None:
            described[of + _ALG] = encryption.algorithm
            described[of + _ENC] = encryption.content
    return described


def _signing(members: Members, name: str, policy: Policy) -> str | None:
    algorithm = members.text(name)
    if algorithm is not None and algorithm not in policy.algorithms:
        members.fault(name, f"write {' or '.join(policy.algorithms)}")
    return algorithm


def _encryption(
    members: Members, of: str, proving: Proving, *, signed_by: str | None = None
) -> Encryption | None:
    how, what = of + _ALG, of + _ENC
    algorithm, content = members.text(how), members.text(what)
    if algorithm is None:
        if content is not None:
            members.fault(what, f"goes with {how}; write both or none")
        return None
    if algorithm not in KEY_MANAGEMENT:
        members.fault(how, f"write {' or '.join(KEY_MANAGEMENT)}")
    elif not proving.fetched and not _fits(proving.jwks, algorithm):
        members.fault(how, f'needs a key in jwks whose use is "enc" and that fits {algorithm}')
    if content not in CONTENT_ENCRYPTION:
        members.fault(what, f"write {' or '.join(CONTENT_ENCRYPTION)}")
    if signed_by is not None and members.raw(signed_by) is None:
        members.fault(how, f"what is encrypted is signed too; write {signed_by}")
    return Encryption(algorithm=algorithm, content=content or CONTENT_ENCRYPTION[0])


def _fits(jwks: Mapping[str, object] | None, algorithm: str) -> bool:
    keys = (jwks or {}).get("keys")
    return isinstance(keys, list) and any(algorithm in encrypting(key) for key in keys)

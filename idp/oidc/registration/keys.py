"""Which public keys a client may register: strong, public, and each for one thing.

A key of ``use`` enc is encrypted to and verifies nothing; any other verifies and is never encrypted
to.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from idp.oidc.registration.members import Members

ASSERTION_ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "PS256", "RS256")
"""What a client may sign its assertions with; RFC 9864 calls EdDSA on that curve Ed25519."""
KEY_MANAGEMENT: Final = ("ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256")
"""How the key of an encrypted answer may get to a client (RFC 7518 section 4); never RSA1_5."""
CONTENT_ENCRYPTION: Final = ("A128GCM", "A256GCM")
"""How its content may be encrypted (RFC 7518 section 5)."""

_MOST: Final = 10
_LONGEST_KID: Final = 128
_LEAST_RSA: Final = 2048
_MOST_RSA: Final = 8192
_LEAST_EXPONENT: Final = 65537
_MOST_EXPONENT: Final = 2**32
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REMOTE: Final = frozenset({"x5u", "jku"})
_KEPT: Final = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops")
_KINDS: Final[dict[str, type[ECKey | OKPKey | RSAKey]]] = {
    "EC": ECKey,
    "OKP": OKPKey,
    "RSA": RSAKey,
}
_ENCRYPTING: Final[dict[tuple[str, object], tuple[str, ...]]] = {
    ("EC", "P-256"): ("ECDH-ES", "ECDH-ES+A256KW"),
    ("RSA", None): ("RSA-OAEP-256",),
}
_OPERATIONS: Final = {
    "sig": frozenset({"verify"}),
    "enc": frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"}),
}
_FITTING: Final[dict[tuple[str, object], tuple[str, ...]]] = {
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("Ed25519", "EdDSA"),
    ("RSA", None): ("PS256", "RS256"),
}


def read_jwks(members: Members) -> dict[str, object] | None:
    """Give the member ``jwks`` (RFC 7517 section 5) with what we keep of each key."""
    value = members.raw("jwks")
    if value is None:
        return None
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, (list, tuple)) or not keys:
        members.fault("jwks", 'write the public keys as { "keys": [ … ] }, at least one')
        return None
    if len(keys) > _MOST:
        members.fault("jwks", f"at most {_MOST} keys, not {len(keys)}")
        return None
    kept: list[dict[str, object]] = []
    for place, key in enumerate(keys):
        faults = list(faults_of(key) if isinstance(key, dict) else ("write a table",))
        for said in faults:
            members.fault(f"jwks.keys[{place}]", said)
        if not faults:
            kept.append({name: key[name] for name in _KEPT if name in key})
    _tell_apart(members, kept)
    return {"keys": kept}


def published(keys: Iterable[object]) -> list[dict[str, object]]:
    """Give what may be used of keys that a client publishes; what it also has there is left out."""
    return [
        {name: key[name] for name in _KEPT if name in key}
        for key in keys
        if isinstance(key, dict) and _may_be_used(key)
    ]


def _may_be_used(key: Mapping[str, object]) -> bool:
    return next(faults_of(key), None) is None


def fitting(key: Mapping[str, object]) -> tuple[str, ...]:
    """Give the algorithms that a key of the registration can be verified with."""
    return _able(_FITTING, key) if key.get("use") in (None, "sig") else ()


def encrypting(key: Mapping[str, object]) -> tuple[str, ...]:
    """Give the algorithms that a key of the registration can be encrypted to with."""
    return _able(_ENCRYPTING, key) if key.get("use") == "enc" else ()


def _able(
    table: Mapping[tuple[str, object], tuple[str, ...]], key: Mapping[str, object]
) -> tuple[str, ...]:
    able, named = table.get(_kind(key), ()), key.get("alg")
    return able if named is None else tuple(one for one in able if one == named)


def _kind(key: Mapping[str, object]) -> tuple[str, object]:
    kind = str(key.get("kty"))
    curve = key.get("crv")
    return kind, curve if isinstance(curve, str) and kind != "RSA" else None


def faults_of(key: Mapping[str, object]) -> Iterator[str]:
    """Give what is wrong with one key; nothing means that it may be registered."""
    private = sorted(_PRIVATE & key.keys())
    if private:
        yield (
            f"this holds private or secret members ({', '.join(private)}): consider the key "
            "known to others, make a new one, and register its public part alone"
        )
        return
    kind = key.get("kty")
    if not isinstance(kind, str) or kind not in _KINDS:
        yield "kty is EC, RSA or OKP"
        return
    yield from _use_faults(key)
    strength = _strength_fault(key)
    if strength:
        yield strength
    elif not fitting(key) and not encrypting(key):
        yield _unfit(key)


def _use_faults(key: Mapping[str, object]) -> Iterator[str]:
    use = key.get("use")
    if use not in (None, "sig", "enc"):
        yield 'use is "sig", or "enc" for a key that answers are encrypted to'
    operations = key.get("key_ops")
    able = _OPERATIONS["enc" if use == "enc" else "sig"]
    if operations is not None and not (
        isinstance(operations, list | tuple) and operations and set(map(str, operations)) <= able
    ):
        yield f"key_ops is of {' '.join(sorted(able))} for such a key, or leave it out"
    kid = key.get("kid")
    if kid is not None and not (
        isinstance(kid, str) and 0 < len(kid) <= _LONGEST_KID and kid.isprintable()
    ):
        yield f"kid is a text of 1 to {_LONGEST_KID} visible characters"
    remote = sorted(_REMOTE & key.keys())
    if remote:
        yield f"leave out {', '.join(remote)}: keys are never fetched"


def _strength_fault(key: Mapping[str, object]) -> str | None:
    bits = _modulus_bits(key)
    if bits is not None and not _LEAST_RSA <= bits <= _MOST_RSA:
        return (
            f"an RSA key has {_LEAST_RSA} to {_MOST_RSA} bits, not {bits}; "
            "make one of 3072, or better an EC key on P-256"
        )
    try:
        public = _imported(key).public_key
    except (JoseError, ValueError, TypeError, KeyError):
        return "this is not a well-formed public key of its kty"
    if isinstance(public, RSAPublicKey):
        exponent = public.public_numbers().e
        if not _LEAST_EXPONENT <= exponent < _MOST_EXPONENT:
            return "the RSA exponent is 65537; make a new key"
    return None


def _modulus_bits(key: Mapping[str, object]) -> int | None:
    """Give the size of an RSA key before anything is computed with it."""
    modulus = key.get("n")
    if key["kty"] != "RSA" or not isinstance(modulus, str):
        return None
    try:
        return int.from_bytes(urlsafe_b64decode(modulus + "==="), "big").bit_length()
    except ValueError:
        return None


def _imported(key: Mapping[str, object]) -> ECKey | OKPKey | RSAKey:
    kind = _KINDS[str(key["kty"])]
    return kind.import_key(cast("Any", {name: key[name] for name in _KEPT if name in key}))


def _unfit(key: Mapping[str, object]) -> str:
    encrypts = key.get("use") == "enc"
    able = (_ENCRYPTING if encrypts else _FITTING).get(_kind(key))
    if able:
        return f"alg is {' or '.join(able)} for such a key, or leave it out"
    if encrypts:
        return "no encryption offered here fits this key; use P-256 or RSA"
    return (
        "no algorithm accepted here fits this curve; use P-256 (ES256) or Ed25519, "
        "or an RSA key (PS256, RS256)"
    )


def _tell_apart(members: Members, keys: list[dict[str, object]]) -> None:
    kids = [key.get("kid") for key in keys]
    if len(keys) > 1 and None in kids:
        members.fault("jwks", "with several keys each needs a kid")
    named = [kid for kid in kids if kid is not None]
    if len(set(named)) < len(named):
        members.fault("jwks", "every kid is different")
    prints = [_imported(key).thumbprint() for key in keys]
    if len(set(prints)) < len(prints):
        members.fault("jwks", "the same key is there twice; leave one out")

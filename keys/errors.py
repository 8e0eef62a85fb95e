"""What can be wrong with keys. Every message says what happened and what to do, never a secret."""

from __future__ import annotations


class KeysError(Exception):
    """Anything this package refuses; ``str(error)`` is fit for an operator's eyes."""


# --- the key-encryption key ---------------------------------------------------------------------


class KekMissing(KeysError):
    """There is no key-encryption key where the configuration says."""


class KekMalformed(KeysError):
    """The file holds something else than 64 hexadecimal digits."""


class KekUnsafe(KeysError):
    """Somebody else can read the file, or owns it."""


class KekWrong(KeysError):
    """The key-encryption key does not open the root: it belongs to another deployment."""


# --- the vault ----------------------------------------------------------------------------------


class VaultUnfounded(KeysError):
    """A new deployment: there is no root yet, and nothing that was sealed under one."""


class VaultFounded(KeysError):
    """There is a root already; it is never replaced."""


class RootLost(KeysError):
    """Sealed rows exist, the root that opens them does not: a restore is needed, not a new root."""


class SealBroken(KeysError):
    """A sealed value does not open: it was changed, or moved from another place or purpose."""


# --- the ring -----------------------------------------------------------------------------------


class PolicyRefused(KeysError):
    """The settings of the ring would break tokens or caches."""


class RingEmpty(KeysError):
    """A new deployment: there is no signing key yet."""


class RingTampered(KeysError):
    """The rows of the ring are not the ones that were last written."""


class RingOlder(KeysError):
    """The stored ring is older than one this process has seen: it signs nothing with it."""


class RingMoved(KeysError):
    """Somebody else changed the ring meanwhile; nothing was written."""


class RecordsUnavailable(KeysError):
    """The storage did not answer; nothing was decided."""


class KeyUnknown(KeysError):
    """No key has this identifier."""


class StepRefused(KeysError):
    """The key is not in a state that allows this step."""


class NoSigningKey(KeysError):
    """No key of this algorithm signs now."""


class TokenForged(KeysError):
    """Not a token of ours: another key, another type, another form, or changed."""

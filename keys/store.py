"""Envelope sealing: a key-encryption key opens one root, the root gives every purpose its own key.

The key-encryption key (KEK) stands outside the storage, in a file or a system credential, and does
one thing: AES-256-GCM over 32 random bytes, the root, kept in one row. From the root, HKDF-SHA-256
(RFC 5869) gives a key for each purpose. A wrong or missing KEK, or a lost root, is an error that
stops the program: a replacement invented in its place would make everything sealed unreadable.
"""

from __future__ import annotations

import hmac
import os
import re
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from keys.errors import (
    KekMalformed,
    KekMissing,
    KekUnsafe,
    KekWrong,
    RootLost,
    SealBroken,
    VaultFounded,
    VaultUnfounded,
)
from keys.ports import RootRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from keys.ports import RootRecords

CREDENTIAL: Final = "credential:"
_CREDENTIALS_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
_KEK_BYTES: Final = 32
_KEK_TEXT: Final = re.compile(rb"[0-9a-fA-F]{64}\n?")
_KEK_MODE: Final = 0o600

_ROOT_ID: Final = "root"
_ROOT_VERSION: Final = 1
_ROOT_PURPOSE: Final = "root"
_ROOT_BYTES: Final = 32

_FORM: Final = b"\x01"
"""The first byte of everything sealed: which of our forms it has."""
_SALT: Final = 16
_NONCE: Final = 12
_TAG: Final = 16
_HEAD: Final = len(_FORM) + _SALT + _NONCE


# --- the key-encryption key ---------------------------------------------------------------------


def load_kek(kek_file: Path) -> bytes:
    """Read the 32-byte key-encryption key: 64 hexadecimal digits, at most one newline after them.

    ``credential:NAME`` reads NAME in the folder that the service manager names in
    ``CREDENTIALS_DIRECTORY``. A file of one's own must be readable by its owner alone; a credential
    may carry a group bit, because the service manager grants by access list, which shows as one.

    Raises:
        KekMissing: no such file or credential.
        KekUnsafe: readable by others, or owned by somebody else than us or root.
        KekMalformed: not 64 hexadecimal digits.
    """
    path = _kek_path(kek_file)
    others = stat.S_IRWXO if _is_credential(kek_file) else stat.S_IRWXO | stat.S_IRWXG
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise KekMalformed(f"{path}: the key-encryption key must be a plain file")
            if found.st_mode & others:
                raise KekUnsafe(
                    f"{path}: others can read the key-encryption key "
                    f"(mode {stat.S_IMODE(found.st_mode):04o}); chmod 600 it"
                )
            if found.st_uid not in {0, os.geteuid()}:
                raise KekUnsafe(f"{path}: the key-encryption key belongs to another user")
            text = file.read(_KEK_BYTES * 2 + 2)
    except OSError as error:
        raise KekMissing(
            f"{path}: the key-encryption key cannot be read ({error.strerror}); "
            "bring it back from where it is kept, or run 'sesame setup' for a new deployment"
        ) from None
    if not _KEK_TEXT.fullmatch(text):
        raise KekMalformed(f"{path}: the key-encryption key is 64 hexadecimal digits, nothing else")
    return bytes.fromhex(text.decode("ascii"))


def make_kek(kek_file: Path, *, entropy: Callable[[int], bytes]) -> bool:
    """Make the key-encryption key of a new deployment, mode 0600; ``False`` if there is a file.

    Raises:
        KekMissing: it is to be a system credential, or the folder cannot be written.
    """
    if _is_credential(kek_file):
        if _kek_path(kek_file).exists():
            return False
        raise KekMissing("a system credential is made by the service manager, not by us")
    if kek_file.exists():
        return False
    # Whole or not at all: written beside, then given its name, which fails where there is one.
    try:
        kek_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made, beside = tempfile.mkstemp(prefix=f".{kek_file.name}.", dir=kek_file.parent)
        try:
            with os.fdopen(made, "w", encoding="ascii") as file:
                os.fchmod(file.fileno(), _KEK_MODE)
                file.write(entropy(_KEK_BYTES).hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, kek_file)
        finally:
            Path(beside).unlink()
        _keep_name(kek_file.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise KekMissing(f"{kek_file}: cannot be made ({error.strerror})") from None
    return True


def _keep_name(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _is_credential(kek_file: Path) -> bool:
    return str(kek_file).startswith(CREDENTIAL)


def _kek_path(kek_file: Path) -> Path:
    if not _is_credential(kek_file):
        return kek_file
    name = str(kek_file).removeprefix(CREDENTIAL)
    folder = os.environ.get(_CREDENTIALS_DIRECTORY)
    if not folder:
        raise KekMissing(
            f"{kek_file}: no system credentials here; is the service started by its manager, "
            f"with LoadCredential={name}:…?"
        )
    if not name or "/" in name or name in {".", ".."}:
        raise KekMissing(f"{kek_file}: a credential's name is one plain word")
    return Path(folder) / name


# --- the vault ----------------------------------------------------------------------------------


class SealedVault:
    """Seals, opens and fingerprints, each purpose under its own keys.

    Everything sealed is bound to its purpose and context. Each value has a key of its own, made
    from a random 16-byte salt, so the number of values that one purpose may seal has no bound that
    a deployment could reach, as it would with AES-GCM's random 12-byte nonces alone.
    """

    __slots__ = ("_derived", "_entropy", "_lock", "_root")

    def __init__(self, root: bytes, *, entropy: Callable[[int], bytes]) -> None:
        self._root = root
        self._entropy = entropy
        self._derived: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def seal(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        """Encrypt and authenticate; ``context`` must be given again to open. Adds 45 bytes."""
        return _sealed(self._key("seal", purpose), purpose, context, plaintext, self._entropy)

    def open(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """Undo ``seal``. Raises: SealBroken on any difference."""
        return _opened(self._key("seal", purpose), purpose, context, sealed)

    def fingerprint(self, purpose: str, value: bytes) -> bytes:
        """Give the 32-byte HMAC-SHA-256 of ``value`` under the key of ``purpose``."""
        return hmac.digest(self._key("fingerprint", purpose), value, "sha256")

    def derive(self, purpose: str, size: int = 32) -> bytes:
        """Give ``size`` secret bytes that are always the same for this ``purpose``."""
        return _expanded(self._root, "derive", purpose, size)

    def __repr__(self) -> str:
        return "SealedVault()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a vault does not leave its process")

    def _key(self, use: str, purpose: str) -> bytes:
        name = _info(use, purpose)
        key = self._derived.get(name)
        if key is None:
            with self._lock:
                key = self._derived.setdefault(name, _expanded(self._root, use, purpose, 32))
        return key


def found(
    records: RootRecords,
    kek: bytes,
    *,
    entropy: Callable[[int], bytes],
    now: Callable[[], datetime],
) -> None:
    """Make the root of a new deployment. Only setup does this.

    Raises:
        VaultFounded: there is a root.
        RootLost: there is none, but rows that were sealed under one.
    """
    if records.root() is not None:
        raise VaultFounded("the vault is founded; its root is never replaced")
    refuse_lost_root(records)
    context = _root_context(_ROOT_ID, _ROOT_VERSION)
    sealed = _sealed(kek, _ROOT_PURPOSE, context, entropy(_ROOT_BYTES), entropy)
    records.add_root(
        RootRecord(id=_ROOT_ID, version=_ROOT_VERSION, sealed=sealed, created_at=now())
    )


def open_vault(records: RootRecords, kek: bytes, *, entropy: Callable[[int], bytes]) -> SealedVault:
    """Open the vault of this deployment; never invents a replacement for what is missing.

    Raises:
        VaultUnfounded: a new deployment, to be set up first.
        RootLost: the root is gone and rows need it.
        KekWrong: the root does not open under this key, or was changed.
    """
    record = records.root()
    if record is None:
        refuse_lost_root(records)
        raise VaultUnfounded("this deployment has no vault yet: run 'sesame setup'")
    try:
        context = _root_context(record.id, record.version)
        root = _opened(kek, _ROOT_PURPOSE, context, record.sealed)
    except SealBroken:
        raise KekWrong(
            "the key-encryption key does not open this deployment's vault: it is another "
            "deployment's key, or the row key_roots was changed"
        ) from None
    return SealedVault(root, entropy=entropy)


def refuse_lost_root(records: RootRecords) -> None:
    """Demand that nothing needs a root, where there is none. Raises: RootLost."""
    if records.anything_sealed():
        raise RootLost(
            "the vault's root is gone while sealed rows exist: restore the row of key_roots from "
            "a backup; a new root could not read them"
        )


# --- one form of sealing ------------------------------------------------------------------------


def _sealed(
    key: bytes, purpose: str, context: bytes, plaintext: bytes, entropy: Callable[[int], bytes]
) -> bytes:
    head = _FORM + entropy(_SALT + _NONCE)
    return head + _cipher(key, head).encrypt(
        head[-_NONCE:], plaintext, _associated(purpose, context)
    )


def _opened(key: bytes, purpose: str, context: bytes, sealed: bytes) -> bytes:
    head, body = sealed[:_HEAD], sealed[_HEAD:]
    if len(body) < _TAG or not head.startswith(_FORM):
        raise SealBroken(f"a sealed value of {purpose} has no known form")
    try:
        return _cipher(key, head).decrypt(head[-_NONCE:], body, _associated(purpose, context))
    except InvalidTag:
        raise SealBroken(f"a sealed value of {purpose} does not open") from None


def _cipher(key: bytes, head: bytes) -> AESGCM:
    # One block of HKDF-Expand (RFC 5869 section 2.3) with the salt as its info.
    salt = head[len(_FORM) : len(_FORM) + _SALT]
    return AESGCM(hmac.digest(key, b"sesame value\x00" + salt + b"\x01", "sha256"))


def _associated(purpose: str, context: bytes) -> bytes:
    name = purpose.encode()
    return _FORM + len(name).to_bytes(2, "big") + name + context


def _root_context(root_id: str, version: int) -> bytes:
    return root_id.encode() + b"\x00" + version.to_bytes(4, "big")


def _info(use: str, purpose: str) -> bytes:
    return b"sesame vault 1\x00" + use.encode() + b"\x00" + purpose.encode()


def _expanded(root: bytes, use: str, purpose: str, size: int) -> bytes:
    # The root is uniformly random, so HKDF's extraction has nothing to do (RFC 5869 section 3.3).
    return HKDFExpand(algorithm=SHA256(), length=size, info=_info(use, purpose)).derive(root)

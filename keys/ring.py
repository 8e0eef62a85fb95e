"""The ring at work: the keys of one deployment as one process knows them now.

What a process holds is immutable and belongs to one generation. It asks for the generation at most
every ``policy.reread``, loads the ring when it grew, and signs nothing when it shrank. Every change
is planned by ``keys.states``, prepared outside any unit, and written by compare-and-set on the
generation: of two who change the ring at once, one does, and the other plans again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from keys import states
from keys.algorithms import (
    generate,
    private_bytes,
    public_bytes,
    public_jwk,
    read_private,
    read_public,
    thumbprint,
)
from keys.errors import (
    KeysError,
    NoSigningKey,
    RecordsUnavailable,
    RingEmpty,
    RingMoved,
    RingOlder,
    RingTampered,
    SealBroken,
    TokenForged,
)
from keys.jwks import Document, jwk_set
from keys.ports import KeyRecord, Move, RingChange, Snapshot, State
from keys.signer import Signer, Verifier, header_segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from keys.algorithms import PrivateKey, PublicKey
    from keys.ports import RingRecords
    from keys.states import RingPolicy, Step
    from keys.store import SealedVault

_RING: Final = "key-ring"
_PRIVATE: Final = "signing-key"
_PUBLIC: Final = "published-key"
_SECRET_STATES: Final = (State.ANNOUNCED, State.SIGNING)
_TRIES: Final = 5
_LONGEST_TOKEN: Final = 32 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    generation: int
    signers: dict[str, Signer]
    verifiers: tuple[Verifier, ...]
    jwks: Document
    recognised: dict[str, dict[bytes, Verifier]]
    """By type of token, the verifier of each prepared header; filled as types are asked for."""


class KeyRing:
    """The signing keys of a deployment.

    Every verb may raise RecordsUnavailable, RingTampered (the rows are not the ones written),
    RingOlder (the storage went back in time) and RingEmpty (no key was ever made).
    """

    def __init__(
        self,
        records: RingRecords,
        vault: SealedVault,
        policy: RingPolicy,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        """Read nothing yet. ``monotonic`` gives seconds on a clock that never jumps."""
        self.policy = policy
        self._records = records
        self._vault = vault
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._look_again_at = 0.0

    # --- at work --------------------------------------------------------------------------------

    def signer(self, algorithm: str | None = None) -> Signer:
        """Give the signing key of an algorithm, or of the first in the policy that has one.

        Raises:
            NoSigningKey: none signs with this algorithm (yet).
        """
        held = self._current()
        for name in self._live(held) if algorithm is None else (algorithm,):
            if name in held.signers:
                return held.signers[name]
        raise NoSigningKey(f"no key signs {algorithm or 'anything'} now")

    def algorithms(self) -> tuple[str, ...]:
        """Give the algorithms that a key signs with now, the default first."""
        return self._live(self._current())

    def jwks(self) -> Document:
        """Give the published keys; those last known, while the storage cannot be asked."""
        try:
            return self._current().jwks
        except KeysError:
            held = self._held
            if held is None:
                raise
            return held.jwks

    def open(self, compact: str, *, typ: str) -> dict[str, object]:
        """Give the claims of a token of ours, of this type, by a key that is still published.

        Only that it is ours is decided here: times and audiences are the caller's to check.

        Raises:
            TokenForged: not a token of ours, or of another type.
        """
        if len(compact) > _LONGEST_TOKEN or not compact.isascii():
            raise TokenForged("too long or not ASCII")
        held = self._current()
        known = held.recognised.get(typ)
        if known is None:
            known = held.recognised[typ] = {
                header_segment(one.algorithm, one.kid, typ): one for one in held.verifiers
            }
        verifier = known.get(compact.partition(".")[0].encode("ascii"))
        if verifier is None:
            raise TokenForged("no published key makes this header")
        return verifier.open(compact)

    # --- changing it ----------------------------------------------------------------------------

    def list(self) -> tuple[KeyRecord, ...]:
        """Give every key there ever was, the newest first."""
        keys = self._verified().keys
        return tuple(sorted(keys, key=lambda key: (key.announced_at, key.kid), reverse=True))

    def archive(self) -> tuple[dict[str, str], ...]:
        """Give the public JWK of every key that ever signed, for what is verified years later.

        Raises:
            RingTampered: a key is not the one that its name says.
        """
        signed = [key for key in self.list() if key.signing_at is not None]
        found = [public_jwk(key.algorithm, self._public(key)) for key in signed]
        if [jwk["kid"] for jwk in found] != [key.kid for key in signed]:
            raise RingTampered("a key does not have the thumbprint that names it")
        return tuple(found)

    def begin(self, *, by: str) -> tuple[Move, ...]:
        """Make the first keys of a new deployment; nothing where there is a ring."""
        return self._change(
            lambda keys, _: () if keys else states.first(self.policy), by=by, beginning=True
        )

    def advance(self, *, by: str) -> tuple[Move, ...]:
        """Do what policy and clock demand now; most often nothing."""
        return self._change(lambda keys, at: states.due(keys, self.policy, at), by=by)

    def generate(self, algorithm: str, *, by: str) -> tuple[Move, ...]:
        """Announce a successor. Raises: StepRefused, PolicyRefused."""
        return self._change(lambda keys, _: states.announcing(keys, algorithm, self.policy), by=by)

    def rotate(self, *, by: str) -> tuple[Move, ...]:
        """Announce a successor of every key that has none; they sign once announced long enough."""
        return self._change(lambda keys, _: states.rotating(keys, self.policy), by=by)

    def promote(self, kid: str, *, by: str, early: bool = False) -> tuple[Move, ...]:
        """Let an announced key sign now. Raises: KeyUnknown, StepRefused."""
        return self._change(
            lambda keys, at: states.promoting(keys, kid, self.policy, at, early=early), by=by
        )

    def retire(self, kid: str, *, by: str) -> tuple[Move, ...]:
        """Take a key out of JWKS at once; what it signed is refused, and a replacement signs.

        Raises:
            KeyUnknown: no such key.
            StepRefused: it is retired.
        """
        return self._change(lambda keys, _: states.withdrawing(keys, kid), by=by)

    # --- reading --------------------------------------------------------------------------------

    def _live(self, held: _Held) -> tuple[str, ...]:
        named = [name for name in self.policy.algorithms if name in held.signers]
        return (*named, *sorted(held.signers.keys() - set(named)))

    def _current(self) -> _Held:
        held = self._held
        if held is not None and self._monotonic() < self._look_again_at:
            return held
        # One thread looks; the others go on with what they have until it has looked.
        if not self._lock.acquire(blocking=held is None):
            return held  # type: ignore[return-value] # not None, or the lock was waited for
        try:
            return self._look()
        finally:
            self._lock.release()

    def _look(self) -> _Held:
        held, asked_at = self._held, self._monotonic()
        if held is None or self._records.generation() != held.generation:
            snapshot = self._verified()
            if held is not None and snapshot.generation < held.generation:
                raise RingOlder(
                    f"the stored ring is at {snapshot.generation}, this process has seen "
                    f"{held.generation}: after a restore, start every process again"
                )
            held = self._held = self._loaded(snapshot)
        self._look_again_at = asked_at + self.policy.reread.total_seconds()
        return held

    def _verified(self, *, beginning: bool = False) -> Snapshot:
        snapshot = self._records.snapshot()
        if snapshot.generation == 0 and not snapshot.keys:
            if beginning:
                return snapshot
            raise RingEmpty("there is no signing key yet: run 'sesame setup'")
        if not hmac.compare_digest(snapshot.seal, self._seal(snapshot)):
            raise RingTampered(
                "the signing keys in the Ledger are not the ones last written: restore the tables "
                "key_ring and signing_keys"
            )
        return snapshot

    def _seal(self, snapshot: Snapshot) -> bytes:
        rows = [
            [
                key.kid,
                key.algorithm,
                key.state.value,
                *(
                    at and at.astimezone(UTC).isoformat()
                    for at in (key.announced_at, key.signing_at, key.retiring_at, key.retired_at)
                ),
                key.generation,
                hashlib.sha256(key.sealed).hexdigest(),
            ]
            for key in sorted(snapshot.keys, key=lambda key: key.kid)
        ]
        return self._vault.fingerprint(_RING, json.dumps([snapshot.generation, rows]).encode())

    def _loaded(self, snapshot: Snapshot) -> _Held:
        ranks = {state: rank for rank, state in enumerate(states.PUBLISHED)}
        preference = {name: rank for rank, name in enumerate(self.policy.algorithms)}
        published = sorted(
            (key for key in snapshot.keys if key.state in ranks),
            key=lambda key: (ranks[key.state], preference.get(key.algorithm, 99), key.kid),
        )
        signers: dict[str, Signer] = {}
        public: list[tuple[str, PublicKey]] = []
        for key in published:
            if key.state is State.SIGNING:
                private = self._private(key)
                signers[key.algorithm] = Signer(key.algorithm, private)
            public.append((key.algorithm, self._public(key)))
        verifiers = tuple(Verifier(algorithm, key) for algorithm, key in public)
        if [one.kid for one in verifiers] != [key.kid for key in published]:
            raise RingTampered("a key does not have the thumbprint that names it")
        return _Held(
            generation=snapshot.generation,
            signers=signers,
            verifiers=verifiers,
            jwks=jwk_set(public, max_age=self.policy.jwks_max_age),
            recognised={},
        )

    # --- writing --------------------------------------------------------------------------------

    def _change(
        self,
        plan: Callable[[tuple[KeyRecord, ...], datetime], tuple[Step, ...]],
        *,
        by: str,
        beginning: bool = False,
    ) -> tuple[Move, ...]:
        for _ in range(_TRIES):
            snapshot = self._verified(beginning=beginning)
            at = self._now()
            steps = plan(snapshot.keys, at)
            if not steps:
                return ()
            change = self._prepared(snapshot, steps, at=at, by=by)
            try:
                self._records.commit(change)
            except RingMoved:
                continue  # somebody else was faster: what is to be done may be done
            self._look_again_at = 0.0
            return change.moves
        raise RecordsUnavailable("the ring is being changed by others all the time")

    def _prepared(
        self, snapshot: Snapshot, steps: tuple[Step, ...], *, at: datetime, by: str
    ) -> RingChange:
        def fresh(algorithm: str) -> KeyRecord:
            private, kid = _named_key(algorithm)
            sealed = self._vault.seal(_PRIVATE, _context(kid, algorithm), private_bytes(private))
            return KeyRecord(
                kid=kid, algorithm=algorithm, state=State.ANNOUNCED, announced_at=at, sealed=sealed
            )

        generation = snapshot.generation + 1
        rows = tuple(
            replace(self._without_secret(row, snapshot), generation=generation)
            for row in states.changed(snapshot.keys, steps, at, fresh)
        )
        names = {row.kid for row in rows}
        kept = tuple(key for key in snapshot.keys if key.kid not in names)
        after = Snapshot(generation=generation, seal=b"", keys=(*kept, *rows))
        return RingChange(
            expected=snapshot.generation,
            generation=generation,
            seal=self._seal(after),
            keys=rows,
            moves=tuple(
                Move(kid=row.kid, algorithm=row.algorithm, state=row.state) for row in rows
            ),
            at=at,
            by=by,
        )

    def _without_secret(self, row: KeyRecord, snapshot: Snapshot) -> KeyRecord:
        """Destroy the private half of a key that will never sign again."""
        if row.state in _SECRET_STATES:
            return row
        before = next(key for key in snapshot.keys if key.kid == row.kid)
        public = public_bytes(self._public(before))
        context = _context(row.kid, row.algorithm)
        return replace(row, sealed=self._vault.seal(_PUBLIC, context, public))

    def _private(self, key: KeyRecord) -> PrivateKey:
        context = _context(key.kid, key.algorithm)
        return read_private(key.algorithm, self._opened(_PRIVATE, context, key))

    def _public(self, key: KeyRecord) -> PublicKey:
        if key.state in _SECRET_STATES:
            return self._private(key).public_key()
        context = _context(key.kid, key.algorithm)
        return read_public(key.algorithm, self._opened(_PUBLIC, context, key))

    def _opened(self, purpose: str, context: bytes, key: KeyRecord) -> bytes:
        try:
            return self._vault.open(purpose, context, key.sealed)
        except SealBroken as error:
            raise RingTampered(f"the signing key {key.kid} does not open") from error


def _named_key(algorithm: str) -> tuple[PrivateKey, str]:
    """Make a key whose thumbprint an operator can type: a leading dash would be an option."""
    while True:
        private = generate(algorithm)
        kid = thumbprint(private.public_key())
        if not kid.startswith("-"):
            return private, kid


def _context(kid: str, algorithm: str) -> bytes:
    return f"{kid}\x00{algorithm}\x001".encode("ascii")

"""The verifier: reads the whole trail and names the first thing that is wrong with it."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from idp.audit.chain import GENESIS, next_link
from idp.audit.heads import HeadRefused
from idp.domain.audit_event import Kind, digest_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idp.audit.heads import HeadSigner
    from idp.store.ports import Ledger, Vault
    from idp.store.upkeep import AuditHead, AuditRow

_PAGE: Final = 1000
_STREAM: Final = Kind.AUDIT_ERASED.partition(".")[0]

Fault = Literal[
    "row_changed",
    "row_erased",
    "row_missing",
    "link_broken",
    "tail_cut",
    "head_forged",
    "head_differs",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One fault: what, and at which sequence number."""

    fault: Fault
    sequence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What the verification saw: ``findings`` is empty when the trail is whole."""

    rows: int
    erased: int
    unsealed: int
    heads: int
    findings: tuple[Finding, ...]


def verify_end(ledger: Ledger, vault: Vault, signer: HeadSigner, *, rows: int) -> Report:
    """Check only the last ``rows`` sealed rows and the last stored head: a quick look, no proof."""
    findings: list[Finding] = []
    with ledger.read() as unit:
        erased = unit.audit.erased_through()
        tail = unit.audit.tail()
        head = unit.audit.last_head()
        unsealed = len(unit.audit.unsealed(limit=rows))
        end = tail.sequence if tail is not None and tail.sequence is not None else 0
        page = unit.audit.rows(after=max(0, end - rows - 1), limit=rows + 1)
    link = GENESIS if end <= rows else None
    seen: dict[int, bytes] = {}
    for row in page:
        if row.sequence is None or row.link is None:
            continue
        if link is not None:
            findings += _faults(row, vault, link=link)
        if row.payload is None and row.sequence > erased:
            findings.append(Finding(fault="row_erased", sequence=row.sequence))
        link = seen[row.sequence] = row.link
    if head is not None:
        findings += _faults_of_head(head, signer, seen=seen, end=end)
    return Report(
        rows=end, erased=0, unsealed=unsealed, heads=int(head is not None), findings=tuple(findings)
    )


def _faults(row: AuditRow, vault: Vault, *, link: bytes) -> Iterator[Finding]:
    sequence = row.sequence or 0
    if next_link(link, sequence=sequence, row=row) != row.link:
        yield Finding(fault="link_broken", sequence=sequence)
    if row.payload is not None and not _mac_is_right(row, row.payload, vault):
        yield Finding(fault="row_changed", sequence=sequence)


def _faults_of_head(
    head: AuditHead, signer: HeadSigner, *, seen: dict[int, bytes], end: int
) -> Iterator[Finding]:
    try:
        said = signer.read(head.statement)
    except HeadRefused:
        yield Finding(fault="head_forged", sequence=head.sequence)
        return
    if said.sequence > end:
        yield Finding(fault="tail_cut", sequence=end + 1)
    elif seen.get(said.sequence, said.link) != said.link:
        yield Finding(fault="head_differs", sequence=said.sequence)


def verify(
    ledger: Ledger, vault: Vault, signer: HeadSigner, *, exported: Sequence[str] = ()
) -> Report:
    """Check every sealed row, every stored head and the ``exported`` head statements.

    A changed row is found by its MAC, a changed digest, a removed or reordered row by the link
    after it, a cut tail by a head that saw further, an erased one by the event that is missing.
    Rows not sealed yet are counted, not judged.
    """
    findings: list[Finding] = []
    link = GENESIS
    last = 0
    erased = _Erased()
    heads, forged, wanted = _heads(ledger, signer, exported)
    findings += forged
    for row in _sealed(ledger):
        if row.sequence is None or row.link is None:
            continue
        if row.sequence != last + 1:
            findings.append(Finding(fault="row_missing", sequence=last + 1))
        if next_link(link, sequence=row.sequence, row=row) != row.link:
            findings.append(Finding(fault="link_broken", sequence=row.sequence))
        if row.payload is not None and not _mac_is_right(row, row.payload, vault):
            findings.append(Finding(fault="row_changed", sequence=row.sequence))
        else:
            erased.see(row)
        last, link = row.sequence, row.link
        if wanted.get(last, {link}) != {link}:
            findings.append(Finding(fault="head_differs", sequence=last))
    beyond = max(wanted, default=0)
    if beyond > last:
        findings.append(Finding(fault="tail_cut", sequence=last + 1))
    with ledger.read() as unit:
        waiting = unit.audit.unsealed(limit=100_000)
    for row in waiting:
        if row.payload is not None and _mac_is_right(row, row.payload, vault):
            erased.see(row)
    findings += erased.without_leave()
    ordered = tuple(sorted(findings, key=lambda finding: finding.sequence))
    return Report(
        rows=last, erased=erased.rows, unsealed=len(waiting), heads=heads, findings=ordered
    )


class _Erased:
    """Which rows tell nothing any more, and up to where genuine events say that they may."""

    def __init__(self) -> None:
        self.rows = 0
        self._through = 0
        self._runs: list[list[int]] = []  # first and last of each: years of rows are one

    def see(self, row: AuditRow) -> None:
        """Take in a row whose payload is gone, or genuine."""
        if row.payload is not None:
            if row.stream == _STREAM:
                told = json.loads(row.payload)
                if told["kind"] == Kind.AUDIT_ERASED:
                    self._through = max(self._through, int(told["details"]["through"]))
            return
        sequence = row.sequence or 0
        self.rows += 1
        if self._runs and self._runs[-1][1] == sequence - 1:
            self._runs[-1][1] = sequence
        else:
            self._runs.append([sequence, sequence])

    def without_leave(self) -> Iterator[Finding]:
        """Give the first of each run of rows that no event covers."""
        for first, last in self._runs:
            if last > self._through:
                yield Finding(fault="row_erased", sequence=max(first, self._through + 1))


def _sealed(ledger: Ledger) -> Iterator[AuditRow]:
    after = 0
    while True:
        with ledger.read() as unit:
            page = unit.audit.rows(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].sequence or after


def _heads(
    ledger: Ledger, signer: HeadSigner, exported: Sequence[str]
) -> tuple[int, list[Finding], dict[int, set[bytes]]]:
    """Give how many heads are genuine, the faults among them, and the links they saw."""
    with ledger.read() as unit:
        stored = unit.audit.heads()
    findings: list[Finding] = []
    seen: dict[int, set[bytes]] = {}
    genuine = 0
    for statement, claimed in [
        *((head.statement, head) for head in stored),
        *((text, None) for text in exported),
    ]:
        try:
            head = signer.read(statement)
        except HeadRefused:
            findings.append(
                Finding(fault="head_forged", sequence=claimed.sequence if claimed else 0)
            )
            continue
        genuine += 1
        seen.setdefault(head.sequence, set()).add(head.link)
        if claimed and (claimed.sequence, claimed.link) != (head.sequence, head.link):
            findings.append(Finding(fault="head_differs", sequence=head.sequence))
    return genuine, findings, seen


def _mac_is_right(row: AuditRow, payload: bytes, vault: Vault) -> bool:
    expected = vault.fingerprint(
        "audit", digest_input(row_id=row.id, stream=row.stream, payload=payload)
    )
    return hmac.compare_digest(expected, row.digest)

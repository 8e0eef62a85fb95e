"""The coverage-guided engine (atheris, libFuzzer): one process a target, watched from outside."""

from __future__ import annotations

import importlib
import io
import os
import platform
import re
import sys
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Target

INPUT_SECONDS: Final = 5
MEMORY_LIMIT: Final = 512
"""Megabytes of the whole process; Python with every target loaded takes about 60."""
LONGEST_INPUT: Final = 16_384
SHORTEST_LIMIT: Final = 64
PACKAGES: Final = (
    "cardreader",
    "tests.fuzz.pieces",
    "tests.fuzz.planted",
    "tests.fuzz.targets",
)
_SIGNS: Final = {0: None, 70: "hang", 71: "memory", 77: "exception"}
_STATISTIC: Final = r"stat::{}:\s+(\d+)"
_LAST_LINES: Final = 40


class EngineMissing(Exception):
    """Atheris cannot be used here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one target went.

    Attributes:
        found: ``exception``, ``hang``, ``memory``, another word for any other end, or None.
        runs: inputs tried.
        memory: megabytes at most.
        log: the end of what the engine said.
        files: the findings, written down.
    """

    found: str | None
    runs: int
    memory: int
    log: str = field(repr=False)
    files: tuple[Path, ...]


def open_engine(folder: Path) -> Engine:
    """Load the engine.

    Raises:
        EngineMissing: it does not run on this machine; tells where it does.
    """
    try:
        atheris: Any = importlib.import_module("atheris")
    except (ImportError, OSError) as error:
        here = f"Python {platform.python_version()} on {sys.platform} {platform.machine()}"
        raise EngineMissing(
            f"Fuzzing needs atheris, which runs on CPython 3.11 to 3.13 on Linux x86_64; this is "
            f"{here}. The Hypothesis properties run everywhere: CI_DEEP=1 make test "
            f'ARGS="tests/unit/card tests/attacks/eid" ({error})'
        ) from error
    return Engine(atheris, folder)


class Engine:
    """Runs targets, one after the other."""

    def __init__(self, atheris: Any, folder: Path) -> None:
        self._atheris = atheris
        self._folder = folder

    @contextmanager
    def watching(self) -> Iterator[None]:
        """What is imported inside is watched for coverage."""
        watched = self._atheris.instrument_imports(
            include=list(PACKAGES), enable_loader_override=False
        )
        with redirect_stderr(io.StringIO()), watched:  # it names every module
            yield

    def fuzz(self, target: Target, *, seconds: int, expected: bool = False) -> Result:
        """Try a target for so many seconds, or until something is found."""
        corpus = self._folder / target.name / "corpus"
        findings = self._folder / target.name / "found"
        for folder in (corpus, findings):
            folder.mkdir(parents=True, exist_ok=True)
        longest = 0
        for number, seed in enumerate(target.seeds):
            longest = max(longest, len(seed))
            (corpus / f"seed-{number}").write_bytes(seed[:LONGEST_INPUT])
        before = set(findings.iterdir())
        log = self._folder / target.name / "log.txt"
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            # Short inputs are tried far more often: only as much room as a good one takes, twice.
            room = min(max(2 * longest, SHORTEST_LIMIT), LONGEST_INPUT)
            flags = [f"-max_total_time={seconds}", f"-max_len={room}", *_flags(findings)]
            if expected:
                flags.append("-seed=1")  # the control shows that it works, not how lucky one is
            self._child(target, flags, corpus, log)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        text = log.read_text(encoding="utf-8", errors="replace")
        files = tuple(sorted(set(findings.iterdir()) - before))
        if expected:
            for path in files:
                path.unlink()
        return Result(
            found=_SIGNS.get(code, f"end {code}"),
            runs=_number(text, "number_of_executed_units"),
            memory=_number(text, "peak_rss_mb"),
            log="\n".join(text.splitlines()[-_LAST_LINES:]),
            files=files,
        )

    def _child(self, target: Target, flags: list[str], corpus: Path, log: Path) -> NoReturn:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(handle, stream)
        self._atheris.Setup(["fuzz", *flags, str(corpus)], target.run)
        self._atheris.Fuzz()
        os._exit(0)


def _flags(findings: Path) -> list[str]:
    return [
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_LIMIT}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
        "-use_value_profile=1",
        "-verbosity=1",
    ]


def _number(text: str, name: str) -> int:
    found = re.search(_STATISTIC.format(name), text)
    if found is not None:
        return int(found[1])
    tried = re.findall(r"^#(\d+)\s", text, re.MULTILINE)
    return int(tried[-1]) if tried and name == "number_of_executed_units" else 0

"""A deployment that was set up: a configuration, a real Ledger, a vault, and its operator."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from idp.cli.main import main
from idp.config import load
from idp.foundation import found_keys, lay
from idp.runtime import system_monotonic
from tests.services.ledgers import put_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from idp.foundation import Foundation
    from idp.store.ports import Unit

CONFIG = """
environment = "test"
issuer = "http://localhost:8400"

[stores]
ledger = "sqlite:///{folder}/ledger.sqlite"
ephemeral = "memory:"

[keys]
kek_file = "{folder}/kek"

[login]
seeded_sign_in = {seeded}
"""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """Somebody who types commands at one deployment, and looks into its Ledger."""

    config: Path

    def run(self, *words: str, typed: str | None = None, fails: int | None = 0) -> Result:
        """Run ``sesame`` with these words; ``fails`` is the exit code that is right."""
        result = CliRunner().invoke(
            main, list(words), input=typed, env={"SESAME_CONFIG": str(self.config)}
        )
        assert result.exit_code == fails, result.output
        return result

    def told(self, *words: str) -> Any:
        """Run with ``--json`` and give what was answered."""
        return json.loads(self.run(*words, "--json").stdout)

    @contextmanager
    def foundation(self) -> Iterator[Foundation]:
        opened = lay(
            load(self.config),
            now=now,
            monotonic=system_monotonic,
            entropy=secrets.token_bytes,
        )
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        with self.foundation() as foundation, foundation.ledger.begin() as unit:
            yield unit

    def audited(self) -> list[dict[str, Any]]:
        with self.unit() as unit:
            return [json.loads(row.payload or b"{}") for row in unit.audit.unsealed(limit=1000)]


def deployed(folder: Path, *, seeded: bool = True) -> Operator:
    config = folder / "sesame.toml"
    config.write_text(CONFIG.format(folder=folder, seeded=str(seeded).lower()))
    settings = load(config)
    put_ledger(settings.stores.ledger)
    found_keys(
        settings,
        now=now,
        monotonic=system_monotonic,
        entropy=secrets.token_bytes,
        by="test",
    )
    return Operator(config=config)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return deployed(tmp_path)

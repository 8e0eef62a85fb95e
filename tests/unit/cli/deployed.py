"""A deployment of its own in a temporary folder, and its commands."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from idp.cli import main
from tests.services.components import loopback_port


@dataclass(kw_only=True)
class Deployment:
    """Stores and keys under ``folder``; ``variables`` go before the configuration's file."""

    folder: Path
    port: int = field(default_factory=loopback_port)
    health_port: int = field(default_factory=loopback_port)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.config.write_text(
            f"""
            environment = "test"
            issuer = "http://localhost:{self.port}"
            [listen]
            port = {self.port}
            health_port = {self.health_port}
            [stores]
            ledger = "sqlite:///{self.ledger}"
            ephemeral = "sqlite:///{self.folder / "ephemeral.sqlite"}"
            [keys]
            kek_file = "{self.kek}"
            [card]
            enabled = false
            [login]
            seeded_sign_in = true
            """,
            encoding="utf-8",
        )

    @property
    def config(self) -> Path:
        return self.folder / "sesame.toml"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite"

    @property
    def kek(self) -> Path:
        return self.folder / "secrets" / "kek"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "SESAME_" not in name}
        return {**kept, "SESAME_CONFIG": str(self.config), **self.variables}

    def run(self, *arguments: str) -> Result:
        """Run ``sesame ARGUMENTS`` in this process."""
        variables = {"SESAME_CONFIG": str(self.config), **self.variables}
        return CliRunner(env=variables).invoke(main, arguments, prog_name="sesame")

    def json(self, *arguments: str) -> Any:
        """Give what a command that succeeds answers to machines."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Reach into the Ledger behind everybody's back."""
        with closing(sqlite3.connect(self.ledger, isolation_level=None)) as file:
            return file.execute(statement, values).fetchall()

"""The table of commands loads what a command needs, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from idp.cli.main import TABLE

SERVER = (
    "alembic authlib babel flask granian joserfc pydantic sqlalchemy urllib3 redis psycopg werkzeug"
)
BLOCKED = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SERVER.split()!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
from idp.cli import main
main(prog_name="sesame")
"""


def sesame(*arguments: str, program: str = BLOCKED) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["card", "agent"])
def test_a_citizen_needs_none_of_the_server_s_libraries(command: str) -> None:
    done = sesame(command, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: sesame {command}")


def test_help_lists_every_command_and_imports_none() -> None:
    done = sesame("--help")
    assert done.returncode == 0, done.stderr
    assert all(f"\n  {name} " in done.stdout for name in TABLE)


@pytest.mark.parametrize("command", [name for name, row in TABLE.items() if row.extra])
def test_a_server_command_without_its_libraries_names_the_extra(command: str) -> None:
    done = sesame(command, "--help")
    assert done.returncode == 1
    assert "pip install 'sesame-idp[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_row_of_the_table_is_a_command_with_help() -> None:
    program = """
from click.testing import CliRunner
from idp.cli import main
from idp.cli.main import TABLE
for name in TABLE:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, (name, result.output, result.exception)
"""
    done = sesame(program=program)
    assert done.returncode == 0, done.stderr

"""Setup makes what is missing, once, and replaces nothing."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.cli.deployed import Deployment


def test_a_new_deployment_gets_everything_it_needs(new: Deployment) -> None:
    steps = new.json("setup")
    assert {step["what"]: step["made"] for step in steps} == {
        "schema": True,
        "key-encryption key": True,
        "vault": True,
        "signing keys": True,
    }
    assert stat.S_IMODE(new.kek.stat().st_mode) == 0o600
    assert stat.S_IMODE(new.ledger.stat().st_mode) == 0o600
    assert new.run("db", "check").exit_code == 0


def test_a_second_setup_changes_nothing(deployment: Deployment) -> None:
    kek, keys = deployment.kek.read_bytes(), deployment.json("keys", "list")
    assert not any(step["made"] for step in deployment.json("setup"))
    assert deployment.kek.read_bytes() == kek
    assert deployment.json("keys", "list") == keys


def test_a_lost_key_encryption_key_is_not_replaced(deployment: Deployment) -> None:
    deployment.kek.unlink()
    result = deployment.run("setup")
    assert result.exit_code == 1
    assert "bring it back" in result.output
    assert not deployment.kek.exists()


def test_another_key_encryption_key_is_refused(deployment: Deployment) -> None:
    deployment.kek.write_text("ab" * 32 + "\n", encoding="ascii")
    for command in ("setup", "serve", "housekeep"):
        result = deployment.run(command)
        assert result.exit_code == 1, result.output
        assert result.output.startswith("Error: ")
        assert "another" in result.output


def test_what_was_set_up_half_is_finished(new: Deployment) -> None:
    assert new.run("db", "upgrade").exit_code == 0
    made = {step["what"]: step["made"] for step in new.json("setup")}
    assert made == {
        "schema": False,
        "key-encryption key": True,
        "vault": True,
        "signing keys": True,
    }


def test_serve_before_setup_says_what_to_do(new: Deployment) -> None:
    for command in ("serve", "housekeep"):
        result = new.run(command)
        assert result.exit_code == 1
        assert "schema is absent: run 'sesame setup'" in result.output
    new.run("db", "upgrade")
    new.variables["SESAME_KEYS__KEK_FILE"] = str(new.folder / "none")
    result = new.run("serve")
    assert result.exit_code == 1
    assert "sesame setup" in result.output


def test_an_older_schema_is_refused_with_the_command_that_mends_it(deployment: Deployment) -> None:
    deployment.sql("UPDATE alembic_version SET version_num = '0001'")
    result = deployment.run("serve")
    assert result.exit_code == 1
    assert "run 'sesame db upgrade'" in result.output


def test_serve_refuses_what_no_worker_could_start_with(deployment: Deployment) -> None:
    deployment.variables["SESAME_LOGIN__SEEDED_SIGN_IN"] = "false"
    result = deployment.run("serve")
    assert result.exit_code == 1
    assert "card.enabled" in result.output
    deployment.variables["SESAME_CARD__ENABLED"] = "true"
    deployment.variables["SESAME_CARD__TRUST"] = str(deployment.folder / "none")
    result = deployment.run("serve")
    assert result.exit_code == 1
    assert "card.trust" in result.output


def test_production_refuses_what_is_unsafe(deployment: Deployment) -> None:
    deployment.variables["SESAME_ENVIRONMENT"] = "production"
    for command in ("serve", "housekeep", "setup"):
        result = deployment.run(command)
        assert result.exit_code == 1
        assert "issuer: production demands https" in result.output


def test_a_file_of_countries_that_is_not_there_stops_the_start_and_is_named(
    deployment: Deployment,
) -> None:
    deployment.variables["SESAME_PHONE__ENABLED"] = "true"
    deployment.variables["SESAME_NETWORKS__COUNTRIES"] = str(deployment.folder / "gone.mmdb")
    result = deployment.run("serve")
    assert result.exit_code == 1
    assert "networks.countries: " in result.stderr
    assert "gone.mmdb: No such file" in result.stderr

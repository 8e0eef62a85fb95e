"""The doctor finds each fault, says how to mend it, and stands up again after one."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import redis
from click.testing import CliRunner

from cardreader.trust import belgium
from idp.cli import examining, main
from idp.config import Settings
from tests.services.mmdb import write_mmdb
from tests.world.cards import copied

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.deployed import Deployment


def examined(deployment: Deployment) -> tuple[bool, dict[str, list[tuple[str, str, str]]]]:
    result = deployment.run("doctor", "--json")
    report: dict[str, Any] = json.loads(result.stdout)
    assert report["healthy"] == (result.exit_code == 0)
    parts: dict[str, list[tuple[str, str, str]]] = {}
    for found in report["findings"]:
        finding = found["verdict"], found["says"], found["mend"]
        parts.setdefault(found["part"], []).append(finding)
    return report["healthy"], parts


def test_a_new_deployment_is_told_to_set_up(new: Deployment) -> None:
    healthy, parts = examined(new)
    assert not healthy
    assert parts["kek"][0][0] == "fail"
    assert parts["ledger"] == [("fail", "the schema is absent", "run 'sesame setup'")]


def test_a_deployment_that_was_set_up_is_healthy(deployment: Deployment) -> None:
    healthy, parts = examined(deployment)
    assert healthy
    assert [verdict for verdict, _, _ in parts["keys"]] == ["ok"]
    [(verdict, says, mend)] = parts["housekeep"]
    assert (verdict, "audit.seal" in says) == ("warn", True)
    assert "sesame housekeep" in mend


def test_a_misspelt_setting_is_named_with_the_right_one(deployment: Deployment) -> None:
    text = deployment.config.read_text(encoding="utf-8")
    deployment.config.write_text(text.replace("kek_file", "kek_fil"), encoding="utf-8")
    healthy, parts = examined(deployment)
    assert not healthy
    assert "keys.kek_file" in parts["configuration"][0][1]


def test_a_key_encryption_key_that_others_read_is_found(deployment: Deployment) -> None:
    deployment.kek.chmod(0o640)
    healthy, parts = examined(deployment)
    assert not healthy
    assert "chmod 600" in parts["kek"][0][1]


def test_a_taken_port_is_found(deployment: Deployment) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", deployment.port))
        taken.listen()
        healthy, parts = examined(deployment)
    assert not healthy
    verdict, says, mend = parts["serve"][0]
    assert verdict == "fail"
    assert str(deployment.port) in says
    assert "listen.port" in mend


def test_a_changed_audit_row_is_found(deployment: Deployment) -> None:
    deployment.run("epoch", "bump", "--yes")
    deployment.run("housekeep", "--once")
    deployment.sql("UPDATE audit SET payload = '{}' WHERE sequence = 2")
    healthy, parts = examined(deployment)
    assert not healthy
    assert parts["audit"][0][1] == "row_changed at row 2"


def test_a_cut_audit_tail_is_found(deployment: Deployment) -> None:
    deployment.run("epoch", "bump", "--yes")
    deployment.run("housekeep", "--once")
    deployment.sql("DELETE FROM audit WHERE sequence = 2")
    healthy, parts = examined(deployment)
    assert not healthy
    assert parts["audit"][0][1] == "tail_cut at row 2"


def test_a_ring_that_somebody_changed_is_found(deployment: Deployment) -> None:
    deployment.sql("UPDATE signing_keys SET algorithm = 'RS256'")
    healthy, parts = examined(deployment)
    assert not healthy
    assert parts["keys"][0][0] == "fail"
    assert parts["audit"][0][0] == "ok"


def test_an_algorithm_without_a_signing_key_is_found(deployment: Deployment) -> None:
    deployment.variables["SESAME_KEYS__ALGORITHMS"] = '["ES256", "EdDSA"]'
    healthy, parts = examined(deployment)
    assert not healthy
    assert [verdict for verdict, _, _ in parts["keys"]] == ["ok", "fail"]
    assert "sesame keys generate EdDSA" in parts["keys"][1][2]


def test_a_redis_that_may_forget_is_found(deployment: Deployment, redis_url: str) -> None:
    deployment.variables["SESAME_STORES__EPHEMERAL"] = redis_url
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            healthy, parts = examined(deployment)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert not healthy
    assert any("noeviction" in mend for found in parts.values() for _, _, mend in found)


def test_a_missing_trust_folder_is_found(deployment: Deployment) -> None:
    deployment.variables["SESAME_CARD__ENABLED"] = "true"
    deployment.variables["SESAME_CARD__TRUST"] = str(deployment.folder / "none")
    healthy, parts = examined(deployment)
    assert not healthy
    assert parts["trust"][0][0] == "fail"


def test_a_simulated_root_is_wrong_only_where_it_is_not_allowed(deployment: Deployment) -> None:
    copied(deployment.folder, base_url="http://127.0.0.1:1", at=datetime.now(UTC))
    deployment.variables["SESAME_CARD__ENABLED"] = "true"
    deployment.variables["SESAME_CARD__TRUST"] = str(deployment.folder / "trust")
    _, parts = examined(deployment)
    assert [verdict for verdict, _, _ in parts["trust"]] == ["fail"]
    deployment.variables["SESAME_CARD__ALLOW_SIMULATED_TRUST_ROOT"] = "true"
    _, parts = examined(deployment)
    assert [verdict for verdict, _, _ in parts["trust"]] == ["ok"]


def test_who_names_no_configuration_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SESAME_CONFIG")
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "issuer: required, and not given" in result.stdout
    assert "--config FILE, or SESAME_CONFIG=FILE" in result.stdout


def test_a_deployment_where_nobody_could_log_in_is_found(deployment: Deployment) -> None:
    deployment.variables["SESAME_LOGIN__SEEDED_SIGN_IN"] = "false"
    healthy, parts = examined(deployment)
    assert not healthy
    assert ("fail", "nobody could log in", "set card.enabled") in parts["configuration"]


def test_people_read_one_line_a_finding(deployment: Deployment) -> None:
    deployment.kek.chmod(0o644)
    result = deployment.run("doctor")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert any(line.startswith("fail  kek ") for line in lines)
    assert any(line.startswith("ok    disk ") for line in lines)


def test_belgian_roots_that_are_in_force_and_not_trusted_are_named() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    [finding] = examining._belgian_roots(["belgium-root-ca6"], now=now)
    assert finding.verdict == "warn"
    assert "Belgium Root CA4" in finding.says
    assert "CA6" not in finding.says
    assert "trust.md" in finding.mend
    every = [root.name for root in belgium.roots()]
    assert list(examining._belgian_roots(every, now=now)) == []


@pytest.mark.parametrize(
    ("header", "chain", "verdicts"),
    [
        ("Client-Cert", "proxy", ["warn"]),
        ("SesameClientCert", "proxy", ["ok"]),
        ("SesameClientCert", "told", ["warn"]),
    ],
)
def test_a_header_with_a_second_spelling_is_doubted(
    header: str, chain: str, verdicts: list[str]
) -> None:
    told = {"chain": chain, "chain_header": "X-SSL-Client-Verify", "header": header}
    settings = Settings(issuer="https://login.example", mtls={"proxies": ["10.0.0.1"], **told})
    assert [one.verdict for one in examining.certificates(settings)] == verdicts
    assert list(examining.certificates(Settings(issuer="https://login.example"))) == []


def test_a_file_of_networks_is_looked_at_where_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "countries.mmdb"
    settings = Settings.model_validate(
        {"issuer": "https://login.example", "networks": {"countries": path}}
    )
    [gone] = examining.networks(settings)
    assert (gone.verdict, "networks.countries" in gone.says) == ("fail", True)
    write_mmdb(path, {"192.0.2.0/24": {"country": {"iso_code": "BE"}}})
    assert [one.verdict for one in examining.networks(settings)] == ["ok"]
    assert list(examining.networks(Settings(issuer="https://login.example"))) == []

"""The stores by an operator's hand: schema, copies, the epoch; each act in the audit trail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from idp.cli.deployment import opened
from tests.contract.store.phones import a_device

if TYPE_CHECKING:
    from tests.unit.cli.deployed import Deployment


def bumps(deployment: Deployment) -> list[tuple[str, str]]:
    """Give epoch and actor of every recorded bump."""
    rows = deployment.sql("SELECT payload FROM audit WHERE stream = 'epoch' ORDER BY position")
    found = [json.loads(payload) for (payload,) in rows]
    return [(row["details"]["epoch"], row["actor"]) for row in found]


def test_check_demands_a_schema_and_upgrade_brings_it(new: Deployment) -> None:
    assert new.run("db", "check").exit_code == 1
    first, second = new.json("db", "upgrade"), new.json("db", "upgrade")
    assert first["before"] is None
    assert second["before"] == second["after"] == first["after"]
    assert new.json("db", "check") == {"revision": first["after"]}


def test_bumping_the_epoch_is_audited_with_who_did_it(deployment: Deployment) -> None:
    before = deployment.json("epoch", "show")["epoch"]
    after = deployment.json("epoch", "bump", "--yes")["epoch"]
    assert after == before + 1 == deployment.json("epoch", "show")["epoch"]
    [(epoch, actor)] = bumps(deployment)
    assert epoch == str(after)
    assert actor.startswith("operator:")


def test_bumping_asks_first(deployment: Deployment) -> None:
    before = deployment.json("epoch", "show")
    result = deployment.run("epoch", "bump")
    assert result.exit_code == 1
    assert "Every code and token" in result.output
    assert deployment.json("epoch", "show") == before


def test_a_restore_brings_the_copy_back_under_a_new_epoch(deployment: Deployment) -> None:
    copy = str(deployment.folder / "copy")
    keys = deployment.json("keys", "list")
    made = deployment.json("backup", copy)
    deployment.run("keys", "rotate")
    deployment.run("epoch", "bump", "--yes")
    restored = deployment.json("restore", copy, "--yes")
    assert restored["epoch"] > made["epoch"] + 1
    assert deployment.json("keys", "list") == keys
    assert bumps(deployment)[-1][0] == str(restored["epoch"])


def signed_in(deployment: Deployment) -> None:
    """Put a session into the Ledger behind everybody's back."""
    deployment.sql(
        "INSERT INTO sessions (key, sign_on, person, event, opened_at, used_at)"
        " VALUES ('k', 'k', 'an', x'00', 1, 1)"
    )


def alive(deployment: Deployment) -> int:
    [(count,)] = deployment.sql("SELECT count(*) FROM sessions WHERE ended_at IS NULL")
    return int(count)


def test_a_restore_revives_no_session_that_ended_since_the_copy(deployment: Deployment) -> None:
    copy = str(deployment.folder / "copy")
    signed_in(deployment)
    assert deployment.run("backup", copy).exit_code == 0
    deployment.sql("UPDATE sessions SET ended_at = 2")
    assert deployment.run("restore", copy, "--yes").exit_code == 0
    assert alive(deployment) == 0
    assert len(bumps(deployment)) == 1


def test_bumping_the_epoch_ends_every_session(deployment: Deployment) -> None:
    signed_in(deployment)
    assert alive(deployment) == 1
    assert deployment.run("epoch", "bump", "--yes").exit_code == 0
    assert alive(deployment) == 0


def test_a_copy_is_never_written_over_another(deployment: Deployment) -> None:
    copy = str(deployment.folder / "copy")
    assert deployment.run("backup", copy).exit_code == 0
    result = deployment.run("backup", copy)
    assert result.exit_code == 1
    assert "name a new folder" in result.output


def test_a_folder_that_is_no_copy_is_not_restored(deployment: Deployment) -> None:
    before = deployment.json("epoch", "show")
    assert deployment.run("restore", str(deployment.folder), "--yes").exit_code == 1
    assert deployment.json("epoch", "show") == before


def test_a_backup_of_other_stores_says_what_to_use(deployment: Deployment) -> None:
    deployment.variables["SESAME_STORES__EPHEMERAL"] = "redis://127.0.0.1:1"
    result = deployment.run("backup", str(deployment.folder / "copy"))
    assert result.exit_code == 1
    assert "pg_dump" in result.output


def test_housekeep_once_tells_what_it_did(deployment: Deployment) -> None:
    done = deployment.json("housekeep", "--once")
    assert done["audit.seal"] == 1  # the first signing key
    assert deployment.json("housekeep", "--once")["audit.seal"] == 0
    assert set(done) == {"audit.seal", "outbox", "keys", "audit.refusals", "purge", "audit.erase"}


DAY = 24 * 3600 * 1_000_000


def enrolled(deployment: Deployment, *phones: str) -> None:
    """Put phones into the Ledger behind everybody's back; nothing opens their bodies."""
    for phone in phones:
        deployment.sql(
            "INSERT INTO devices (id, person, credential, device_key, name, body, sign_count,"
            " backed_up, enrolled_at, high_from, push)"
            f" VALUES ('{phone}', 'an', '{phone}', '{phone}', x'00', x'00', 0, 0, 1, 1, x'00')"
        )


def live(deployment: Deployment) -> list[str]:
    rows = deployment.sql("SELECT id FROM devices WHERE removed_at IS NULL ORDER BY id")
    return [str(phone) for (phone,) in rows]


def doubted(deployment: Deployment) -> int:
    """Count the phones that wait for a day, from about now on."""
    rows = deployment.sql(
        "SELECT high_from - strftime('%s') * 1000000 FROM devices WHERE removed_at IS NULL"
    )
    return sum(abs(left - DAY) < DAY // 100 for (left,) in rows)


def removals(deployment: Deployment) -> list[tuple[str, str]]:
    rows = deployment.sql("SELECT payload FROM audit WHERE stream = 'phone' ORDER BY position")
    found = [json.loads(payload)["details"] for (payload,) in rows]
    return [(row["device"], row["why"]) for row in found]


def test_a_restore_revives_no_phone_that_was_removed_since_and_doubts_the_others(
    deployment: Deployment,
) -> None:
    copy = str(deployment.folder / "copy")
    enrolled(deployment, "kept", "lost", "gone-before")
    deployment.sql("UPDATE devices SET removed_at = 2 WHERE id = 'gone-before'")
    deployment.sql(
        "INSERT INTO otp_secrets (person, login_name, body, last_step, created_at)"
        " VALUES ('an', x'01', x'00', 0, 1), ('bo', x'02', x'00', 0, 1)"
    )
    assert deployment.run("backup", copy).exit_code == 0
    deployment.sql("UPDATE devices SET removed_at = 3 WHERE id = 'lost'")
    deployment.sql("DELETE FROM otp_secrets WHERE person = 'an'")
    enrolled(deployment, "new")
    assert deployment.json("restore", copy, "--yes")["phones_removed"] == 1
    assert live(deployment) == ["kept"]
    assert deployment.sql("SELECT push FROM devices WHERE id = 'lost'") == [(None,)]
    assert deployment.sql("SELECT person FROM otp_secrets") == [("bo",)]
    assert removals(deployment) == [("lost", "before_restore")]
    assert doubted(deployment) == 1


def test_a_restore_without_a_former_ledger_doubts_every_phone(deployment: Deployment) -> None:
    copy = str(deployment.folder / "copy")
    enrolled(deployment, "kept", "lost")
    assert deployment.run("backup", copy).exit_code == 0
    deployment.ledger.unlink()
    assert deployment.json("restore", copy, "--yes")["phones_removed"] == 0
    assert live(deployment) == ["kept", "lost"]
    assert doubted(deployment) == 2


def test_a_new_epoch_doubts_every_phone(deployment: Deployment) -> None:
    enrolled(deployment, "one", "two")
    assert doubted(deployment) == 0
    assert deployment.run("epoch", "bump", "--yes").exit_code == 0
    assert doubted(deployment) == 2


def test_what_one_database_says_was_removed_another_removes(deployment: Deployment) -> None:
    enrolled(deployment, "kept", "long-ago")
    with opened(deployment.config) as foundation, foundation.ledger.begin() as unit:
        assert unit.phones.add_device(a_device("lost"))
    deployment.sql("UPDATE devices SET removed_at = 2 WHERE id = 'long-ago'")
    deployment.sql("UPDATE devices SET removed_at = 1700000000000000 WHERE id = 'lost'")
    listed = deployment.run("phones", "removed", "--since", "2023-11-01").output
    assert listed == "lost 2023-11-14T22:13:20+00:00\n"
    assert len(deployment.json("phones", "removed")) == 2
    file = deployment.folder / "removed.txt"
    file.write_text(f"{listed}\nunknown\n", encoding="utf-8")
    deployment.sql("UPDATE devices SET removed_at = NULL WHERE id = 'lost'")
    assert deployment.json("phones", "remove", str(file)) == {"named": 2, "removed": 1}
    assert live(deployment) == ["kept"]
    assert removals(deployment) == [("lost", "operator")]
    assert deployment.json("phones", "remove", str(file)) == {"named": 2, "removed": 0}

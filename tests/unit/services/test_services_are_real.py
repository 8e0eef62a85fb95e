"""The services that other tests stand on answer, and start out empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from tests.services.components import needs

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_empty_at_the_start_of_every_test(redis_url: str, turn: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("turn", turn)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_postgresql_gives_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(query).fetchone() == (0,)


def test_chromium_shows_a_page(browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content("<title>Sesame</title>")
        assert page.title() == "Sesame"


def test_a_missing_component_is_skipped_by_name_on_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        needs("no-such-program")


def test_a_missing_component_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        needs("no-such-program")

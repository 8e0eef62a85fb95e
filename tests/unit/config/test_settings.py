"""The configuration: what wins, what is refused, and what the refusal tells to write instead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from idp.config import ConfigRefused, Environment, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from idp.config import Settings

    Load = Callable[[str], Settings]

PRODUCTION = 'issuer = "https://login.example"\n'
DEMO = 'issuer = "http://localhost:8400"\nenvironment = "demo"\n'


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.delenv("SESAME_CONFIG", raising=False)

    def loaded(text: str) -> Settings:
        path = tmp_path / "sesame.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return loaded


def refusal(read: Load, text: str) -> str:
    with pytest.raises(ConfigRefused) as caught:
        read(text)
    return str(caught.value)


def test_one_line_is_a_configuration_and_it_is_for_production(read: Load) -> None:
    settings = read(PRODUCTION)
    assert settings.environment is Environment.PRODUCTION
    assert settings.languages[0] == "nl"


def test_the_environment_wins_over_the_file_member_by_member(
    read: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESAME_LISTEN__PORT", "9001")
    monkeypatch.setenv("SESAME_LANGUAGES", '["fr", "de"]')
    monkeypatch.setenv("SESAME_LIFETIMES__CODE", "PT20S")
    monkeypatch.setenv("SESAME_LOGIN__SEEDED_SIGN_IN", "true")
    settings = read(
        'issuer = "http://localhost:8400"\nenvironment = "test"\nlanguages = ["nl"]\n'
        "[listen]\nport = 9000\nthreads = 2\n"
    )
    assert (settings.listen.port, settings.listen.threads) == (9001, 2)
    assert settings.languages == ("fr", "de")
    assert settings.lifetimes.code == timedelta(seconds=20)
    assert settings.login.seeded_sign_in


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESAME_ISSUER", "https://login.example")
    assert load(None).issuer == "https://login.example"


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("[listen]\nprot = 1\n", "listen.prot", "listen.port"),
        ("[lifetime]\ncode = 1\n", "lifetime", "lifetimes"),
        ("[stores]\nledgers = ''\n", "stores.ledgers", "stores.ledger"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_name(
    read: Load, text: str, wrong: str, right: str
) -> None:
    assert refusal(read, PRODUCTION + text) == (
        f"{wrong}: there is no such setting; did you mean {right}?"
    )


@pytest.mark.parametrize("variable", ["SESAME_LISTEN__PROT", "SESAME_LISTENER__PORT"])
def test_an_unknown_variable_is_refused_too(
    read: Load, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    assert "there is no such setting; did you mean listen" in refusal(read, PRODUCTION)


def test_a_variable_without_a_section_may_be_somebody_elses(
    read: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESAME_SEEDS", "a bag")
    read(PRODUCTION)


@pytest.mark.parametrize(
    ("variable", "text", "where"),
    [
        ("SESAME_LANGUAGES", "fr", "languages"),
        ("SESAME_LANGUAGES", '["xx"]', "languages"),
        ("SESAME_LISTEN__PORT", "many", "listen.port"),
        ("SESAME_LISTEN", "8400", "listen"),
        ("SESAME_ENVIRONMENT", "prod", "environment"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_and_is_not_repeated(
    read: Load, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, where: str
) -> None:
    monkeypatch.setenv(variable, text)
    said = refusal(read, PRODUCTION)
    assert said.startswith(where)
    assert f"'{text}'" not in said


@pytest.mark.parametrize("content", [b"issuer = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sesame.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigRefused, match=r"^sesame\.toml: "):
        load(path)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("[card]\nallow_simulated_trust_root = true\n", "card.allow_simulated_trust_root"),
        ("[card]\nallow_http_localhost = true\n", "card.allow_http_localhost"),
        ("[login]\nseeded_sign_in = true\n", "login.seeded_sign_in"),
        ('[stores]\nephemeral = "memory:"\n', "stores.ephemeral"),
        ('[outbound]\nallow = ["127.0.0.1:8404"]\n', "outbound.allow"),
        ('[outbound]\nallow = ["[::1]:8404"]\n', "outbound.allow"),
        ('[outbound]\nallow = ["localhost:8404"]\n', "outbound.allow"),
        ('[clock]\noffset_file = "clock"\n', "clock.offset_file"),
    ],
)
def test_production_refuses_every_unsafe_setting_by_its_name(
    read: Load, text: str, setting: str
) -> None:
    assert refusal(read, PRODUCTION + text).startswith(f"{setting}: ")


def test_production_names_all_that_is_unsafe_at_once(read: Load) -> None:
    said = refusal(
        read,
        'issuer = "http://login.example"\n[login]\nseeded_sign_in = true\n'
        "[card]\nallow_http_localhost = true\n",
    )
    assert [line.partition(":")[0] for line in said.splitlines()] == [
        "issuer",
        "card.allow_http_localhost",
        "login.seeded_sign_in",
    ]


def test_the_demo_may_trust_its_own_root_but_nobody_signs_in_without_proof(read: Load) -> None:
    assert read(DEMO + "[card]\nallow_simulated_trust_root = true\n").card.enabled
    assert "login.seeded_sign_in" in refusal(read, DEMO + "[login]\nseeded_sign_in = true\n")
    assert "clock.offset_file" in refusal(read, DEMO + '[clock]\noffset_file = "clock"\n')


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example/",
        "https://login.example?tenant=1",
        "https://login.example#top",
        "https://user@login.example",
        "https://",
        "ftp://login.example",
        "login.example",
    ],
)
def test_an_issuer_that_clients_could_not_compare_is_refused(read: Load, issuer: str) -> None:
    assert "issuer: " in refusal(read, f'issuer = "{issuer}"\n')
    assert "issuer: " in refusal(read, f'issuer = "{issuer}"\nenvironment = "test"\n')


def test_http_is_for_loopback_only_whatever_the_environment(read: Load) -> None:
    assert "loopback" in refusal(read, 'issuer = "http://login.example"\nenvironment = "test"\n')


@pytest.mark.parametrize(
    "url",
    [
        "https://wait.example",
        "http://login.example",
        "https://login.example/",
        "https://login.example/wait",
        "https://login.example?x=1",
        "https://user@login.example",
        "login.example",
    ],
)
def test_browsers_wait_only_where_the_issuers_cookies_go(read: Load, url: str) -> None:
    text = f'issuer = "https://login.example"\n[waiting]\nurl = "{url}"\n'
    assert refusal(read, text).startswith("waiting.url: ")


@pytest.mark.parametrize("url", ["https://login.example", "https://login.example:8404"])
def test_browsers_may_wait_at_another_port_of_the_issuers_host(read: Load, url: str) -> None:
    text = f'issuer = "https://login.example"\n[waiting]\nurl = "{url}"\n'
    assert read(text).waiting.url == url


def test_no_access_token_goes_through_a_browser_in_production(read: Load) -> None:
    kinds = ("id_token token", "code token", "code id_token token")
    for kind in kinds:
        said = refusal(read, f'{PRODUCTION}[login]\nresponse_types = ["code", "{kind}"]\n')
        assert said.startswith(f'login.response_types: "{kind}"')
    allowed = read(f'{PRODUCTION}[login]\nresponse_types = ["code", "id_token", "code id_token"]\n')
    assert len(allowed.login.response_types) == 3
    assert read(PRODUCTION).login.response_types == ("code",)


def test_a_code_can_always_be_had(read: Load) -> None:
    said = refusal(read, f'{DEMO}[login]\nresponse_types = ["id_token"]\n')
    assert said == 'login.response_types: "code" is always among them'
    assert "token" in refusal(read, f'{DEMO}[login]\nresponse_types = ["code", "token"]\n')

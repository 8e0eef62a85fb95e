"""Discovery: a document that names every endpoint and nothing that does not work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from idp.domain.request import Prompt, ResponseMode
from idp.errors import Refused
from idp.oidc import paths
from idp.oidc.metadata import discovery, metadata
from tests.unit.oidc.authorization.desk import ISSUER

if TYPE_CHECKING:
    from tests.unit.oidc.authorization.desk import Desk


def described(desk: Desk) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        discovery(desk.settings, algorithms=desk.ring.algorithms()).body
    )
    return content


def test_the_document_is_prepared_with_its_tag(desk: Desk) -> None:
    prepared = discovery(desk.settings, algorithms=("ES256",))
    assert prepared.media_type == "application/json"
    assert prepared.max_age == 300
    assert prepared == discovery(desk.settings, algorithms=("ES256",))
    assert prepared.etag != discovery(desk.settings, algorithms=("ES256", "PS256")).etag


def test_every_path_is_advertised_under_the_issuer(desk: Desk) -> None:
    content = described(desk)
    assert content["issuer"] == ISSUER
    advertised = {
        value for name, value in content.items() if name.endswith(("_endpoint", "jwks_uri"))
    }
    ours = {
        ISSUER + value
        for name, value in vars(paths).items()
        if name.isupper() and value not in {paths.DISCOVERY, paths.REGISTER}  # off by default
    }
    assert advertised == ours


@pytest.mark.proves("fapi2.metadata")
def test_switches_that_are_on_or_off_are_said(desk: Desk) -> None:
    content = described(desk)
    assert content["claims_parameter_supported"] is True
    assert content["request_parameter_supported"] is True
    assert content["request_uri_parameter_supported"] is False
    assert content["require_pushed_authorization_requests"] is False
    assert content["authorization_response_iss_parameter_supported"] is True


def test_every_advertised_way_of_asking_is_accepted(desk: Desk) -> None:
    content = described(desk)
    desk.change(scopes=tuple(content["scopes_supported"]))
    for mode in content["response_modes_supported"]:
        assert desk.read(response_mode=mode).response_mode is ResponseMode(mode)
    for prompt in content["prompt_values_supported"]:
        assert desk.read(prompt=prompt).prompts == (Prompt(prompt),)
    for word in content["acr_values_supported"]:
        assert desk.read(acr_values=word).acr_words == (word,)
    for scope in content["scopes_supported"]:
        assert desk.read(scope=f"openid {scope}").scopes[0] == "openid"
    for response_type in content["response_types_supported"]:
        desk.read(response_type=response_type)
    for method in content["code_challenge_methods_supported"]:
        desk.read(code_challenge_method=method)


@pytest.mark.parametrize(
    ("parameter", "member", "words"),
    [
        (
            "response_type",
            "response_types_supported",
            ["code", "token", "id_token", "code id_token", "id_token token", "none"],
        ),
        (
            "response_mode",
            "response_modes_supported",
            ["query", "form_post", "fragment", "fragment.jwt", "web_message.jwt"],
        ),
        ("prompt", "prompt_values_supported", ["none", "login", "consent", "create"]),
        ("code_challenge_method", "code_challenge_methods_supported", ["S256", "plain", "S512"]),
    ],
)
@pytest.mark.proves("ciba.metadata")
def test_what_works_is_what_is_advertised(
    desk: Desk, parameter: str, member: str, words: list[str]
) -> None:
    advertised = described(desk)[member]
    for word in words:
        if word in advertised:
            desk.read(**{parameter: word})
        else:
            with pytest.raises(Refused):
                desk.read(**{parameter: word})


def test_no_signature_is_optional(desk: Desk) -> None:
    assert "none" not in json.dumps(
        metadata(desk.settings, algorithms=("ES256",))["id_token_signing_alg_values_supported"]
    )


def test_languages_are_tags_in_their_canonical_case(desk: Desk) -> None:
    assert described(desk)["ui_locales_supported"] == ["nl", "fr", "de", "en"]

"""The certified library does the hybrid flow: the ID token vouches for the code and the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.protocol.test_openid_client import library, story
from tests.world.client import HOME
from tests.world.shops import shops

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["library"]

SETTINGS = {"login": {"seeded_sign_in": True, "response_types": ["code", "code id_token"]}}
HYBRID = {
    "response_types": ["code id_token"],
    "grant_types": ["authorization_code", "implicit", "refresh_token"],
}


@pytest.mark.proves("implicit.library")
def test_the_library_completes_the_hybrid_flow(tmp_path: Path) -> None:
    with shops(tmp_path, settings=SETTINGS) as made:
        shop = made.add("hybrid", changes=HYBRID)
        with made.world.browser(stops=(HOME,)) as browser:
            done = story(shop, browser, hybrid=True, pushed=False)
        assert "response_type=code+id_token" in done["open"]
        assert done["info"]["sub"] == done["claims"]["sub"]

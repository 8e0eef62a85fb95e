"""A provider of two workers that the attacks of this folder share, and what they may not find.

At the end everything secret that any attack has heard is looked for in what the provider wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world.client import HOME
from tests.world.shops import Shops, shops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.client import Client
    from tests.world.scripted import Browser

NUMBER = "85073099833"


@pytest.fixture(scope="package")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    names = ("shop", "shop-basic", "shop-post", "shop-app")
    folder = tmp_path_factory.mktemp("attacked")
    mtls = {"proxies": ["127.0.0.1/32"], "header": "SesameClientCert", "chain": "proxy"}
    with shops(folder, *names, settings={"listen": {"workers": 2}, "mtls": mtls}) as running:
        yield running
        found = leaked(running)
        running.world.stop()
    assert not found


def leaked(made: Shops) -> list[str]:
    """The secrets heard so far that stand in the provider's output."""
    written = made.world.log()
    assert written.count("http.request") > 0
    return [secret for secret in {*made.heard.secrets, NUMBER} if secret in written]


@pytest.fixture
def made(attacked: Shops) -> Shops:
    return attacked


@pytest.fixture
def browser(made: Shops) -> Iterator[Browser]:
    with made.world.browser(stops=(HOME,)) as fresh:
        yield fresh


@pytest.fixture
def shop(made: Shops) -> Client:
    return made["shop"]

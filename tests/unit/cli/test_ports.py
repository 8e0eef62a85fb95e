"""A taken port is seen before anything starts, whoever holds it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from idp.cli.ports import Door, trouble

if TYPE_CHECKING:
    from tests.unit.cli.deployed import Deployment


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_is_taken_even_by_a_server_that_would_share_it(
    free_port: int, *, shared: bool
) -> None:
    door = Door(host="127.0.0.1", port=free_port, setting="listen.port")
    assert trouble(door) is None
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        said = trouble(door) or ""
    assert f"port {free_port}" in said
    assert "listen.port" in said
    assert "SESAME_LISTEN__PORT" in said


def test_an_address_that_is_not_ours_is_told(free_port: int) -> None:
    said = trouble(Door(host="192.0.2.1", port=free_port, setting="listen.port")) or ""
    assert "192.0.2.1" in said


@pytest.mark.parametrize("setting", ["port", "health_port"])
def test_serve_names_the_port_and_what_changes_it(deployment: Deployment, setting: str) -> None:
    port = getattr(deployment, setting)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        for arguments in (["serve"], ["serve", "--all"]):
            result = deployment.run(*arguments)
            assert result.exit_code == 1
            assert str(port) in result.output
            assert f"listen.{setting}" in result.output
            assert f"SESAME_LISTEN__{setting.upper()}" in result.output

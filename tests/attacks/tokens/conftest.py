"""The desk that the token side's tests stand at."""

from __future__ import annotations

from tests.unit.oidc.tokens.conftest import desk, ledger_url

__all__ = ["desk", "ledger_url"]

"""The profiles that a client may be registered under: named sets of rules, and their habits."""

from __future__ import annotations

from enum import StrEnum


class Profile(StrEnum):
    """What a client promises, and is held to; the rules stand in ``idp.oidc.profiles``."""

    DEFAULT = "default"
    FAPI2 = "fapi2"
    FAS = "fas"

"""Where each endpoint lives, relative to the issuer: said once, served and advertised from here."""

from __future__ import annotations

from typing import Final

AUTHORIZE: Final = "/authorize"
PAR: Final = "/par"
TOKEN: Final = "/token"  # noqa: S105 - a path
USERINFO: Final = "/userinfo"
JWKS: Final = "/jwks"
INTROSPECT: Final = "/introspect"
REVOKE: Final = "/revoke"
GRANTS: Final = "/grants"
LOGOUT: Final = "/logout"
BACKCHANNEL: Final = "/bc-authorize"
REGISTER: Final = "/register"
DISCOVERY: Final = "/.well-known/openid-configuration"

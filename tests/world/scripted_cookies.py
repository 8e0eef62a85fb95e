"""The scripted browser's cookies: kept and sent by host and path, whatever the port (RFC 6265)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib.parse import SplitResult

GONE = "1970 00:00:00 GMT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookie:
    """A cookie as kept; ``attributes`` by lower-case name, those without a value empty."""

    host: str
    path: str
    name: str
    value: str
    attributes: Mapping[str, str]

    def goes_to(self, parts: SplitResult) -> bool:
        """Whether it is sent with a request to this address."""
        host, path = parts.hostname or "", parts.path or "/"
        below = "domain" in self.attributes and host.endswith("." + self.host)
        if host != self.host and not below:
            return False
        if "secure" in self.attributes and parts.scheme != "https":
            return False
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


class Jar:
    """All cookies of one browser."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Cookie] = {}

    def named(self, name: str) -> Cookie | None:
        """The cookie of this name; None where there is none, or more than one."""
        found = [kept for kept in self._kept.values() if kept.name == name]
        return found[0] if len(found) == 1 else None

    def all(self) -> list[Cookie]:
        """Every cookie."""
        return list(self._kept.values())

    def put(self, cookie: Cookie) -> None:
        """Keep a cookie, as an attacker who may write one would."""
        self._kept[cookie.host, cookie.path, cookie.name] = cookie

    def clear(self) -> None:
        """Delete every cookie."""
        self._kept.clear()

    def header_for(self, parts: SplitResult) -> str:
        """The Cookie header's value for a request, empty where none goes there."""
        sent = [kept for kept in self._kept.values() if kept.goes_to(parts)]
        sent.sort(key=lambda kept: -len(kept.path))
        return "; ".join(f"{kept.name}={kept.value}" for kept in sent)

    def keep(self, parts: SplitResult, line: str) -> None:
        """Take in one Set-Cookie line that came from this address."""
        pair, *rest = line.split(";")
        name, _, value = pair.strip().partition("=")
        attributes = {}
        for item in rest:
            key, _, given = item.strip().partition("=")
            attributes[key.lower()] = given
        cookie = Cookie(
            host=attributes.get("domain", "").lstrip(".") or (parts.hostname or ""),
            path=attributes.get("path") or "/",
            name=name,
            value=value,
            attributes=attributes,
        )
        self.put(cookie)
        if attributes.get("max-age") == "0" or attributes.get("expires", "").endswith(GONE):
            del self._kept[cookie.host, cookie.path, cookie.name]

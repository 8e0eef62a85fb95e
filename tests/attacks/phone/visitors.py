"""Where a browser of the tests comes from, and what it calls itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.flows.phone.house import Browser

HANDHELD = {"Sec-CH-UA-Mobile": "?1"}


def seen(browser: Browser, *, address: str = "127.0.0.1", handheld: bool = False) -> Browser:
    """Let a browser come from an address, and call itself a phone's; the latest word counts."""
    plain = browser.http.open

    def opened(*given: Any, **named: Any) -> Any:
        headers = {**dict(named.pop("headers", None) or {}), **(HANDHELD if handheld else {})}
        named.setdefault("environ_overrides", {"REMOTE_ADDR": address})
        return plain(*given, headers=headers, **named)

    browser.http.open = opened  # type: ignore[method-assign]
    return browser


def cookie_of(browser: Browser) -> str:
    """The cookie by which login pages know it, as a header has it."""
    found = next(one for one in browser.http._cookies.values() if one.key.endswith("browser"))
    return f"{found.key}={found.value}"

"""What the OpenID Foundation's conformance suite is told of us: its configuration, as JSON values.

The suite drives a scripted browser: each entry of ``browser`` says on which pages it types and
presses what. The names are those of our pages in the conformance environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

USERNAME: Final = "suite"
"""The seeded person that the suite signs in as."""

_TYPED: Final = "anything"
_WAIT_SECONDS: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """A running suite, and the alias under which it knows our deployment."""

    url: str
    alias: str

    @property
    def callback(self) -> str:
        """Where the suite takes authorization responses."""
        return f"{self.url}/test/a/{self.alias}/callback"

    @property
    def logged_out(self) -> str:
        """Where the suite takes the browser after logout."""
        return f"{self.url}/test/a/{self.alias}/post_logout_redirect"

    @property
    def hears_of_logout(self) -> str:
        """Where the suite takes logout tokens."""
        return f"{self.url}/test/a/{self.alias}/backchannel_logout"

    @property
    def framed_at_logout(self) -> str:
        """What the suite shows in a frame of our page after logout."""
        return f"{self.url}/test/a/{self.alias}/frontchannel_logout"

    @property
    def notified(self) -> str:
        """Where the suite takes pings of back-channel requests."""
        return f"{self.url}/test/a/{self.alias}/ciba-notification-endpoint"


@dataclass(frozen=True, kw_only=True, slots=True)
class StaticClient:
    """A client registered for the suite; the secret is shown this once."""

    id: str
    secret: str = field(repr=False)


def configuration(
    suite: Suite, *, issuer: str, first: StaticClient, second: StaticClient, post: StaticClient
) -> dict[str, object]:
    """Give the configuration that the suite's plans take; ``post`` sends its secret in the body."""
    return {
        "alias": suite.alias,
        "description": f"Sesame at {issuer}",
        "server": {"discoveryUrl": f"{issuer}/.well-known/openid-configuration"},
        "client": _credentials(first),
        "client2": _credentials(second),
        "client_secret_post": _credentials(post),
        "browser": browser_walks(suite, issuer),
        "override": {
            # There the suite wants to see the login page a second time, and then goes on.
            "oidcc-prompt-login": {"browser": [_walk(suite, issuer)]},
        },
    }


def browser_walks(suite: Suite, issuer: str) -> list[dict[str, object]]:
    """Give what the suite's browser does on our pages: to sign in, and to sign out."""
    return [_walk(suite, issuer), _logout(suite, issuer)]


def _credentials(client: StaticClient) -> dict[str, str]:
    """Give what the static variant of a plan takes; the dynamic one takes the name alone."""
    return {
        "client_id": client.id,
        "client_secret": client.secret,
        "client_name": "Conformance suite",
    }


def _walk(suite: Suite, issuer: str) -> dict[str, object]:
    return {
        "match": f"{issuer}/authorize*",
        "tasks": [
            {
                "task": "Sign in",
                "match": f"{issuer}/login/*",
                "optional": True,
                "commands": [
                    ["wait", "id", "login-submit", _WAIT_SECONDS, "optional"],
                    ["text", "id", "username", USERNAME, "optional"],
                    ["text", "id", "password", _TYPED, "optional"],
                    ["click", "id", "login-submit", "optional"],
                ],
            },
            {
                "task": "Agree",
                "match": f"{issuer}/login/*",
                "optional": True,
                "commands": [["click", "id", "consent-allow", "optional"]],
            },
            _arrive(suite.callback),
        ],
    }


def _logout(suite: Suite, issuer: str) -> dict[str, object]:
    return {
        "match": f"{issuer}/logout*",
        "tasks": [
            {
                "task": "Sign out",
                "match": f"{issuer}/logout*",
                "optional": True,
                "commands": [["click", "id", "logout-yes", "optional"]],
            },
            {
                "task": "Signed out",
                "match": f"{issuer}/logout*",
                "optional": True,
                "commands": [
                    ["wait", "xpath", "//*", _WAIT_SECONDS, "You are signed out"],
                ],
            },
            _arrive(suite.logged_out),
        ],
    }


def _arrive(address: str) -> dict[str, object]:
    return {
        "task": "Arrive",
        "match": f"{address}*",
        "optional": True,
        "commands": [["wait", "id", "submission_complete", _WAIT_SECONDS, "optional"]],
    }

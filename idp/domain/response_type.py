"""What comes back from the authorization endpoint, by the words of ``response_type``.

The order of the words means nothing (RFC 6749 section 3.1.1): here they stand in the one of their
letters. ``token`` alone has no value: everything here is OpenID Connect, which knows no such type.
"""

from __future__ import annotations

from enum import StrEnum


class ResponseType(StrEnum):
    """OpenID Connect Core 3; OAuth 2.0 Multiple Response Type Encoding Practices 3 and 5."""

    CODE = "code"
    ID_TOKEN = "id_token"  # noqa: S105 - a word of the protocol
    ID_TOKEN_TOKEN = "id_token token"  # noqa: S105 - idem
    CODE_ID_TOKEN = "code id_token"  # noqa: S105 - idem
    CODE_TOKEN = "code token"  # noqa: S105 - idem
    CODE_ID_TOKEN_TOKEN = "code id_token token"  # noqa: S105 - idem

    @property
    def issues_code(self) -> bool:
        """Tell whether a code comes back."""
        return "code" in self.split()

    @property
    def issues_id_token(self) -> bool:
        """Tell whether an ID token comes back beside or instead of a code."""
        return "id_token" in self.split()

    @property
    def issues_token(self) -> bool:
        """Tell whether an access token comes back, through the browser."""
        return "token" in self.split()

    @property
    def in_front(self) -> bool:
        """Tell whether anything but a code comes back, so that the browser holds it."""
        return self is not ResponseType.CODE

    @property
    def reaches_userinfo(self) -> bool:
        """Tell whether an access token is had in the end, here or for the code."""
        return self is not ResponseType.ID_TOKEN

    @property
    def grant_types(self) -> tuple[str, ...]:
        """Give the grant types that must be registered with it (Dynamic Registration 2)."""
        code = ("authorization_code",) if self.issues_code else ()
        return (*code, "implicit") if self.in_front else code


def read_response_type(text: str) -> ResponseType | None:
    """Give the type of these words, in any order; ``None`` for what is none."""
    try:
        return ResponseType(" ".join(sorted(text.split(" "))))
    except ValueError:
        return None

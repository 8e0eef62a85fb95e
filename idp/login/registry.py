"""The means of login that a deployment enables, in the order to offer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardreader.token import signed_origin
from idp.login.card import CardMethod
from idp.login.seeded import SeededMethod

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cardreader.server import CardServer
    from idp.config import Settings
    from idp.login.methods import LoginMethod


class NoMeansOfLogin(Exception):
    """The settings enable no means: nobody could log in."""


def enabled_means(
    settings: Settings,
    *,
    card_server: CardServer | None,
    now: Callable[[], datetime],
    entropy: Callable[[int], bytes],
) -> tuple[LoginMethod, ...]:
    """Give what the settings enable; ``card_server`` where the card is.

    Raises:
        NoMeansOfLogin: nothing is enabled.
    """
    means: list[LoginMethod] = []
    if settings.card.enabled and card_server is not None:
        origin = signed_origin(
            settings.issuer, allow_http_localhost=settings.card.allow_http_localhost
        )
        means.append(CardMethod(card_server, origin=origin, entropy=entropy))
    if settings.login.seeded_sign_in:
        means.append(SeededMethod(now=now))
    if not means:
        raise NoMeansOfLogin("enable card.enabled, or login.seeded_sign_in in a test")
    return tuple(means)

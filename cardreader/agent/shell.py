"""What stands around every page: title, stylesheet, the four languages; and the plain notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cardreader.agent import language, web
from cardreader.agent.templates import NOTHING, Html, join, render

if TYPE_CHECKING:
    from cardreader.agent.language import Language
    from cardreader.agent.web import Response


def whole(words: Language, title_key: str, main: Html, *, state: str = "") -> Html:
    """A whole page; with ``state`` the script reloads it when a card comes or goes."""
    links = join(
        render(
            "language_link",
            code=code,
            name=name,
            current=render("current") if code == words.code else NOTHING,
        )
        for code, name in language.NAMES.items()
    )
    title = words.say(title_key)
    return render("layout", words, title=title, main=main, language_links=links, state=state)


def notice(
    words: Language,
    name: str,
    *,
    status: int = 200,
    advice: str | None = None,
    wallet: bool = False,
) -> Response:
    """A page that only says something: the texts ``<name>_title`` and ``<name>_text``."""
    more = []
    if advice is not None:
        more.append(render("paragraph", text=words.say(advice)))
    if wallet:
        more.append(render("wallet_link", words))
    title = f"{name}_title"
    text = words.say(f"{name}_text")
    main = render("notice", title=words.say(title), text=text, more=join(more))
    return web.page(whole(words, title, main), status=status)

"""The wallet: which readers and cards there are, and, for software cards, insert and remove."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from cardreader.agent import shell, web
from cardreader.agent.named import ReaderNotConnected
from cardreader.agent.templates import NOTHING, Html, join, render
from cardreader.agent.web import RequestRefused
from cardreader.errors import CardAbsent, CardError, CertificateAbsent, ReaderBusy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cardreader.agent.language import Language
    from cardreader.agent.slots import Rack, RackCard, Slots, SlotView
    from cardreader.agent.web import Request, Response
    from cardreader.client import CardSummary

_COOKIE: Final = "sesame_wallet"
_KEY_BYTES: Final = 32


class Wallet:
    """The page ``/`` and its two forms."""

    def __init__(
        self,
        slots: Slots,
        *,
        rack: Rack | None,
        now: Callable[[], dt.datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._slots = slots
        self.rack = rack
        self._now = now
        self._entropy = entropy
        self._key = entropy(_KEY_BYTES)

    def state(self) -> str:
        """A short text that changes when a reader or card comes or goes."""
        text = repr(self._slots.presence())
        if self.rack is not None:
            text += repr(self.rack.inserted())
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:16]

    def show(self, request: Request, words: Language) -> Response:
        """The wallet page."""
        browser = request.cookie(_COOKIE) or self._entropy(16).hex()
        ticket = self._ticket(browser)
        main = render(
            "wallet",
            words,
            alert=NOTHING,
            intro=_paragraph(words.say("wallet_intro")) if self.rack else NOTHING,
            readers=self._readers(words, ticket),
            rack=self.rack_html(words, action="/insert", ticket=ticket),
        )
        html = shell.whole(words, "wallet_title", main, state=self.state())
        return web.page(html, cookie=web.own_cookie(_COOKIE, browser, path="/"))

    def insert(self, request: Request, words: Language) -> Response:
        """Put a software card into the reader."""
        fields = request.form("ticket", "card")
        self._check(request, fields["ticket"])
        self.put_in(fields["card"])
        return web.see_other(f"/?lang={words.code}")

    def remove(self, request: Request, words: Language) -> Response:
        """Take the software card out."""
        fields = request.form("ticket")
        self._check(request, fields["ticket"])
        if self.rack is None:
            raise RequestRefused(404, "no rack")
        self.rack.remove()
        return web.see_other(f"/?lang={words.code}")

    def put_in(self, name: str) -> None:
        """Insert a card by its name.

        Raises:
            RequestRefused: there is no software reader, or no such card.
        """
        if self.rack is None:
            raise RequestRefused(404, "no rack")
        try:
            self.rack.insert(name)
        except CardAbsent as error:
            raise RequestRefused(404, "card") from error

    def rack_html(self, words: Language, *, action: str, ticket: str) -> Html:
        """The list of software cards, each with a button; nothing for a real reader."""
        if self.rack is None:
            return NOTHING
        cards = self.rack.cards()
        rows = join(self._row(words, card, action=action, ticket=ticket) for card in cards)
        if not cards:
            rows = _paragraph(words.say("cards_none"))
        return render("rack", words, cards=rows)

    def _row(self, words: Language, card: RackCard, *, action: str, ticket: str) -> Html:
        holder = card.name if card.card is None else card.card.holder
        if card.card is None and not isinstance(card.trouble, CertificateAbsent):
            return render("card", title=holder, details=_trouble(words, None), action=NOTHING)
        if card.inserted:
            button = _line("here", words.say("in_reader"))
        else:
            button = render(
                "insert",
                words,
                action=f"{action}?lang={words.code}",
                ticket=ticket,
                card=card.name,
                holder=holder,
            )
        if card.card is None:
            details = _trouble(words, card.trouble)
            return render("card", title=holder, details=details, action=button)
        # The file's name too: two cards may be of one holder.
        details = join((self._facts(words, card.card), _line("fact", card.name)))
        return render("card", title=card.card.holder, details=details, action=button)

    def _readers(self, words: Language, ticket: str) -> Html:
        views = self._slots.look()
        if not views:
            return _paragraph(no_reader(words, self._slots.why_none()))
        return join(self._slot(words, view, ticket) for view in views)

    def _slot(self, words: Language, view: SlotView, ticket: str) -> Html:
        action = NOTHING
        if view.card is not None:
            details = join(
                (render("name", text=view.card.holder), self._facts(words, view.card)),
            )
        elif view.trouble is not None:
            details = _trouble(words, view.trouble)
        else:
            details = _line("fact", words.say("reader_empty"))
        if self.rack is not None and (view.card is not None or view.trouble is not None):
            path = f"/remove?lang={words.code}"
            action = render("remove", words, action=path, ticket=ticket)
        return render("slot", reader=view.reader, details=details, action=action)

    def _facts(self, words: Language, card: CardSummary) -> Html:
        end = words.date(card.not_after)
        over = card.not_after < self._now()
        lines = [
            _line("bad", words.say("expired_on", date=end))
            if over
            else _line("fact", words.say("valid_until", date=end))
        ]
        if card.tries_left is not None:
            kind = "bad" if card.tries_left <= 1 else "fact"
            lines.append(_line(kind, words.wallet_tries(card.tries_left)))
        return join(lines)

    def _ticket(self, browser: str) -> str:
        return hmac.digest(self._key, browser.encode(), "sha256").hex()

    def _check(self, request: Request, ticket: str) -> None:
        browser = request.cookie(_COOKIE)
        if browser is None or not hmac.compare_digest(
            self._ticket(browser).encode(), ticket.encode()
        ):
            raise RequestRefused(403, "ticket")


def no_reader(words: Language, error: CardError) -> str:
    """What a page says where no reader can be used."""
    if isinstance(error, ReaderNotConnected):
        return words.say("reader_not_connected", name=error.name)
    return words.say("reader_busy" if isinstance(error, ReaderBusy) else "reader_none")


def _trouble(words: Language, error: CardError | None) -> Html:
    """What a card cannot do, or that another program has it."""
    if isinstance(error, CertificateAbsent):
        return _line("fact", words.say("card_without_certificates"))
    if isinstance(error, ReaderBusy):
        return _line("bad", words.say("reader_busy"))
    return _line("bad", words.say("card_unreadable"))


def _paragraph(text: str) -> Html:
    return render("paragraph", text=text)


def _line(kind: str, text: str) -> Html:
    return render("line", kind=kind, text=text)

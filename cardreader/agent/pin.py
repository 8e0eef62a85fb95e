"""The citizen's tab: who asks, which card, how many tries, and then the PIN.

The PIN lives in one local variable between the form and the card. It is in no address, no answer,
no log and no error.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from cardreader import client
from cardreader.agent import messages, shell, web
from cardreader.agent.desk import LinkUsed, Outcome, QuestionUnknown, TicketStale
from cardreader.agent.tasks import Login, Sign
from cardreader.agent.templates import NOTHING, join, render
from cardreader.agent.wallet import no_reader
from cardreader.errors import (
    CardAbsent,
    CardDataMalformed,
    CardError,
    CertificateAbsent,
    PinBlocked,
    PinMalformed,
    PinWrong,
    ReaderUnavailable,
    UnknownCard,
)
from cardreader.signing import HashUnsupported, OtherCard

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cardreader.agent.desk import Desk, Question
    from cardreader.agent.language import Language
    from cardreader.agent.slots import Slots
    from cardreader.agent.tasks import Task
    from cardreader.agent.templates import Html
    from cardreader.agent.wallet import Wallet
    from cardreader.agent.web import Request, Response
    from cardreader.client import CardSession, CardSummary

_COOKIE: Final = "sesame_pin"
_UNUSABLE: Final = (UnknownCard, CertificateAbsent, CardDataMalformed, OtherCard)
_LAST: Final = 1


class CardSwapped(CardError):
    """The card in the reader is not the one whose holder was shown: the PIN was not sent to it."""

    code: ClassVar[str] = "card_swapped"


class PinPages:
    """``/pin/<link>`` and its three forms."""

    def __init__(
        self, desk: Desk, slots: Slots, wallet: Wallet, *, now: Callable[[], dt.datetime]
    ) -> None:
        self._desk = desk
        self._slots = slots
        self._wallet = wallet
        self._now = now

    def show(self, request: Request, link: str, words: Language) -> Response:
        """Open the link, or come back to it: the PIN form, or what stands in its way."""
        web.require_top_level(request)
        try:
            question = self._desk.enter(link, browser=request.cookie(_COOKIE))
        except LinkUsed:
            return shell.notice(words, "used", status=410)
        except QuestionUnknown:
            return shell.notice(words, "gone", status=404)
        cookie = web.own_cookie(_COOKIE, question.browser or "", path=f"/pin/{link}")
        if question.outcome is not None:
            return self._end(words, question, question.outcome)
        return self._ask(words, question, cookie)

    def _ask(self, words: Language, question: Question, cookie: str) -> Response:
        try:
            with self._slots.card() as session:
                card = question.task.look(session)
                pad = _has_pad(session)
        except HashUnsupported as error:
            # No other card of the citizen's would help: the website asks for what none can do.
            outcome = Outcome(error=messages.describe(error, own_codes=True))
            self._desk.settle(question, outcome)
            return self._end(words, question, outcome)
        except CardError as error:
            return web.page(self._without_card(words, question, error), cookie=cookie)
        if card.tries_left == 0 and question.task.wants_pin:
            self._settle_blocked(question)
            return self._end(words, question, _BLOCKED)
        return web.page(self._form(words, question, card, pad=pad), cookie=cookie)

    def submit(self, request: Request, link: str, words: Language) -> Response:
        """Take the PIN to the card, once; then show how it went."""
        fields = request.form("ticket", "pin")
        question = self._desk.again(link, browser=request.cookie(_COOKIE))
        try:
            question = self._desk.spend_ticket(question, fields["ticket"])
            outcome = self._do(question, fields["pin"])
        except TicketStale:
            self._desk.note(question, {"code": TicketStale.code})
        except PinBlocked:
            self._settle_blocked(question)
        except CardError as error:
            described = messages.describe(error, own_codes=True)
            if isinstance(error, CardSwapped):
                described = {"code": CardSwapped.code}
            self._desk.note(question, described)
        else:
            self._desk.settle(question, outcome)
        return web.see_other(f"/pin/{link}?lang={words.code}")

    def cancel(self, request: Request, link: str, words: Language) -> Response:
        """Say no to the asking page."""
        request.form("ticket")
        question = self._desk.again(link, browser=request.cookie(_COOKIE))
        self._desk.cancel(question)
        return web.see_other(f"/pin/{link}?lang={words.code}")

    def insert(self, request: Request, link: str, words: Language) -> Response:
        """Put a software card in without leaving the tab."""
        fields = request.form("ticket", "card")
        question = self._desk.again(link, browser=request.cookie(_COOKIE))
        try:
            self._desk.spend_ticket(question, fields["ticket"])
            self._wallet.put_in(fields["card"])
        except TicketStale:
            self._desk.note(question, {"code": TicketStale.code})
        return web.see_other(f"/pin/{link}?lang={words.code}")

    def _do(self, question: Question, pin: str) -> Outcome:
        def shown_card_only(asked: client.PinQuestion) -> None:
            if asked.card.fingerprint != question.shown_card:
                raise CardSwapped

        def typed(asked: client.PinQuestion) -> str:
            shown_card_only(asked)
            return pin

        with self._slots.card() as session:
            done = question.task.do(
                session, origin=question.origin, ask_pin=typed, on_pad=shown_card_only
            )
        return Outcome(token=done.reply, files=done.files)

    def _end(self, words: Language, question: Question, outcome: Outcome) -> Response:
        seen = partial(self._desk.saw_the_end, question.link)
        return replace(_ended(words, outcome), after=seen)

    def _settle_blocked(self, question: Question) -> None:
        self._desk.settle(question, _BLOCKED)

    def _form(self, words: Language, question: Question, card: CardSummary, *, pad: bool) -> Html:
        ticket = self._desk.issue_ticket(question, shown_card=card.fingerprint)
        task = question.task
        last = card.tries_left == _LAST and task.wants_pin
        warnings = []
        if card.not_after < self._now():
            text = words.say("pin_expired_card", date=words.date(card.not_after))
            warnings.append(render("line", kind="warning", text=text))
        if last:
            warnings.append(render("last", text=words.say("pin_last")))
        tries = NOTHING
        if card.tries_left is not None and task.wants_pin:
            tries = render("tries", words, tries=words.tries(card.tries_left))
        main = render(
            "pin",
            words,
            **_spoken(words, task),
            alert=_alert(words, question),
            origin=question.origin,
            holder=card.holder,
            tries=tries,
            further=_further(words, task),
            warnings=join(warnings),
            action=f"/pin/{question.link}?lang={words.code}",
            ticket=ticket,
            entry=_entry(words, task, pad=pad, last=last),
            cancel_form=_cancel_form(words, question, ticket),
        )
        return shell.whole(words, task.words.title, main, state=self._wallet.state())

    def _without_card(self, words: Language, question: Question, error: CardError) -> Html:
        ticket = self._desk.issue_ticket(question, shown_card=None)
        name = "unknown" if isinstance(error, _UNUSABLE) else "absent"
        text = words.say(f"{name}_text")
        if isinstance(error, ReaderUnavailable):
            text = no_reader(words, error)
        elif isinstance(error, CertificateAbsent):
            signs = not isinstance(question.task, Login)
            text = words.say("sign_no_certificate" if signs else "no_certificate_text")
        elif isinstance(error, OtherCard):
            text = words.say("sign_other_card")
        elif not isinstance(error, (*_UNUSABLE, CardAbsent)):
            text = words.say("card_trouble")
        action = f"/pin/{question.link}/insert"
        main = render(
            "insert_card",
            words,
            title=words.say(f"{name}_title"),
            asks=words.say(question.task.words.asks),
            alert=NOTHING,
            text=text,
            origin=question.origin,
            again_href=f"/pin/{question.link}?lang={words.code}",
            rack=self._wallet.rack_html(words, action=action, ticket=ticket),
            cancel_form=_cancel_form(words, question, ticket),
        )
        return shell.whole(words, f"{name}_title", main, state=self._wallet.state())


_BLOCKED: Final = Outcome(error=messages.describe(PinBlocked(), own_codes=True))
_ALERTS: Final = {
    messages.USER_CANCELLED: "pin_pad_ended",
    TicketStale.code: "pin_stale",
    CardSwapped.code: "card_swapped",
    messages.describe(PinMalformed(), own_codes=True)["code"]: "pin_malformed",
}
_WRONG: Final = messages.describe(PinWrong(_LAST), own_codes=True)["code"]
_ABSENT: Final = messages.describe(CardAbsent(), own_codes=True)["code"]


def _has_pad(session: CardSession) -> bool:
    return isinstance(session, client.PadSession) and session.has_pad


def _alert(words: Language, question: Question) -> Html:
    trouble = question.trouble
    if trouble is None or trouble["code"] == _ABSENT:
        return NOTHING
    if trouble["code"] == _WRONG:
        text = words.say("pin_wrong", tries=words.tries(trouble["triesLeft"]))
    else:
        text = words.say(_ALERTS.get(trouble["code"], "card_trouble"))
    return render("alert", text=text)


def _spoken(words: Language, task: Task) -> dict[str, str]:
    """The four texts in which the tasks differ, by their places in the page."""
    keys = task.words
    return {
        "title": words.say(keys.title),
        "asks": words.say(keys.asks),
        "check": words.say(keys.check),
        "submit": words.say(keys.submit),
    }


def _entry(words: Language, task: Task, *, pad: bool, last: bool) -> Html:
    # A reader with keys asks for the PIN itself: this page must not.
    if not task.wants_pin:
        return render("share", words)
    if pad:
        return render("pin_pad", words)
    described = "pin-hint last-try" if last else "pin-hint"
    return render("pin_entry", words, described=described)


def _further(words: Language, task: Task) -> Html:
    """What the citizen must know of the task before agreeing."""
    if isinstance(task, Sign):
        function = words.say("sign_hash", function=task.document.function)
        return render("sign", words, function=function, fingerprint=task.fingerprint())
    if not isinstance(task, Login) or not task.wish.files:
        return NOTHING
    wish = task.wish
    reasons = [render("reason", words, reason=reason) for reason in wish.reasons]
    items = [render("item", text=text) for text in wish.lines(words)]
    return render("reads", words, items=join(items), reasons=join(reasons))


def _cancel_form(words: Language, question: Question, ticket: str) -> Html:
    action = f"/pin/{question.link}/cancel?lang={words.code}"
    return render("cancel", words, action=action, ticket=ticket)


def _ended(words: Language, outcome: Outcome) -> Response:
    if outcome.error is None:
        return shell.notice(words, "done")
    code = outcome.error["code"]
    if code == messages.USER_CANCELLED:
        return shell.notice(words, "cancelled")
    if code == messages.USER_TIMEOUT:
        return shell.notice(words, "late", status=410)
    if _BLOCKED.error is not None and code == _BLOCKED.error["code"]:
        return shell.notice(words, "blocked", advice="blocked_advice")
    return shell.notice(words, "failed")

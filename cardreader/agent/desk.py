"""Questions that wait for a PIN: opened by a web page, answered by the citizen in a tab apart.

A question has two names, both drawn at random and both in addresses: its id, with which the page
that asked fetches the answer, and its link, which one browser opens once. Neither is enough alone:
the one goes with the browser's ``Origin``, the other, once opened, with a cookie. It ends in a
token or an error, or by the clock.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, NewType

from cardreader.agent.messages import USER_CANCELLED, USER_TIMEOUT
from cardreader.agent.tasks import Task
from cardreader.errors import CardError

if TYPE_CHECKING:
    from collections.abc import Callable

QuestionId = NewType("QuestionId", str)
Link = NewType("Link", str)

LIFE: Final = dt.timedelta(minutes=5)
_KEPT_AFTER: Final = dt.timedelta(minutes=1)
_MOST: Final = 16
_SECRET_BYTES: Final = 24
_TO_BE_SEEN: Final = 3.0


class QuestionUnknown(CardError):
    """No such question for this asker: it never was, is long over, or belongs to another."""

    code: ClassVar[str] = "question_unknown"


class LinkUsed(CardError):
    """The one-time link was opened before, by another browser."""

    code: ClassVar[str] = "link_used"


class TicketStale(CardError):
    """The form was sent twice, or from an older copy of the page: the card was not asked."""

    code: ClassVar[str] = "ticket_stale"


class TooManyQuestions(CardError):
    """As many questions wait as the agent keeps."""

    code: ClassVar[str] = "too_many_questions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a question ended: a token, with the files where some were asked for, or an error.

    Attributes:
        token: what the card gave; for a signature, the reply to that.
    """

    token: Mapping[str, Any] | None = field(default=None, repr=False)
    files: Mapping[str, str] | None = field(default=None, repr=False)
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One request for a signature, from its opening to its end.

    Attributes:
        page_origin: the browser's ``Origin`` header; only that origin fetches the answer.
        origin: the same in its signed form, as the citizen sees it.
        task: what is wanted of the card.
        trouble: the code of what last went wrong, shown on the page; the question goes on.
        seen: the citizen was shown how it ended.
    """

    id: QuestionId = field(repr=False)
    link: Link = field(repr=False)
    page_origin: str
    origin: str
    task: Task = field(repr=False)
    language: str | None
    expires_at: dt.datetime
    browser: str | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)
    shown_card: str | None = field(default=None, repr=False)
    trouble: Mapping[str, Any] | None = None
    outcome: Outcome | None = None
    seen: bool = False


class Desk:
    """All the questions of one agent; safe in threads. Nothing is kept on disk."""

    def __init__(
        self,
        *,
        now: Callable[[], dt.datetime],
        entropy: Callable[[int], bytes],
        life: dt.timedelta = LIFE,
    ) -> None:
        self._now = now
        self._entropy = entropy
        self._life = life
        self._questions: dict[Link, Question] = {}
        self._changed = threading.Condition(threading.RLock())

    # --- the asking page ------------------------------------------------------------------------

    def open(self, *, page_origin: str, origin: str, task: Task, language: str | None) -> Question:
        """Begin a question of ``life``.

        Raises:
            TooManyQuestions: sixteen wait already.
        """
        with self._changed:
            self._tidy()
            if sum(question.outcome is None for question in self._questions.values()) >= _MOST:
                raise TooManyQuestions
            question = Question(
                id=QuestionId(self._secret()),
                link=Link(self._secret()),
                page_origin=page_origin,
                origin=origin,
                task=task,
                language=language,
                expires_at=self._now() + self._life,
            )
            self._questions[question.link] = question
            return question

    def asked(self, question_id: str, *, page_origin: str) -> Question:
        """Give the question to the page that asked it.

        Raises:
            QuestionUnknown: another origin's, or none at all: both look alike.
        """
        with self._changed:
            self._tidy()
            for question in self._questions.values():
                if _same(question.id, question_id) and question.page_origin == page_origin:
                    return question
        raise QuestionUnknown

    def wait(self, link: Link) -> Outcome:
        """Block until the question has ended; for the native host, which has nothing else to do.

        Waits a little longer for the citizen's tab to show the end, since the host's own server
        goes away with it.
        """
        with self._changed:
            while True:
                self._tidy()
                question = self._questions.get(link)
                if question is None:
                    return _TIMED_OUT
                if question.outcome is not None:
                    self._changed.wait_for(lambda: self._seen(link), timeout=_TO_BE_SEEN)
                    return question.outcome
                # Woken by `settle`; the timeout only lets the clock be read again.
                self._changed.wait(timeout=1.0)

    def saw_the_end(self, link: Link) -> None:
        """Keep that the page with the end went out."""
        with self._changed:
            question = self._questions.get(link)
            if question is not None:
                self._keep(replace(question, seen=True))

    # --- the citizen's tab ----------------------------------------------------------------------

    def language_of(self, link: str) -> str | None:
        """The language that the asking page named, for a link that is known."""
        with self._changed:
            question = self._questions.get(Link(link))
            return None if question is None else question.language

    def enter(self, link: str, *, browser: str | None) -> Question:
        """Open the link: the first browser is given a secret, and only that browser comes back.

        Args:
            link: from the address.
            browser: the secret in this browser's cookie, if it has one.

        Raises:
            QuestionUnknown: no such link.
            LinkUsed: another browser opened it.
        """
        with self._changed:
            question = self._at(link)
            if question.browser is None:
                return self._keep(replace(question, browser=self._secret()))
            if browser is None or not _same(question.browser, browser):
                raise LinkUsed
            return question

    def again(self, link: str, *, browser: str | None) -> Question:
        """Come back to an opened link, with the secret; raises as `enter` does."""
        with self._changed:
            question = self._at(link)
            if question.browser is None or browser is None or not _same(question.browser, browser):
                raise LinkUsed
            return question

    def issue_ticket(self, question: Question, *, shown_card: str | None) -> str:
        """Make the ticket of the form about to be shown; older forms become stale."""
        with self._changed:
            ticket = self._secret()
            current = self._at(question.link)
            self._keep(replace(current, ticket=ticket, shown_card=shown_card))
            return ticket

    def spend_ticket(self, question: Question, ticket: str) -> Question:
        """Take the form's ticket away, so that no form is answered twice.

        Raises:
            TicketStale: it is not the last one issued, or the question has ended.
        """
        with self._changed:
            current = self._at(question.link)
            if (
                current.outcome is not None
                or current.ticket is None
                or not _same(current.ticket, ticket)
            ):
                raise TicketStale
            return self._keep(replace(current, ticket=None, trouble=None))

    def note(self, question: Question, trouble: Mapping[str, Any]) -> None:
        """Keep what went wrong for the next page."""
        with self._changed:
            self._keep(replace(self._at(question.link), trouble=trouble))

    def settle(self, question: Question, outcome: Outcome) -> Question:
        """End the question; the first end stands."""
        with self._changed:
            current = self._at(question.link)
            if current.outcome is not None:
                return current
            return self._keep(replace(current, outcome=outcome, ticket=None))

    def cancel(self, question: Question) -> Question:
        """End the question with the protocol's word for a citizen's no."""
        return self.settle(question, CANCELLED)

    # --- inside ---------------------------------------------------------------------------------

    def _seen(self, link: Link) -> bool:
        question = self._questions.get(link)
        return question is None or question.seen

    def _at(self, link: str) -> Question:
        self._tidy()
        for known, question in self._questions.items():
            if _same(known, link):
                return question
        raise QuestionUnknown

    def _keep(self, question: Question) -> Question:
        self._questions[question.link] = question
        self._changed.notify_all()
        return question

    def _tidy(self) -> None:
        now = self._now()
        for link, question in list(self._questions.items()):
            if now >= question.expires_at + _KEPT_AFTER:
                del self._questions[link]
            elif now >= question.expires_at and question.outcome is None:
                self._keep(replace(question, outcome=_TIMED_OUT, ticket=None))

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self._entropy(_SECRET_BYTES)).decode("ascii")


CANCELLED: Final = Outcome(error={"code": USER_CANCELLED, "message": "the citizen cancelled"})
_TIMED_OUT: Final = Outcome(error={"code": USER_TIMEOUT, "message": "the citizen did not answer"})


def _same(kept: str, given: str) -> bool:
    return hmac.compare_digest(kept.encode(), given.encode("utf-8", "surrogateescape"))

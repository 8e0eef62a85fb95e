"""The native host as a process: its streams, and the citizen asked by a page or on the terminal.

The page is the agent's own, on a free loopback port that lives as long as the question; the
citizen's browser is sent there by the one-time link. Without a browser the terminal is asked.
"""

from __future__ import annotations

import getpass
import os
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

from cardreader.agent import language
from cardreader.agent.api import Origins
from cardreader.agent.desk import Desk
from cardreader.agent.httpd import AgentServer
from cardreader.agent.loopback import Agent
from cardreader.agent.native import converse
from cardreader.agent.terminal import ask_on_terminal
from cardreader.errors import CardError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cardreader.agent.assembly import Assembled
    from cardreader.agent.desk import Outcome
    from cardreader.agent.tasks import Task

_TERMINAL = "/dev/tty"


class NoPrompt(CardError):
    """There is neither a browser nor a terminal to ask the citizen with."""

    code = "no_prompt"


class Host:
    """One native host; `run` holds its conversation."""

    def __init__(
        self,
        assembled: Assembled,
        *,
        now: Callable[[], dt.datetime],
        entropy: Callable[[int], bytes],
        prompt: str,
    ) -> None:
        self._assembled = assembled
        self._now = now
        self._entropy = entropy
        self._prompt = prompt

    def run(self) -> None:
        """Hold the conversation on standard input and output, then return."""
        protocol = os.dup(sys.stdout.fileno())
        # Whatever a browser that we start may print must not end up between two frames.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        with os.fdopen(protocol, "wb") as outgoing:
            converse(sys.stdin.buffer, outgoing, ask=self._ask)

    def _ask(self, origin: str, lang: str | None, task: Task) -> Outcome:
        if self._prompt == "browser":
            outcome = self._by_page(origin, lang, task)
            if outcome is not None:
                return outcome
        return self._by_terminal(origin, lang, task)

    def _by_page(self, origin: str, lang: str | None, task: Task) -> Outcome | None:
        desk = Desk(now=self._now, entropy=self._entropy)
        with AgentServer(0) as server:
            agent = Agent(
                desk,
                self._assembled.slots,
                rack=self._assembled.rack,
                origins=Origins(allowed=frozenset(), allow_http_localhost=False),
                port=server.port,
                now=self._now,
                entropy=self._entropy,
            )
            server.answer = agent.answer
            question = desk.open(page_origin=origin, origin=origin, task=task, language=lang)
            thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            )
            thread.start()
            try:
                if not webbrowser.open(f"{agent.base}/pin/{question.link}"):
                    return None
                return desk.wait(question.link)
            finally:
                server.shutdown()
                thread.join()

    def _by_terminal(self, origin: str, lang: str | None, task: Task) -> Outcome:
        try:
            terminal = open(_TERMINAL, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - a device, closed below
        except OSError as error:
            raise NoPrompt from error
        with terminal:

            def say(line: str) -> None:
                terminal.write(f"{line}\n")
                terminal.flush()

            return ask_on_terminal(
                self._assembled.slots,
                origin=origin,
                task=task,
                words=language.choose(wanted=lang, asked=None, accept=os.environ.get("LANG", "")),
                say=say,
                read_secret=lambda prompt: getpass.getpass(prompt, stream=terminal),
            )

"""The agent behind its loopback address: who may speak to it, and which page answers what.

Free of sockets: a request value in, a response value out. ``httpd`` carries them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cardreader.agent import language, shell, web
from cardreader.agent.api import Api
from cardreader.agent.desk import LinkUsed, QuestionUnknown
from cardreader.agent.pin import PinPages
from cardreader.agent.wallet import Wallet
from cardreader.agent.web import RequestRefused
from cardreader.errors import CardError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cardreader.agent.api import Origins
    from cardreader.agent.desk import Desk
    from cardreader.agent.language import Language
    from cardreader.agent.slots import Rack, Slots
    from cardreader.agent.web import Request, Response

_API: Final = frozenset({"status", "authenticate"})


class Agent:
    """Every page and command of one agent; threads may share it."""

    def __init__(  # noqa: PLR0913 - an assembly: each argument is one part of it
        self,
        desk: Desk,
        slots: Slots,
        *,
        rack: Rack | None,
        origins: Origins,
        port: int,
        now: Callable[[], dt.datetime],
        entropy: Callable[[int], bytes],
    ) -> None:
        self.base = f"http://127.0.0.1:{port}"
        # Any other name in Host is a foreign site that made its own name point here.
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._desk = desk
        self._wallet = Wallet(slots, rack=rack, now=now, entropy=entropy)
        self._pin = PinPages(desk, slots, self._wallet, now=now)
        self._api = Api(desk, origins=origins, base=self.base)

    def answer(self, request: Request) -> Response:
        """Answer one request; every refusal becomes a response, none an exception."""
        if request.header("host") not in self._hosts:
            return web.plain(421, "This address is not served here.\n")
        parts = request.path.strip("/").split("/")
        if parts[0] in _API:
            return self._api.answer(request, parts)
        words = self._language(request, parts)
        try:
            return self._page(request, parts, words)
        except CardError as error:
            return _refusal(error, words)

    def _page(self, request: Request, parts: list[str], words: Language) -> Response:
        if request.method == "POST":
            web.require_own_origin(request)
            return self._post(request, parts, words)
        if request.method != "GET":
            raise RequestRefused(405, "method")
        match parts:
            case [""]:
                web.require_top_level(request)
                return self._wallet.show(request, words)
            case ["state"]:
                body = f'{{"state": "{self._wallet.state()}"}}'.encode()
                return web.json_text(200, body, ("Cross-Origin-Resource-Policy", "same-origin"))
            case ["static", name]:
                return web.static_file(name)
            case ["pin", link]:
                return self._pin.show(request, link, words)
        raise RequestRefused(404, "path")

    def _post(self, request: Request, parts: list[str], words: Language) -> Response:
        match parts:
            case ["insert"]:
                return self._wallet.insert(request, words)
            case ["remove"]:
                return self._wallet.remove(request, words)
            case ["pin", link]:
                return self._pin.submit(request, link, words)
            case ["pin", link, "cancel"]:
                return self._pin.cancel(request, link, words)
            case ["pin", link, "insert"]:
                return self._pin.insert(request, link, words)
        raise RequestRefused(404, "path")

    def _language(self, request: Request, parts: list[str]) -> Language:
        asked = None
        if parts[0] == "pin" and len(parts) > 1:
            asked = self._desk.language_of(parts[1])
        return language.choose(
            wanted=request.parameter("lang"),
            asked=asked,
            accept=request.header("accept-language") or "",
        )


def _refusal(error: CardError, words: Language) -> Response:
    if isinstance(error, LinkUsed):
        return shell.notice(words, "used", status=410)
    if isinstance(error, QuestionUnknown):
        return shell.notice(words, "gone", status=404)
    if isinstance(error, RequestRefused):
        name = "gone" if error.status == 404 else "refused"  # noqa: PLR2004 - HTTP's own number
        return shell.notice(words, name, status=error.status, wallet=True)
    return shell.notice(words, "failed", status=503, wallet=True)

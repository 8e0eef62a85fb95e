"""The Web eID native host: hello, one command, one reply, the end; PIN by a page or a terminal.

Standard output carries the protocol and nothing else. How the citizen is asked is injected: the
host neither opens a browser nor a terminal itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from cardreader import client
from cardreader.agent import messages
from cardreader.agent.messages import Command, MessageRefused
from cardreader.agent.wishes import Wish, read_wish
from cardreader.errors import CardError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cardreader.agent.desk import Outcome

    Ask = Callable[[str, str, str | None, Wish], Outcome]


def converse(incoming: BinaryIO, outgoing: BinaryIO, *, ask: Ask) -> None:
    """Hold the one conversation of a native host (Web eID, section 1.3 of its facts).

    A message that cannot be read is answered with the protocol's fatal error. The signing commands
    are recognised and refused with it: this agent logs in and signs nothing else.

    Args:
        incoming: the browser's frames, unbuffered or buffered.
        outgoing: where our frames go; flushed after each.
        ask: given origin, challenge, language and what else is asked of the card, gets a token
            (with the files, if any were asked for) or an error from the citizen.
    """
    _write(outgoing, messages.hello())
    try:
        body = messages.read_frame(incoming)
        if body is None:
            return
        command = messages.parse_command(body)
    except MessageRefused:
        _write(outgoing, messages.error_reply(messages.FATAL, "the message is not understood"))
        return
    _write(outgoing, _reply(command, ask))


def _reply(command: Command, ask: Ask) -> Mapping[str, Any]:
    if command.name == "quit":
        return {}
    if command.name != "authenticate":
        return messages.error_reply(messages.FATAL, "this agent does not sign documents")
    try:
        nonce = client.check_challenge(command.arguments["challengeNonce"])
        origin = client.check_origin(command.arguments["origin"])
        wish = read_wish(command.arguments.get("files"), command.arguments.get("reasons"))
        outcome = ask(origin, nonce, command.arguments.get("lang"), wish)
    except CardError as error:
        return {"error": messages.describe(error, own_codes=False)}
    if outcome.token is not None:
        return outcome.token if outcome.files is None else {**outcome.token, "files": outcome.files}
    return {"error": _protocol_only(outcome.error or {})}


def _protocol_only(error: Mapping[str, Any]) -> dict[str, Any]:
    code = str(error.get("code", messages.FATAL))
    if not code.startswith("ERR_WEBEID_"):
        code = messages.FATAL
    if code == messages.USER_TIMEOUT:
        # The extension's own word for its own clock; from a host it is a citizen who is not there.
        code = messages.USER_CANCELLED
    return {"code": code, "message": str(error.get("message", "the card operation failed"))}


def _write(outgoing: BinaryIO, message: Mapping[str, Any]) -> None:
    longest = messages.LONGEST_REPLY if "files" in message else messages.LONGEST
    outgoing.write(messages.frame(message, longest=longest))
    outgoing.flush()

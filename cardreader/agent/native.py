"""The Web eID native host: hello, one command, one reply, the end; PIN by a page or a terminal.

Standard output carries the protocol and nothing else. How the citizen is asked is injected: the
host neither opens a browser nor a terminal itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from cardreader import client
from cardreader.agent import messages
from cardreader.agent.messages import Command, MessageRefused
from cardreader.agent.tasks import Login, ShareCertificate, Sign
from cardreader.agent.wishes import read_wish
from cardreader.errors import CardError
from cardreader.signing import check_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cardreader.agent.desk import Outcome
    from cardreader.agent.tasks import Task

    Ask = Callable[[str, str | None, Task], Outcome]


def converse(incoming: BinaryIO, outgoing: BinaryIO, *, ask: Ask) -> None:
    """Hold the one conversation of a native host (Web eID, section 1.3 of its facts).

    A message that cannot be read is answered with the protocol's fatal error. There is no command
    for the status: the hello is that, and ``quit`` ends it.

    Args:
        incoming: the browser's frames, unbuffered or buffered.
        outgoing: where our frames go; flushed after each.
        ask: given origin, language and what is wanted of the card, gets what the card said (with
            the files, if any were asked for) or an error from the citizen.
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
    try:
        origin = client.check_origin(command.arguments["origin"])
        outcome = ask(origin, command.arguments.get("lang"), _task(command))
    except CardError as error:
        return {"error": messages.describe(error, own_codes=False)}
    if outcome.token is not None:
        return outcome.token if outcome.files is None else {**outcome.token, "files": outcome.files}
    return {"error": _protocol_only(outcome.error or {})}


def _task(command: Command) -> Task:
    said = command.arguments
    if command.name == "get-signing-certificate":
        return ShareCertificate()
    if command.name == "sign":
        return Sign(
            document=check_document(
                hash_=said["hash"],
                function=said["hashFunction"],
                certificate=said["certificate"],
            )
        )
    return Login(
        nonce=client.check_challenge(said["challengeNonce"]),
        wish=read_wish(said.get("files"), said.get("reasons")),
    )


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

"""The small program that a manifest names: it starts our native host with its options.

A manifest holds a path and no arguments, so the arguments stand in this file.
"""

from __future__ import annotations

import os
import shlex
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cardreader.agent import messages
from cardreader.agent.messages import MessageRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD: Final = (
    "#!/bin/sh\n# Written by 'sesame agent install'; 'sesame agent uninstall' takes it away.\nexec "
)
_TAIL: Final = ' "$@"\n'
_SECONDS: Final = 20.0


def script(interpreter: Path, options: Sequence[str]) -> str:
    """The text of the program.

    Args:
        interpreter: the Python that this package is installed for, by its absolute path.
        options: of ``sesame agent native``.
    """
    # -P: a browser starts us in a folder of its own choosing, from which nothing is imported.
    words = (str(interpreter), "-P", "-m", "idp", "agent", "native", *options)
    return f"{_HEAD}{shlex.join(words)}{_TAIL}"


def interpreter_of(text: str) -> Path | None:
    """The Python that such a program names; None where the text is not ours."""
    if not (text.startswith(_HEAD) and text.endswith(_TAIL)):
        return None
    try:
        words = shlex.split(text.removeprefix(_HEAD).removesuffix(_TAIL))
    except ValueError:
        return None
    return Path(words[0]) if words else None


def hello_of(program: Path, *, seconds: float = _SECONDS) -> str | None:
    """Start a native host as a browser does, say ``quit`` to it, and give its version.

    None where it does not start, answers something else, or takes longer than this.
    """
    asked = messages.frame({"command": "quit", "arguments": {}})
    try:
        done = subprocess.run(  # noqa: S603 - the program of a manifest that we wrote
            [program],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            cwd=os.sep,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    try:
        (length,) = struct.unpack("=I", done.stdout[:4])
        version = messages.read_object(done.stdout[4 : 4 + length]).get("version")
    except (struct.error, MessageRefused):
        return None
    return version if isinstance(version, str) else None

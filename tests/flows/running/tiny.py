"""A WSGI application that answers who it is, at once or when a file appears."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
    from wsgiref.types import StartResponse, WSGIApplication


def application() -> WSGIApplication:
    folder = Path(os.environ["TINY_FOLDER"])

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/wait":
            (folder / "begun").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
        body = f"{os.getpid()} {environ.get('HTTP_PROXY', '')}".encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return answer

"""Stands for the citizen's browser: opens the one-time link, types the PIN, looks at the end.

Instead of a PIN it may be given ``cancel``, or ``@FILE`` with what to type in that file.
"""

from __future__ import annotations

import http.client
import re
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit


def main(url: str, pin: str) -> None:
    target = urlsplit(url)
    print("noise on standard output, as browsers make it")
    assert target.hostname is not None
    cookie, body = visit(target.hostname, target.port or 80, "GET", target.path)
    ticket = re.search(r'name="ticket" value="([^"]+)"', body)
    assert ticket is not None
    if pin.startswith("@"):
        pin = Path(pin[1:]).read_text(encoding="utf-8").strip()
    fields, path = {"ticket": ticket[1], "pin": pin}, target.path
    if pin == "cancel":
        fields, path = {"ticket": ticket[1]}, f"{target.path}/cancel"
    form = urlencode(fields)
    visit(target.hostname, target.port or 80, "POST", path, form=form, cookie=cookie)
    visit(target.hostname, target.port or 80, "GET", target.path, cookie=cookie)


def visit(
    host: str, port: int, method: str, path: str, *, form: str | None = None, cookie: str = ""
) -> tuple[str, str]:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    headers = {
        "Cookie": cookie,
        "Origin": f"http://{host}:{port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request(method, path, body=form, headers=headers)
    answer = connection.getresponse()
    given = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    body = answer.read().decode()
    connection.close()
    return given, body


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[1])

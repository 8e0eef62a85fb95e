"""Which browser on which system asks, in two words: as it calls itself, for a person to recognise.

Anybody can call themselves anything; nothing is allowed or refused by it. Names of products are the
same in every language.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_LONGEST: Final = 500
_REMEMBERED: Final = 1024
_BROWSERS: Final = (
    (re.compile(r"\bEdg(?:e|A|iOS)?/"), "Edge"),
    (re.compile(r"\bOPR/|\bOpera\b"), "Opera"),
    (re.compile(r"\bSamsungBrowser/"), "Samsung Internet"),
    (re.compile(r"\bFirefox/|\bFxiOS/"), "Firefox"),
    (re.compile(r"\b(?:Headless)?Chrom(?:e|ium)/|\bCriOS/"), "Chrome"),
    (re.compile(r"\bVersion/[0-9.]+ (?:Mobile/\w+ )?Safari/"), "Safari"),
)
_SYSTEMS: Final = (
    (re.compile(r"\bAndroid\b"), "Android"),
    (re.compile(r"\biPhone\b"), "iPhone"),
    (re.compile(r"\biPad\b"), "iPad"),
    (re.compile(r"\bWindows\b"), "Windows"),
    (re.compile(r"\bMac OS X\b|\bMacintosh\b"), "macOS"),
    (re.compile(r"\bCrOS\b"), "ChromeOS"),
    (re.compile(r"\bLinux\b"), "Linux"),
)


def told(user_agent: str | None) -> str:
    """Give for instance ``Firefox, Windows``; what is not known is left out."""
    return _told((user_agent or "")[:_LONGEST])


@lru_cache(_REMEMBERED)
def _told(text: str) -> str:
    named = (
        next((name for pattern, name in table if pattern.search(text)), "")
        for table in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(name for name in named if name)

"""A registration as TOML that reads back as the same, so that ``show`` can be edited and given."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_WIDTH: Final = 80


def toml_text(members: Mapping[str, object]) -> str:
    """Give the members as TOML 1.0; tables inside lists become ``[[name]]`` at the end."""
    plain = [
        f"{_key(name)} = {_value(value)}"
        for name, value in members.items()
        if not _is_tables(value)
    ]
    tables = [
        f"\n[[{_key(name)}]]\n" + "\n".join(f"{_key(key)} = {_value(inner)}" for key, inner in one)
        for name, value in members.items()
        if isinstance(value, list) and _is_tables(value)
        for one in (table.items() for table in value)
    ]
    return "\n".join((*plain, *tables)) + "\n"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _plain(name)


def _value(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list):
        items = [_value(one) for one in value]
        line = f"[{', '.join(items)}]"
        return line if len(line) <= _WIDTH else "[\n  " + ",\n  ".join(items) + ",\n]"
    return _plain(value)


def _plain(value: object) -> str:
    # JSON's texts, numbers and truths are TOML's too; the delete character alone must be escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

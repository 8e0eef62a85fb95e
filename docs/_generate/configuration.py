"""The page of settings, from the fields of ``idp.config``."""

from __future__ import annotations

import json
import types
import typing
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from docs._generate.markdown import code, document, fenced, table
from idp.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

INTRODUCTION = """
One TOML file, named by `--config` or the variable `SESAME_CONFIG`; every setting can also be given
by a variable of the environment, which wins over the file. Secrets are never settings, only paths
to files. An unknown key is refused with the nearest right name, and the environment `production`,
which is the default, refuses every setting called unsafe below.

Durations are texts in ISO 8601 (`"PT30M"` is half an hour, `"P90D"` ninety days) or numbers of
seconds. Lists are given to a variable as JSON: `SESAME_LANGUAGES='["fr", "nl"]'`.
"""


def page() -> str:
    """Give the page."""
    sections = [
        f"## {name or 'At the top'}\n\n{_doc(model) if name else ''}\n\n"
        + table(("Setting", "Value", "Default", "Variable", "Meaning"), _rows(model, name))
        for name, model in _sections()
    ]
    return document(
        "Configuration",
        INTRODUCTION,
        "The smallest useful file:",
        fenced('issuer = "https://login.example"', "toml"),
        *(section.replace("\n\n\n\n", "\n\n") for section in sections),
    )


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    yield "", Settings
    for name, field in Settings.model_fields.items():
        model = _model(field)
        if model is not None:
            yield name, model


def _rows(model: type[BaseModel], section: str) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if _model(field) is None:
            key = f"{section}.{name}" if section else name
            variable = f"SESAME_{key.replace('.', '__').upper()}"
            yield (
                code(key),
                _kind(field),
                "required" if field.is_required() else code(_written(field.default)),
                code(variable),
                field.description or "",
            )


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _doc(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").splitlines()[0].replace("``", "`")


def _kind(field: FieldInfo) -> str:
    bounds = {type(one).__name__.lower(): one for one in field.metadata}
    said = _word(field.annotation)
    if "ge" in bounds and "le" in bounds:
        said += f", {bounds['ge'].ge} to {bounds['le'].le}"
    return said


def _word(kind: Any) -> str:  # noqa: ANN401 - an annotation of any form
    plain: dict[Any, str] = {
        str: "text",
        bool: "true or false",
        int: "whole number",
        Path: "path",
        timedelta: "duration",
    }
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(code(one.value) for one in kind)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return " or ".join(code(one) for one in inner)
    if origin is tuple:
        return f"list of {_word(inner[0])}"
    if origin in {types.UnionType, typing.Union}:
        return " or ".join("absent" if one is type(None) else _word(one) for one in inner)
    raise TypeError(kind)


def _written(value: object) -> str:
    """Give a default as it would stand in the file; nothing for what is absent."""
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, timedelta):
        return json.dumps(_iso(value))
    if isinstance(value, Enum):
        return json.dumps(value.value)
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, Path):
        return json.dumps(str(value))
    return json.dumps(value)


def _iso(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("D", 86_400), ("H", 3600), ("M", 60)):
        if seconds and seconds % size == 0:
            return f"P{seconds // size}D" if unit == "D" else f"PT{seconds // size}{unit}"
    return f"PT{seconds}S"

"""From a file and the environment to settings, or to a sentence that says what to write instead.

Order of strength: environment (``SESAME_LOGIN__SEEDED_SIGN_IN=true``), then the TOML file. An
unknown key is refused with the nearest right name.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from typing import TYPE_CHECKING, Any, Final, get_origin

from pydantic import BaseModel, ValidationError

from idp.config.safety import ConfigRefused, refuse_unsafe
from idp.config.sections import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic.fields import FieldInfo

_PREFIX: Final = "SESAME_"


def load(path: Path | None) -> Settings:
    """Read ``path`` (TOML) under the environment and check that the whole is safe.

    Raises:
        ConfigRefused: unreadable, unknown keys, wrong values, or unsafe for the environment.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigRefused(f"{path.name}: {error}") from error
    try:
        settings = Settings(**_under_environment(values, os.environ))
    except ValidationError as error:
        explained = _explain(error)
        if path is None:
            explained += "\nno configuration file was named: --config FILE, or SESAME_CONFIG=FILE"
        raise ConfigRefused(explained) from error
    refuse_unsafe(settings)
    return settings


def _under_environment(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Give the file's values with the environment's over them.

    ``SESAME_SECTION__NAME`` always means a setting, so an unknown one is passed on to be refused;
    a plain ``SESAME_NAME`` may be somebody else's word.
    """
    merged = dict(values)
    for variable, text in environ.items():
        if not variable.startswith(_PREFIX):
            continue
        name, nested, inner = variable.removeprefix(_PREFIX).lower().partition("__")
        if nested:
            section = merged.get(name, {})
            given = _given(_fields(name).get(inner), text)
            merged[name] = {**section, inner: given} if isinstance(section, dict) else section
        elif name in Settings.model_fields:
            merged[name] = _given(Settings.model_fields[name], text)
    return merged


def _given(field: FieldInfo | None, text: str) -> object:
    """Read a list as JSON; everything else, and what is no JSON, is text for the model to judge."""
    if field is None or get_origin(field.annotation) is not tuple:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fields(section: str) -> Mapping[str, FieldInfo]:
    kind = Settings.model_fields[section].annotation if section in Settings.model_fields else None
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(where, _known_keys(), n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            lines.append(f"{where}: there is no such setting{hint}")
        elif item["type"] == "missing":
            lines.append(f"{where}: required, and not given")
        else:
            lines.append(f"{where}: {item['msg']}")
    return "\n".join(lines)


def _known_keys() -> list[str]:
    keys = []
    for name in Settings.model_fields:
        keys += [name, *(f"{name}.{inner}" for inner in _fields(name))]
    return keys

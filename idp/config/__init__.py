"""Typed configuration: one TOML file and the environment; nothing untyped inside."""

from __future__ import annotations

from idp.config.loading import load
from idp.config.safety import ConfigRefused
from idp.config.sections import Environment, Settings

__all__ = ["ConfigRefused", "Environment", "Settings", "load"]

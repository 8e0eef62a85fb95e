"""The command ``sesame``: a lazy table of commands, each loading only what it needs."""

from idp.cli.main import main

__all__ = ["main"]

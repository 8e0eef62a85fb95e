"""A signal is heard in the main thread, whichever thread the kernel gave it to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

MISDIRECTED = """
import os, signal, sys, threading
from idp.cli import stopping

told = threading.Event()
signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
if sys.argv[1] == "heard":
    stopping.hear_in_every_thread()
begun = threading.Event()

def other():
    begun.wait()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=other, daemon=True).start()
threading.Timer(0.3, begun.set).start()
# Waiting without a limit never looks for signals by itself.
never = threading.Lock()
never.acquire()
threading.Thread(target=lambda: (told.wait(), os._exit(0)), daemon=True).start()
never.acquire()
"""

STOPPED = """
import signal, threading
from idp.cli.stopping import Stop

stop = Stop()
stop.listen()
other = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Timer(0.3, other).start()
raise SystemExit(0 if stop.wait(60) else 1)
"""


def run(program: str, *arguments: str, seconds: float) -> int:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, timeout=seconds, check=False).returncode


def test_a_signal_that_another_thread_was_given_wakes_the_main_thread() -> None:
    assert run(MISDIRECTED, "heard", seconds=60) == 0


def test_without_help_it_does_not() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(MISDIRECTED, "unheard", seconds=3)


def test_waiting_to_be_told_ends_by_a_signal_of_another_thread() -> None:
    assert run(STOPPED, seconds=50) == 0

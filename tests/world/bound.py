"""Run a program that ends with its parent: ``python bound.py <parent's pid> program arguments…``.

However the parent ends, by ``kill -9`` too, the kernel sends this process SIGTERM. The mark stays
with it when it becomes the program. Only Linux has it; elsewhere the parent's own end must do.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):
            sys.exit("the parent has ended")  # before the kernel knew what to do then
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()

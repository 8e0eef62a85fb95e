"""``python -m idp``: the command, for a parent that starts its roles by it."""

from idp.cli import main

if __name__ == "__main__":
    main(prog_name="sesame")

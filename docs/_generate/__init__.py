"""Writes the reference pages from the program itself: ``python -m docs._generate [--check]``."""

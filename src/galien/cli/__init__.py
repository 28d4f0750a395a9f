"""The command line: ``galien --help``."""

from galien.cli.main import main

__all__ = ["main"]

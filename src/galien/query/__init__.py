"""Queries: read, planned, run, ranked, and answered with quotes."""

from galien.query.engine import Engine
from galien.query.syntax import parse, render

__all__ = ["Engine", "parse", "render"]

"""Galien: a self-hosted search engine for health."""

__version__ = "0.1.0"

"""Profiles that were measured elsewhere, by other tools: one file a format, each recognised by its content."""

from profiler.imports.importing import read, recognise

__all__ = ["read", "recognise"]

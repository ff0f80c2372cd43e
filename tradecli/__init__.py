"""A terminal trading console. This module owns the version and imports nothing: every command pays for it."""

__version__ = "0.1.0"

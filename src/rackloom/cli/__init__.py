"""The command line: one file a command, registered here; nothing heavy is imported before a command runs."""

from .main import main

__all__ = ["main"]

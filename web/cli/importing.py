"""Filled by its capability."""

COMMANDS = ()

"""Flags, the review queue, decisions and the public log."""

"""Handlers that answer programs with JSON."""

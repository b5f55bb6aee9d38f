"""Handlers that answer people with pages."""

"""Bringing communities in and taking them out."""

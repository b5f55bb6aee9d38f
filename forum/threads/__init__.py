"""Threads and posts, and all that is done with them."""

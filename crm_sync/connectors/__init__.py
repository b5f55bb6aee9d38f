"""One file per remote system."""

"""The loggia command."""

"""`python -m web.cli` is `loggia`, for checkouts that are not installed."""

from web.cli import main

main()

"""Points, the ledger and what standing grows from it."""

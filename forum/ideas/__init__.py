"""What the community wishes for, and what the company answers."""

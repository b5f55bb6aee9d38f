"""The knowledge base: what the community resolved, reviewed and published."""

"""Carrying what was resolved to the company's CRM and knowledge base."""

"""Feeds, the sitemap and other files for machines."""

"""Discourse: topics as a server answers them at `/t/<id>.json`, with the Markdown of `/raw/<id>`; and archives of its pages."""

"""Declared views, functions and triggers: read from a database, created, dropped."""

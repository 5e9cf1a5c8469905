"""Databases and servers: engines, locks, errors in words, protection."""

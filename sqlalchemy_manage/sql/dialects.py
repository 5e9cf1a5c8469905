"""Dialects by the names that SQLAlchemy gives them."""

MARIADB = ("mysql", "mariadb")
"""MariaDB and MySQL: the name depends on the URL, not on the server."""

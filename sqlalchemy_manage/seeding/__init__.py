"""Fill a database through the project's factories."""

from .links import Links

__all__ = ["Links"]

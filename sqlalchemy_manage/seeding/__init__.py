"""Fill a database using the project's factories."""

from .links import Link, Links
from .profiles import Profile, Reference, Rows

__all__ = ["Link", "Links", "Profile", "Reference", "Rows"]

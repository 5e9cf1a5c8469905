"""The models, one module for each subject; tables are called ``lib_...``."""

from .base import Base
from .catalog import Book, Chapter, Edition
from .people import Author
from .tags import Tag

__all__ = ["Author", "Base", "Book", "Chapter", "Edition", "Tag"]

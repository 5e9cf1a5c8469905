from .goods import ItemFactory

__all__ = ["ItemFactory"]

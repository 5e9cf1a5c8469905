from . import orders  # noqa: F401
from .customer import Customer

__all__ = ["Customer"]

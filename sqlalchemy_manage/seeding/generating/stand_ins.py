"""What a declaration's function sees in place of an object that is not made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .failures import NotColumnwise

# What an object says of itself when nobody names an attribute: its text, what it equals, ...
_ANSWERS = (
    *("__str__", "__repr__", "__format__", "__bytes__", "__hash__", "__bool__", "__len__"),
    *("__iter__", "__contains__", "__getitem__", "__call__", "__int__", "__float__", "__index__"),
    *("__lt__", "__le__", "__gt__", "__ge__", "__add__", "__radd__", "__sub__", "__mul__"),
)


class StandIn:
    """In place of an object of a model, or of None where ``model`` is not known.

    A subclass looks up attributes. What else the object alone could answer raises
    NotColumnwise, so that factory_boy makes it: with Python's own answers a declaration
    would write the text of the stand-in, or find two of one row unequal.
    """

    __slots__ = ()

    def model(self) -> Any:
        """The class of the object."""
        raise NotColumnwise(None, "the class of a drawn row is used")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.model()  # isinstance() asks for it

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        raise NotColumnwise(None, "an object is compared")


def _refuses(name: str) -> Callable[..., Any]:
    def refuse(self: Any, *arguments: Any) -> Any:
        raise NotColumnwise(None, f"{name}() of an object is used")

    return refuse


for _name in _ANSWERS:
    setattr(StandIn, _name, _refuses(_name))

"""What a declaration's function sees in place of an object that is not made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .failures import NotColumnwise

# What an object answers of itself when nobody names an attribute: method -> what is done with it.
_ANSWERS = {
    **dict.fromkeys(("__str__", "__repr__", "__format__", "__bytes__"), "written as text"),
    **dict.fromkeys(("__lt__", "__le__", "__gt__", "__ge__"), "compared"),
    **dict.fromkeys(("__len__", "__iter__", "__contains__", "__getitem__"), "used as a list"),
    **dict.fromkeys(("__int__", "__float__", "__index__"), "used as a number"),
    **dict.fromkeys(("__add__", "__radd__", "__sub__", "__mul__"), "used in a sum"),
    "__hash__": "looked up in a set or dict",
    "__call__": "called",
}


class StandIn:
    """In place of an object of a model, for the function of a declaration.

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

    def __bool__(self) -> bool:
        model = self.model()
        if hasattr(model, "__bool__") or hasattr(model, "__len__"):
            raise NotColumnwise(None, "it is asked whether an object is true")
        return True


def _refuses(what: str) -> Callable[..., Any]:
    def refuse(self: Any, *arguments: Any) -> Any:
        raise NotColumnwise(None, f"an object is {what}")

    return refuse


for _name, _what in _ANSWERS.items():
    setattr(StandIn, _name, _refuses(_what))

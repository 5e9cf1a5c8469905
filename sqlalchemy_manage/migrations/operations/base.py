"""What our operations share: each is a dataclass, and ``op`` has a function with its fields."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from alembic.operations import Operations, ops


class Operation(ops.MigrateOperation):
    """An operation of our own; its docstring is that of its function, too.

    Subclasses are dataclasses with ``eq=False``: an operation is equal to itself alone, as
    Alembic's are.
    """

    verb: ClassVar[str]
    """The function of ``op``."""
    compared: ClassVar[tuple[str, ...]]
    """The attributes that Alembic's ``compare_metadata`` and ``check`` list."""

    schema: str | None

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.verb, self.schema, *(getattr(self, name) for name in self.compared))

    @classmethod
    def register(cls) -> None:
        """Give ``op`` the function, which takes the fields as its arguments."""

        def function(cls: Any, operations: Operations, *args: Any, **kw: Any) -> Any:
            return operations.invoke(cls(*args, **kw))

        function.__name__, function.__doc__ = cls.verb, cls.__doc__
        setattr(cls, cls.verb, classmethod(function))
        Operations.register_operation(cls.verb)(cls)
        made = getattr(Operations, cls.verb)
        itself = [*inspect.signature(made).parameters.values()][:1]
        fields = inspect.signature(cls).parameters.values()
        made.__signature__ = inspect.Signature([*itself, *fields])

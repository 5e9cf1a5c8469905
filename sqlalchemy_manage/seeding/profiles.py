"""Profiles: what an app's ``seeds.py`` declares to be seeded."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import SeedError, UsageError, did_you_mean
from ..module_contents import is_a
from .factory_boy_internals import makes_rows, model_of

if TYPE_CHECKING:
    from ..project import Project


class Rows:
    """``Rows(EmployeeFactory, 1000, departments=Links(DepartmentFactory, max=3))``.

    So many rows of a factory. The keywords are those of ``create_batch()``: values and
    declarations that take the place of the factory's, traits, ``sub__attribute``.
    """

    def __init__(self, factory: Any, count: int, /, **overrides: Any) -> None:
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise SeedError(
                f"Rows({_name(factory)}, {count!r}): the count must be a whole number, 0 or more."
            )
        self.factory = _factory(factory)
        self.count = count
        self.overrides = overrides


class Reference:
    """``Reference(DepartmentFactory, [{"name": "IT"}, {"name": "Sales"}], key="name")``.

    Rows that must exist, identified by their natural key: those that are missing are
    made by the factory, existing ones are given the values named here; a second run
    changes nothing. ``key`` is an attribute of the model, or several.
    """

    def __init__(
        self, factory: Any, rows: Iterable[Mapping[str, Any]], /, *, key: str | Sequence[str]
    ) -> None:
        self.factory = _factory(factory)
        rows = rows if isinstance(rows, Mapping) else list(rows)
        wrong = [row for row in rows if not isinstance(row, Mapping)]
        if isinstance(rows, Mapping) or wrong:
            raise SeedError(
                f"Reference({_name(factory)}): the rows are a list of dicts, "
                f"not {(wrong or [rows])[0]!r}."
            )
        self.rows = [dict(row) for row in rows]
        self.key = (key,) if isinstance(key, str) else tuple(key)
        if not self.key:
            raise SeedError(f"Reference({_name(factory)}) needs a key: the name of an attribute.")
        found: set[Any] = set()
        for row in self.rows:
            missing = [name for name in self.key if name not in row]
            if missing:
                raise SeedError(
                    f"Reference({_name(factory)}): the row {row!r} lacks '{missing[0]}' of its key."
                )
            values = tuple(row[name] for name in self.key)
            marks = tuple(v if isinstance(v, Hashable) else repr(v) for v in values)
            if marks in found:
                raise SeedError(f"Reference({_name(factory)}): two rows have the key {values!r}.")
            found.add(marks)


class Profile:
    """``demo = Profile(Rows(...), Rows(...))`` in ``seeds.py``; seeded by ``seed demo``."""

    def __init__(self, *rows: Rows | Reference) -> None:
        for each in rows:
            if not isinstance(each, Rows | Reference):
                raise SeedError(f"A Profile takes Rows and Reference, not {each!r}.")
        self.rows = rows


def profiles(project: Project) -> dict[str, list[Rows | Reference]]:
    """Name -> what it seeds; a name that several apps declare means all of theirs."""
    found: dict[str, list[Rows | Reference]] = {}
    for app in project.homes:
        module = project.app_module(app, "seeds")
        for name, value in list(vars(module).items()) if module is not None else ():
            if is_a(value, Profile):
                found.setdefault(name, []).extend(value.rows)
    return found


def profile(project: Project, name: str) -> list[Rows | Reference]:
    """What the profile seeds; raises UsageError for one that no app declares."""
    known = profiles(project)
    if name not in known:
        models = [mapper.class_.__name__ for mapper in project.mappers]
        if any(name.lower() == model.lower() for model in models):
            raise UsageError(
                f"'{name}' is a model: say how many rows, as MODEL=COUNT.",
                f"Write {name}=10.",
            )
        raise UsageError(
            f"No profile '{name}', and it is not MODEL=COUNT." + did_you_mean(name, known),
            f"Profiles: {', '.join(known)}."
            if known
            else "Declare them in an app's seeds.py: demo = Profile(Rows(BookFactory, 100)).",
        )
    return known[name]


def _factory(factory: Any) -> Any:
    """A factory class, or its name: ``"ItemFactory"``, ``"shop.Item"``."""
    if isinstance(factory, str):
        return factory
    if not makes_rows(factory):
        raise SeedError(
            f"Rows and Reference take a SQLAlchemyModelFactory or its name, not {factory!r}."
        )
    if model_of(factory) is None:
        raise SeedError(f"{factory.__name__} has no model.", "Give it class Meta: model = ...")
    return factory


def _name(factory: Any) -> str:
    return str(getattr(factory, "__name__", factory))

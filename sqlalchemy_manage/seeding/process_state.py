"""What the functions of a factory keep in the process from one row to the next.

Rows that depend on it are made in one process, one chunk after the other: a counter of the
project's, ``fake.unique``, a list that grows. Read from the functions without calling them, as far
as names tell; what a function keeps in a library, a file or a server is not seen.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import (
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
)
from functools import partial
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import factory
from factory.alchemy import SQLAlchemyModelFactory
from faker import Faker

from ..module_contents import is_a, module_of
from .factories import mapper_of, subclasses
from .factory_boy_internals import BaseDeclaration, Declarations, declarations_of, is_abstract
from .faker_internals import UniqueProxy
from .generating.model_info import model_info

_CHANGING = frozenset(
    [
        "append",
        "appendleft",
        "add",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "setdefault",
        "sort",
        "update",
        "__next__",
    ]
)
_STORING = ("STORE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR", "DELETE_ATTR")
_LIBRARIES = ("factory", "faker", "sqlalchemy", "sqlalchemy_manage")
_Mutable = (MutableSequence, MutableMapping, MutableSet)


def kept_by(owner: Any, before: Declarations) -> str | None:
    """What the functions of a factory keep, and which declaration does; None for nothing."""
    for name, function in _functions(owner, before):
        for what in _kept(function, set()):
            return f"'{name}' {what[0]}"
    return None


def forget_unique() -> None:
    """A seed begins: what ``fake.unique`` of any factory's functions gave may come again."""
    for owner in dict.fromkeys(subclasses(SQLAlchemyModelFactory)):
        if is_abstract(owner) or mapper_of(owner) is None:
            continue
        for _, function in _functions(owner, declarations_of(owner, {})[0]):
            for _, found in _kept(function, set()):
                if is_a(found, UniqueProxy):
                    found.clear()


def _functions(owner: Any, before: Declarations) -> Iterator[tuple[str, Any]]:
    for name, (declaration, _context) in before.items():
        yield from ((name, function) for function in _of_declaration(declaration))
    if issubclass(owner, SQLAlchemyModelFactory):
        for table in model_info(owner).tables:
            for column in table.columns:
                default: Any = column.default
                if default is not None and default.is_callable:
                    yield column.name, default.arg


def _of_declaration(declaration: Any) -> Iterator[Any]:
    if isinstance(declaration, factory.Maybe):
        for each in (declaration.decider, declaration.yes, declaration.no):
            yield from _of_declaration(each)
        return
    if isinstance(declaration, factory.Transformer):
        yield declaration.transform
        yield from _of_declaration(declaration.default)
        return
    for name in ("function", "fuzzer", "getter"):
        function = getattr(declaration, name, None)
        if callable(function):
            yield function
    module = type(declaration).__module__.partition(".")[0]
    if isinstance(declaration, BaseDeclaration) and module not in _LIBRARIES:
        yield type(declaration).evaluate


_What = tuple[str, Any]


def _kept(function: Any, known: set[int]) -> Iterator[_What]:
    """What a function keeps, each in words, with the object."""
    if id(function) in known:
        return
    known.add(id(function))
    if is_a(function, partial):
        for each in (function.func, *function.args, *function.keywords.values()):
            yield from _object(each, (), known)
    elif is_a(function, MethodType, BuiltinMethodType):
        yield from _object(function.__self__, (), known)
        yield from _kept(getattr(function, "__func__", None), known)
    elif is_a(function, FunctionType):
        yield from _in_code(function, known)
    elif hasattr(type(function), "__self__"):  # a method of a type written in C
        yield from _object(function.__self__, (), known)


def _in_code(function: FunctionType, known: set[int]) -> Iterator[_What]:
    codes = list(_codes(function.__code__))
    names = {name for code in codes for name in code.co_names}
    seen = _seen(function, names)
    for value in seen:
        yield from _object(value, names, known)
    operations = {each.opname for code in codes for each in dis.get_instructions(code)}
    if "STORE_GLOBAL" in operations or _rebinds(function, codes):
        yield "changes a variable that stays", None
    stays = [value for value in seen if not is_a(value, ModuleType, FunctionType)]
    stored = operations.intersection(_STORING) and any(map(_is_changeable, stays))
    called = names & _CHANGING and any(is_a(value, *_Mutable) for value in stays)
    if stored or called:
        yield "changes an object that stays", None


def _seen(function: FunctionType, names: Iterable[str]) -> list[Any]:
    """What a function can reach by name: of its module, of the functions around it."""
    found = [function.__globals__[name] for name in names if name in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue  # a name that is not bound yet
    defaults: Mapping[str, Any] = function.__kwdefaults__ or {}
    return [*found, *(function.__defaults__ or ()), *defaults.values()]


def _object(value: Any, names: Iterable[str], known: set[int]) -> Iterator[_What]:
    if is_a(value, UniqueProxy):
        yield "draws from fake.unique, which remembers what it gave", value
    elif is_a(value, Faker):
        if "unique" in names:
            yield "draws from fake.unique, which remembers what it gave", value.unique
    elif is_a(value, Iterator) and not callable(value):  # a proxy is everything
        yield "takes the next value of an iterator", value
    elif callable(value) and _is_own(value):
        yield from _kept(value, known)


def _rebinds(function: FunctionType, codes: list[CodeType]) -> bool:
    """Whether a variable of a function around it (nonlocal) gets another value."""
    free = set(function.__code__.co_freevars)
    return any(
        each.opname == "STORE_DEREF" and each.argval in free
        for code in codes
        for each in dis.get_instructions(code)
    )


def _is_changeable(value: Any) -> bool:
    """Whether assigning to an attribute or item of the value lasts: a container, or an object."""
    return is_a(value, *_Mutable) or _is_own(value if is_a(value, type) else type(value))


def _is_own(value: Any) -> bool:
    """Whether it is the project's, and no library's."""
    module = (module_of(value) or "").partition(".")[0]
    return module not in _LIBRARIES and module not in sys.stdlib_module_names


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)

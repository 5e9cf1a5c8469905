"""What factory_boy does not document: every use of it is here, and in no other module.

A test fails for each name whose meaning changes: tests/seeding/test_factory_boy_internals.py.

- ``Factory._meta``, a FactoryOptions: ``factory``, ``model``, ``abstract``, ``exclude``,
  ``rename``, ``inline_args``, ``parameters``, ``base_declarations``, ``pre_declarations`` and
  ``post_declarations`` (DeclarationSets), ``counter_reference``, ``next_sequence()``,
  ``get_model_class()``; of a SQLAlchemyOptions also ``sqlalchemy_session``,
  ``sqlalchemy_session_factory``, ``sqlalchemy_session_persistence`` and
  ``sqlalchemy_get_or_create``.
- ``Factory._create()``, and the hooks in ``_HOOKS``.
- ``factory.builder``: ``parse_declarations()``, DeclarationSet with ``declarations``; BuildStep
  (``sequence``, ``stub``, ``builder``, ``chain``, ``parent_step``, ``recurse()``), StepBuilder
  (``factory_meta``, ``strategy``, ``extras``), Resolver (``factory_parent``).
- ``factory.enums``: ``get_builder_phase()``, ``BuilderPhase``, ``CREATE_STRATEGY``.
- ``factory.declarations``: ``BaseDeclaration``, ``PostGenerationContext``, ``Skip``, ``SKIP``,
  ``_UNSPECIFIED``, ``deepgetattr()``. ``factory.random``: ``randgen``.
- Of a declaration: ``_defaults``, ``_creation_counter``, ``evaluate()``, ``evaluate_pre()``,
  ``unroll_context()``; the variable ``iterator`` inside ``Iterator.iterator_builder``;
  ``Faker._get_faker()`` and ``Faker._FAKER_REGISTRY``.
- The attributes in which each kind of declaration keeps its arguments. ``evaluators.py`` and its
  neighbours read them in place, because they are read for each value.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import factory
import factory.random
from factory import declarations, enums, fuzzy
from factory.alchemy import SQLAlchemyModelFactory, SQLAlchemyOptions
from factory.builder import BuildStep, StepBuilder, parse_declarations
from sqlalchemy.orm import Session
from sqlalchemy.util import ScopedRegistry

from .async_sessions import async_session

BaseDeclaration = declarations.BaseDeclaration
Skip = declarations.Skip
SKIP = declarations.SKIP
"""The value of a row that is not given an attribute."""

UNSPECIFIED = declarations._UNSPECIFIED
"""The default of a SelfAttribute that has none."""

deepgetattr: Callable[..., Any] = declarations.deepgetattr
randgen = factory.random.randgen

Declarations = dict[str, tuple[Any, dict[str, Any]]]
"""Attribute -> its declaration (or plain value) and the ``attribute__x`` values for it."""

# A factory that has its own of these makes its objects in its own way.
_HOOKS = {
    **dict.fromkeys(("_create", "_build", "_save", "_get_or_create", "_generate", "create"), "a"),
    **dict.fromkeys(("_adjust_kwargs", "_after_postgeneration"), "an"),
}
_KNOWN_AFTER = (
    factory.Maybe,
    factory.PostGeneration,
    factory.PostGenerationMethodCall,
    factory.RelatedFactory,
    factory.RelatedFactoryList,
)
_SESSION_OPTIONS = ("sqlalchemy_session", "sqlalchemy_session_factory")


# --- factories


def model_of(owner: Any) -> Any:
    """The model of a factory; None where it has none."""
    return owner._meta.model


def is_abstract(owner: Any) -> bool:
    return bool(owner._meta.abstract)


def declarations_of(owner: Any, overrides: Mapping[str, Any]) -> tuple[Declarations, Declarations]:
    """The declarations before and after the object is made, as factory_boy reads them."""
    before, after = parse_declarations(
        dict(overrides),
        base_pre=owner._meta.pre_declarations,
        base_post=owner._meta.post_declarations,
    )
    return (
        {name: (before[name].declaration, before[name].context) for name in before},
        {name: (after[name].declaration, after[name].context) for name in after.sorted()},
    )


def given_names(owner: Any, before: Iterable[str]) -> dict[str, str]:
    """What the model's constructor is given: without parameters, and under which name it is
    declared here."""
    options = owner._meta
    names = {n: n for n in before if n not in options.exclude and n not in options.parameters}
    for old, new in options.rename.items():
        if old in names:
            names[new] = names.pop(old)
    return names


def renamed(owner: Any) -> dict[str, str]:
    """Declared name -> the name that the model's constructor is given instead."""
    return dict(owner._meta.rename)


def declared_names(owner: Any) -> set[str]:
    """All attributes, parameters and traits."""
    return {*owner._meta.base_declarations, *owner._meta.parameters}


def parameter_names(owner: Any) -> set[str]:
    """Parameters and traits, which the model is not given."""
    return set(owner._meta.parameters)


def trait_values(owner: Any, name: str) -> dict[str, Any] | None:
    """What a trait gives without a declaration: plain values; None if it is no trait."""
    trait = owner._meta.parameters.get(name)
    if not isinstance(trait, factory.Trait):
        return None
    return {k: v for k, v in trait.overrides.items() if enums.get_builder_phase(v) is None}


def subfactory_of(owner: Any, name: str) -> Any:
    """The factory that makes the row of a SubFactory or a Link; None for another declaration."""
    declared = owner._meta.pre_declarations.declarations.get(name)
    if isinstance(declared, factory.SubFactory):
        return declared.get_factory()
    wrapped = getattr(declared, "_wrapped", None)
    return wrapped.get_factory() if isinstance(wrapped, factory.SubFactory) else None


def is_subfactory(owner: Any, name: str) -> bool:
    """Whether the declaration of that name takes ``name__attribute`` for a row that it makes."""
    declared = owner._meta.pre_declarations.declarations.get(name)
    return isinstance(declared, factory.SubFactory)


def subfactory_defaults(owner: Any, name: str) -> dict[str, Any]:
    """What a SubFactory passes on to its factory, with what a subclass adds by name__x."""
    if not is_subfactory(owner, name):
        return {}
    declared = owner._meta.pre_declarations[name]
    return arguments_of(declared.declaration, declared.context)


def call_hook(owner: Any, name: str, row: Any, value: Any) -> None:
    """Call what a factory calls after it has made a row, with the value for it."""
    step = BuildStep(StepBuilder(owner._meta, {}, enums.CREATE_STRATEGY), sequence=0)
    context = declarations.PostGenerationContext(value_provided=True, value=value, extra={})
    owner._meta.post_declarations[name].declaration.call(row, step, context)


def attribute_of(owner: Any, declaration: Any) -> str | None:
    """The attribute with exactly this declaration."""
    declared = owner._meta.pre_declarations.declarations
    return next((name for name, each in declared.items() if each is declaration), None)


def own_hook(owner: Any) -> str | None:
    """Which hook makes the objects in the factory's own way; None if none does."""
    if is_async(owner):
        return "it is async"
    for name, article in _HOOKS.items():
        if getattr(owner, name).__func__ is not getattr(SQLAlchemyModelFactory, name).__func__:
            return f"it has {article} {name}() of its own"
    return None


def own_way(owner: Any) -> str | None:
    """Why factory_boy itself must create each object; None if that is not needed."""
    options = owner._meta
    if why := own_hook(owner):
        return why
    if options.inline_args:
        return "its model takes arguments by position (inline_args)"
    for name in options.post_declarations:
        if why := needs_object(name, options.post_declarations[name].declaration):
            return why
    return None


def needs_object(name: str, declaration: Any) -> str | None:
    """Why a declaration needs the object itself, whatever the row; None if it may not.

    A Trait is a Maybe: which of its two sides a row takes is decided for each.
    """
    if isinstance(declaration, factory.Maybe):
        sides = [needs_object(name, side) for side in (declaration.yes, declaration.no)]
        return sides[0] if all(sides) else None
    if not follows(declaration) or is_relating(declaration):
        return None
    return f"'{name}' is called with each object ({type(declaration).__name__})"


def settled(declaration: Any, before: Mapping[str, tuple[Any, Any]]) -> Any:
    """The side of a Maybe that all rows take, as a Trait that is off or on; itself where that
    depends on the row. ``before``: the declarations of the factory."""
    while isinstance(declaration, factory.Maybe):
        decider = declaration.decider
        if type(decider) is not factory.SelfAttribute or decider.depth > 1:
            return declaration
        name, missing = decider.attribute_name, decider.default
        if name not in before and missing is UNSPECIFIED:
            return declaration
        choice = before[name][0] if name in before else missing
        if "." in name or is_declaration(choice):
            return declaration
        declaration = declaration.yes if choice else declaration.no
    return declaration


def looked_up(owner: Any) -> tuple[str, ...]:
    """The attributes by which a row is looked for before it is made."""
    return tuple(owner._meta.sqlalchemy_get_or_create or ())


def saves_at_once(owner: Any) -> bool:
    """Whether each row is flushed or committed as soon as it is made."""
    return owner._meta.sqlalchemy_session_persistence is not None


def own_generation(owner: Any) -> str | None:
    """Why factory_boy must evaluate what the factory declares; None if it only makes objects."""
    if is_async(owner):
        return "it is asynchronous"
    for name in ("_generate", "create"):
        if getattr(owner, name).__func__ is not getattr(SQLAlchemyModelFactory, name).__func__:
            return f"it has a {name}() of its own"
    for name, (declaration, _) in declarations_of(owner, {})[1].items():
        if type(declaration) not in _KNOWN_AFTER:
            return f"'{name}' is a declaration of the project's own"
    if looked_up(owner) and saves_at_once(owner):
        return "it looks for each row first (sqlalchemy_get_or_create)"
    return None


def is_relating(declaration: Any) -> bool:
    """Whether it makes rows of another factory, and does nothing else with an object."""
    return type(declaration) in (factory.RelatedFactory, factory.RelatedFactoryList)


def made_of(owner: Any, attributes: Mapping[str, Any]) -> Any:
    """The object that ``create()`` makes of evaluated attributes, parameters among them."""
    options = owner._meta
    args, kwargs = options.prepare_arguments(attributes)
    return owner._create(options.get_model_class(), *args, **kwargs)


def results_taken(owner: Any) -> Callable[..., Any] | None:
    """What is given the results of all declarations that follow; None if they are for nobody."""
    own: Any = owner._after_postgeneration
    known: Any = SQLAlchemyModelFactory._after_postgeneration
    return None if own.__func__ is known.__func__ else own


def recursed(step: Any, owner: Any, declarations: Any, sequence: int | None) -> Any:
    """What a declaration makes of another factory, for the object of ``step``."""
    builder = StepBuilder(owner._meta, dict(declarations), enums.CREATE_STRATEGY)
    return builder.build(parent_step=step, force_sequence=sequence)


def maker(owner: Any) -> Callable[..., Any] | None:
    """What makes an object of keyword arguments; None where they are passed by position."""
    options = owner._meta
    return None if options.inline_args else partial(owner._create, options.get_model_class())


def sequence_owner(owner: Any) -> Any:
    """The factory that counts: the base, if it has the same model or a base of it."""
    return owner._meta.counter_reference.factory


def first_number(owner: Any) -> int | None:
    """What ``_setup_next_sequence()`` of the factory gives; None if it has none of its own.

    https://factoryboy.readthedocs.io/en/stable/reference.html#factory.Factory._setup_next_sequence
    """
    hook: Any = owner._setup_next_sequence
    known: Any = factory.Factory._setup_next_sequence
    return None if hook.__func__ is known.__func__ else int(hook())


def next_number(owner: Any) -> int:
    """Take the next number of the factory's sequence."""
    return int(owner._meta.next_sequence())


def makes_rows(value: Any) -> bool:
    """Whether it is a factory with the options of SQLAlchemy's, however it is derived."""
    # A proxy is asked for its class by isinstance().
    is_factory = issubclass(type(value), type) and issubclass(value, factory.Factory)
    return is_factory and isinstance(vars(value).get("_meta"), SQLAlchemyOptions)


def is_async(owner: Any) -> bool:
    """Whether its hooks are to be awaited, or use an AsyncSession."""
    hooks = (getattr(owner, name, None) for name in _HOOKS)
    session = named_session(owner)
    return any(map(inspect.iscoroutinefunction, hooks)) or not isinstance(session, Session | None)


def created(owner: Any, values: Mapping[str, Any]) -> Any:
    """What ``create()`` makes; that of an async factory is awaited, in a loop of its own."""
    if not is_async(owner):
        return owner.create(**values)

    async def create() -> Any:
        made = owner.create(**values)
        return await made if inspect.isawaitable(made) else made

    return asyncio.run(create())


def named_session(owner: Any) -> Any:
    """The session that the factory names itself, a Session or an AsyncSession; None if it names
    none, or one that cannot be had here (as where a test's fixture would make it)."""
    return next((each for each in map(session_given, _named(owner)) if each is not None), None)


def session_given(named: Any) -> Any:
    """The session that is named, or given when called; None if there is none."""
    try:
        found = named() if callable(named) else named
        return found if isinstance(getattr(found, "sync_session", found), Session) else None
    except Exception:  # a function of the user's
        return None


def _named(owner: Any) -> tuple[Any, Any]:
    """What the factory names as its session, and as what gives one."""
    return owner._meta.sqlalchemy_session, owner._meta.sqlalchemy_session_factory


@contextmanager
def on_session(
    owner: Any, session: Session, called: Callable[[Any], None] = lambda owner: None
) -> Iterator[None]:
    """The factory works on ``session``, and flushes and commits it as it is declared to.

    So do the registries of scoped sessions that it names: who asks them gets this session.
    ``called`` is given the factory before it makes an object, by columns too.
    """
    options = owner._meta
    changed = (*_SESSION_OPTIONS, "next_sequence")
    before = {name: value for name, value in vars(options).items() if name in changed}
    own: Any = named_session(owner)
    given: Any = session
    if is_async(owner):
        kind: Any = type(own)
        if own is None or isinstance(own, Session):
            kind = async_session(owner)
        given = kind(sync_session_class=lambda **kw: session)

    def next_sequence() -> int:
        called(owner)
        return int(type(options).next_sequence(options))

    with ExitStack() as stack:
        stack.callback(vars(options).update, before)
        stack.callback(vars(options).pop, "next_sequence", None)
        options.next_sequence = next_sequence
        named, maker = (each if _scoped(each, given, stack) else None for each in _named(owner))
        options.sqlalchemy_session = named or given
        if options.sqlalchemy_session_factory is not None:
            options.sqlalchemy_session_factory = maker or (lambda: given)
        yield


def _scoped(named: Any, given: Any, stack: ExitStack) -> bool:
    """Whether ``named`` is a scoped session; its registry then has ``given`` until the end.

    Not where there is no scope: Flask-SQLAlchemy's is an application context.
    """
    registry = getattr(named, "registry", None)
    if not isinstance(registry, ScopedRegistry):
        return False
    try:
        there = registry.has()
    except Exception:  # the function of the user's, or of a framework, that tells the scope
        return False
    stack.callback(partial(registry.set, registry()) if there else registry.clear)
    registry.set(given)
    return True


def session_of(owner: Any) -> Session:
    """The session that the factory works on."""
    options = owner._meta
    session: Session = options.sqlalchemy_session or options.sqlalchemy_session_factory()
    return session


# --- declarations


def is_declaration(value: Any) -> bool:
    """Whether factory_boy evaluates the value before it makes the object."""
    return bool(enums.get_builder_phase(value) == enums.BuilderPhase.ATTRIBUTE_RESOLUTION)


def follows(value: Any) -> bool:
    """Whether factory_boy evaluates the value after it has made the object."""
    return bool(enums.get_builder_phase(value) == enums.BuilderPhase.POST_INSTANTIATION)


def arguments_of(declaration: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a declaration, with the ``attribute__x`` values for it."""
    return {**declaration._defaults, **context}


def faker_call(declaration: Any, context: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The Faker of the declaration's locale, and the arguments of its method."""
    arguments = arguments_of(declaration, context)
    return declaration._get_faker(arguments.pop("locale", None)), arguments


def fakers() -> list[Any]:
    """The Fakers behind all declarations."""
    return list(factory.Faker._FAKER_REGISTRY.values())


def creation_number(declaration: Any) -> int:
    """How many declarations were made before this one; the same in every process."""
    return int(declaration._creation_counter)


def iterated(declaration: Any) -> Any:
    """What an Iterator iterates over; None if it is unknown."""
    builder = declaration.iterator_builder
    cells = dict(zip(builder.__code__.co_freevars, builder.__closure__ or (), strict=True))
    return cells["iterator"].cell_contents if "iterator" in cells else None


def evaluates_differently(kind: type, known: type) -> bool:
    """Whether a subclass evaluates differently from the declaration it is derived from."""
    return any(
        getattr(kind, name, None) is not getattr(known, name, None)
        for name in ("evaluate", "evaluate_pre", "fuzz", "unroll_context")
        if known is not fuzzy.BaseFuzzyAttribute or name != "fuzz"
    )


# --- the steps that declarations are given


class Builder:
    """What a declaration sees of factory_boy's StepBuilder."""

    strategy = enums.CREATE_STRATEGY

    def __init__(self, owner: Any) -> None:
        self.factory_meta = owner._meta
        self.extras: dict[str, Any] = {}


def creates(step: Any) -> bool:
    """Whether objects are made by ``create()``, not ``build()``."""
    return bool(step.builder.strategy == enums.CREATE_STRATEGY)


def factories_above(step: Any) -> list[Any]:
    """The factories whose rows are being made, the step's own first."""
    found = []
    while step is not None:
        found.append(factory_of(step))
        step = step.parent_step
    return found


def factory_of(step: Any) -> Any:
    """The factory whose object is being made."""
    return step.builder.factory_meta.factory

"""What factory_boy does not document and seeding relies on: a test for each name of the adapter.

A failure here means that factory_boy has changed; ``factory_boy_internals.py`` is the one module
to look at.
"""

from __future__ import annotations

import inspect
import random
from types import SimpleNamespace
from typing import Any

import factory
import faker
import pytest
import sqlalchemy as sa
from factory import builder, declarations, enums, fuzzy
from factory.alchemy import SQLAlchemyModelFactory
from factory.declarations import Transformer
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    scoped_session,
    sessionmaker,
)

from sqlalchemy_manage.seeding import Link
from sqlalchemy_manage.seeding import factory_boy_internals as internals


class Base(DeclarativeBase):
    pass


class Animal(Base):
    __tablename__ = "animal"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}


class AnimalFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Animal
        exclude = ("helper",)
        rename = {"called": "name"}

    class Params:
        loud = factory.Trait(kind="loud")
        size = 3

    helper = factory.LazyFunction(dict)
    called = factory.Sequence("rex {}".format)
    friend = factory.RelatedFactory(factory.DictFactory)


class DogFactory(AnimalFactory):
    class Meta:
        model = Dog


class Nameless(SQLAlchemyModelFactory):
    class Meta:
        abstract = True


class Seen(factory.LazyAttribute):
    """Keeps the step that it is given."""

    def evaluate(self, instance: Any, step: Any, extra: Any) -> Any:
        return self.function((instance, step))


# --- Factory._meta


def test_the_model_of_a_factory_and_whether_it_is_abstract() -> None:
    assert internals.model_of(AnimalFactory) is Animal
    assert internals.model_of(Nameless) is None
    assert [internals.is_abstract(each) for each in (AnimalFactory, Nameless)] == [False, True]


def test_declarations_are_read_with_their_contexts() -> None:
    before, after = internals.declarations_of(
        AnimalFactory, {"helper__deep": 1, "called": "Bello", "friend__x": 2}
    )
    assert list(before)[:2] == ["helper", "called"]
    assert before["helper"] == (vars(AnimalFactory)["helper"], {"deep": 1})
    assert before["called"] == ("Bello", {})
    assert after == {"friend": (vars(AnimalFactory)["friend"], {"x": 2})}
    assert internals.declarations_of(AnimalFactory, {"friend": None})[1]["friend"][1] == {"": None}


def test_what_the_constructor_is_given() -> None:
    before, _ = internals.declarations_of(AnimalFactory, {})
    assert {*before} == {"helper", "called", "size", "kind"}
    assert internals.given_names(AnimalFactory, before) == {"name": "called", "kind": "kind"}
    assert AnimalFactory.build().name.startswith("rex ")
    assert internals.renamed(DogFactory) == {"called": "name"}


def test_the_names_that_a_factory_declares() -> None:
    declared = {"helper", "called", "friend", "loud", "size"}
    assert internals.declared_names(AnimalFactory) == declared
    assert internals.attribute_of(AnimalFactory, vars(AnimalFactory)["called"]) == "called"
    assert internals.attribute_of(AnimalFactory, factory.Sequence(str)) is None


def test_what_a_trait_and_a_subfactory_give() -> None:
    class OwnedFactory(SQLAlchemyModelFactory):
        class Meta:
            model = Dog

        class Params:
            mixed = factory.Trait(kind="loud", name=factory.Faker("name"))
            number = 3

        owner = factory.SubFactory(DogFactory, kind="big")
        drawn = Link(DogFactory)

    class NamedFactory(OwnedFactory):
        owner__name = "rex"

    assert internals.parameter_names(OwnedFactory) == {"mixed", "number"}
    assert internals.trait_values(OwnedFactory, "mixed") == {"kind": "loud"}
    assert internals.trait_values(OwnedFactory, "number") is None
    assert internals.subfactory_of(OwnedFactory, "owner") is DogFactory
    assert internals.subfactory_of(OwnedFactory, "drawn") is DogFactory
    assert internals.subfactory_of(AnimalFactory, "called") is None
    assert internals.is_subfactory(OwnedFactory, "owner")
    assert not internals.is_subfactory(OwnedFactory, "drawn")
    assert internals.subfactory_defaults(NamedFactory, "owner") == {"kind": "big", "name": "rex"}
    assert internals.subfactory_defaults(OwnedFactory, "drawn") == {}


def test_a_hook_is_called_with_a_value() -> None:
    class HookedFactory(SQLAlchemyModelFactory):
        class Meta:
            model = Dog

        @factory.post_generation
        def called(self, create: bool, extracted: Any, **more: Any) -> None:
            self.name = (create, extracted, more)

    dog: Any = Dog()
    internals.call_hook(HookedFactory, "called", dog, "rex")
    assert dog.name == (True, "rex", {})


def test_who_counts_and_the_next_number() -> None:
    assert internals.sequence_owner(DogFactory) is AnimalFactory
    AnimalFactory.reset_sequence(7)
    assert [internals.next_number(each) for each in (AnimalFactory, DogFactory)] == [7, 8]
    DogFactory.reset_sequence(3, force=True)
    assert internals.next_number(AnimalFactory) == 3


def test_factories_that_make_each_object_in_their_own_way() -> None:
    def own(**members: Any) -> str | None:
        meta = type("Meta", (), {"model": Animal, **members.pop("meta", {})})
        return internals.own_way(type("Own", (SQLAlchemyModelFactory,), {"Meta": meta, **members}))

    method = classmethod(lambda cls, *args, **values: None)
    assert own() is None
    assert own(friend=factory.RelatedFactoryList(AnimalFactory)) is None
    for name in ("_create", "_build", "_save", "_get_or_create", "_generate", "create"):
        assert own(**{name: method}) == f"it has a {name}() of its own"
    for name in ("_adjust_kwargs", "_after_postgeneration"):
        assert own(**{name: method}) == f"it has an {name}() of its own"
    assert own(meta={"inline_args": ("name",)}) == (
        "its model takes arguments by position (inline_args)"
    )
    after = factory.PostGeneration(lambda *args, **values: None)
    assert own(after=after) == "'after' is called with each object (PostGeneration)"


def test_what_a_factory_looks_for_and_when_it_saves() -> None:
    def own(**meta: Any) -> Any:
        members = type("Meta", (), {"model": Animal, **meta})
        return type("Own", (SQLAlchemyModelFactory,), {"Meta": members, "name": "a"})

    assert internals.looked_up(own()) == ()
    assert internals.looked_up(own(sqlalchemy_get_or_create=("name",))) == ("name",)
    assert not internals.saves_at_once(own())
    assert internals.saves_at_once(own(sqlalchemy_session_persistence="flush"))


def test_the_side_of_a_trait_that_every_row_takes() -> None:
    hook = factory.PostGeneration(lambda *args, **values: None)
    params = type("Params", (), {"loud": factory.Trait(name="Rex", told=hook)})
    meta = type("Meta", (), {"model": Animal})

    def sides(**given: Any) -> list[Any]:
        owner = type("Own", (SQLAlchemyModelFactory,), {"Meta": meta, "Params": params, "name": 1})
        before, after = internals.declarations_of(owner, given)
        both = (before["name"][0], after["told"][0])
        return [internals.settled(each, before) for each in both]

    assert sides() == [1, internals.SKIP]
    assert sides(loud=True) == ["Rex", hook]
    undecided = sides(loud=factory.Sequence(int))
    assert all(isinstance(each, factory.Maybe) for each in undecided)
    assert internals.needs_object("told", undecided[1]) is None
    both = factory.Maybe("name", hook, factory.PostGeneration(print))
    assert internals.needs_object("a", both) == "'a' is called with each object (PostGeneration)"


def test_each_hook_takes_part_in_create() -> None:
    """Else a factory's own one would be passed over unseen."""
    called = []

    def noting(name: str) -> Any:
        def hook(cls: Any, *args: Any, **values: Any) -> Any:
            called.append(name)
            return getattr(super(Watched, cls), name)(*args, **values)

        return classmethod(hook)

    hooks = [name for name in internals._HOOKS if name not in ("_build", "_get_or_create")]
    meta = type("Meta", (), {"model": Animal})
    members: dict[str, Any] = {name: noting(name) for name in hooks}
    Watched: Any = type("Watched", (SQLAlchemyModelFactory,), {"Meta": meta, **members})
    with Session() as session, internals.on_session(Watched, session):
        Watched.create(name="Rex")
    assert {*called} == {*hooks}
    assert all(hasattr(SQLAlchemyModelFactory, name) for name in internals._HOOKS)


def test_objects_of_a_factory_that_writes_nothing() -> None:
    class Plain(factory.Factory):
        class Meta:
            model = SimpleNamespace

    class Positional(factory.Factory):
        class Meta:
            model = complex
            inline_args = ("real",)

    make: Any = internals.maker(Plain)
    assert make(a=1) == SimpleNamespace(a=1)
    makers: Any = internals.maker(factory.DictFactory), internals.maker(factory.ListFactory)
    assert [make(**{"0": "x"}) for make in makers] == [{"0": "x"}, ["x"]]
    assert internals.maker(Positional) is None


def test_a_session_is_given_and_taken_back() -> None:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    before = Session(engine)
    options: Any = AnimalFactory._meta
    scoped = scoped_session(sessionmaker(engine))
    calls: list[Any] = []
    try:
        with Session(engine) as session:
            for own, maker, named in (
                (before, None, before),
                (None, lambda: before, before),
                (scoped, None, scoped()),
                (None, scoped, scoped()),
                (None, None, None),
                (None, lambda: 1 / 0, None),  # as where a fixture of a test would be asked
            ):
                options.sqlalchemy_session, options.sqlalchemy_session_factory = own, maker
                options.sqlalchemy_session_persistence = "flush"
                assert internals.named_session(AnimalFactory) is named
                with internals.on_session(AnimalFactory, session, calls.append):
                    made = AnimalFactory.create(kind="animal")
                    assert made in session and made.id
                    assert internals.named_session(AnimalFactory) is session
                    assert scoped() is (session if scoped in (own, maker) else scoped())
                assert (options.sqlalchemy_session, options.sqlalchemy_session_factory) == (
                    own,
                    maker,
                )
            assert calls == [AnimalFactory] * 6
        options.sqlalchemy_session_factory = lambda: before
        assert internals.session_of(AnimalFactory) is before
    finally:
        for name in (*internals._SESSION_OPTIONS, "sqlalchemy_session_persistence"):
            setattr(options, name, None)
        scoped.remove()
        before.close()
        engine.dispose()


def test_an_async_session_is_one_over_the_session_given() -> None:
    options: Any = AnimalFactory._meta
    options.sqlalchemy_session = async_scoped_session(async_sessionmaker(), lambda: 1)
    try:
        assert isinstance(internals.named_session(AnimalFactory), AsyncSession)
        with Session() as session, internals.on_session(AnimalFactory, session):
            given: Any = options.sqlalchemy_session()
            assert isinstance(given, AsyncSession)
            assert given.sync_session is session
    finally:
        options.sqlalchemy_session = None


# --- declarations


DECLARATIONS: list[tuple[Any, dict[str, Any]]] = [
    (factory.Sequence(str), {"function": str}),
    (factory.LazyFunction(dict), {"function": dict}),
    (factory.LazyAttribute(str), {"function": str}),
    (factory.LazyAttributeSequence(max), {"function": max}),
    (factory.ContainerAttribute(max), {"function": max}),
    (factory.SelfAttribute("..a.b", 5), {"depth": 2, "attribute_name": "a.b", "default": 5}),
    (factory.SelfAttribute("a"), {"depth": 0, "default": declarations._UNSPECIFIED}),
    (factory.Iterator([1], getter=str), {"getter": str}),
    (factory.Faker("name"), {"provider": "name"}),
    (factory.Maybe("a", 1, 2), {"yes": 1, "no": 2}),
    (Transformer("a", transform=str.upper), {"default": "a", "transform": str.upper}),
    (Transformer.Force("a"), {"forced_value": "a"}),
    (factory.SubFactory(AnimalFactory), {"FORCE_SEQUENCE": False}),
    (factory.Dict({}), {"FORCE_SEQUENCE": True}),
    (factory.List([]), {"FORCE_SEQUENCE": True}),
    (factory.RelatedFactory(AnimalFactory, "pet", a=1), {"name": "pet", "defaults": {"a": 1}}),
    (factory.RelatedFactoryList(AnimalFactory, "pet", 4), {"name": "pet", "size": 4}),
    (fuzzy.FuzzyInteger(1, 9, 2), {"low": 1, "high": 9, "step": 2}),
    (fuzzy.FuzzyText("<", 3, ">", "ab"), dict(prefix="<", length=3, suffix=">", chars=("a", "b"))),
]


@pytest.mark.parametrize("declaration, kept", DECLARATIONS)
def test_where_a_declaration_keeps_its_arguments(declaration: Any, kept: dict[str, Any]) -> None:
    assert {name: getattr(declaration, name) for name in kept} == kept


def test_the_decider_of_a_maybe_is_a_declaration() -> None:
    decider = factory.Maybe("flag", 1, 2).decider
    assert (type(decider), decider.attribute_name) == (factory.SelfAttribute, "flag")


def test_factories_given_by_class_and_by_name() -> None:
    for kind in (factory.SubFactory, factory.RelatedFactory):
        for given in (AnimalFactory, f"{__name__}.AnimalFactory"):
            assert kind(given).get_factory().__name__ == "AnimalFactory"


def test_the_choices_of_a_fuzzy_choice() -> None:
    it = fuzzy.FuzzyChoice(iter("ab"), getter=str.upper)
    assert (it.choices, it.getter) == (None, str.upper)
    assert it.fuzz() in "AB"
    assert it.choices == ["a", "b"]
    assert fuzzy.FuzzyChoice([1]).choices_generator == [1]


def test_what_is_evaluated_before_the_object_is_made() -> None:
    phases = {value: internals.is_declaration(value) for value in (factory.Faker("name"), 5, "a")}
    assert list(phases.values()) == [True, False, False]
    assert not internals.is_declaration(factory.PostGeneration(print))
    assert not internals.is_declaration(factory.RelatedFactory(AnimalFactory))
    assert issubclass(internals.BaseDeclaration, declarations.BaseDeclaration)


def test_a_declaration_keeps_its_keywords() -> None:
    it = factory.SubFactory(AnimalFactory, called="Rex")
    assert internals.arguments_of(it, {"size": 1}) == {"called": "Rex", "size": 1}
    assert internals.arguments_of(it, {"called": "Max"}) == {"called": "Max"}


def test_the_faker_of_a_declaration() -> None:
    fake, arguments = internals.faker_call(factory.Faker("name", locale="de_DE", a=1), {"b": 2})
    assert isinstance(fake, faker.Faker)
    assert (fake.locales, arguments) == (["de_DE"], {"a": 1, "b": 2})
    assert fake in internals.fakers()
    with factory.Faker.override_default_locale("it_IT"):
        assert internals.faker_call(factory.Faker("name"), {})[0].locales == ["it_IT"]


def test_declarations_are_counted() -> None:
    first, second = factory.Sequence(str), factory.Sequence(str)
    assert internals.creation_number(second) == internals.creation_number(first) + 1


def test_what_an_iterator_goes_round() -> None:
    values = ["a", "b"]
    for cycle, expected in ((True, ["a", "b", "a"]), (False, ["a", "b"])):
        it = factory.Iterator(values, cycle=cycle)
        assert internals.iterated(it) is values
        assert [
            value for value, _ in zip(it.iterator_builder(), range(3), strict=False)
        ] == expected


def test_a_subclass_that_evaluates_differently() -> None:
    def derived(known: type, name: str) -> type:
        return type("Derived", (known,), {name: lambda *args, **values: None})

    assert not internals.evaluates_differently(factory.Sequence, factory.Sequence)
    for name in ("evaluate", "evaluate_pre", "unroll_context"):
        assert hasattr(declarations.BaseDeclaration, name)
        kind = derived(factory.LazyAttribute, name)
        assert internals.evaluates_differently(kind, factory.LazyAttribute)
    assert internals.evaluates_differently(derived(fuzzy.FuzzyText, "fuzz"), fuzzy.FuzzyText)
    own = derived(fuzzy.BaseFuzzyAttribute, "fuzz")
    assert not internals.evaluates_differently(own, fuzzy.BaseFuzzyAttribute)


def test_a_declaration_is_evaluated_with_these_arguments() -> None:
    for name, expected in (
        ("evaluate", ["self", "instance", "step", "extra"]),
        ("evaluate_pre", ["self", "instance", "step", "overrides"]),
    ):
        method = getattr(declarations.BaseDeclaration, name)
        assert list(inspect.signature(method).parameters) == expected


def test_an_attribute_that_is_left_out() -> None:
    assert not internals.SKIP
    assert type(internals.SKIP) is internals.Skip
    assert vars(AnimalFactory.build(kind=internals.SKIP)).get("kind") == "animal"


def test_attributes_are_followed_with_a_default() -> None:
    inner = SimpleNamespace(a=SimpleNamespace(b=1))
    assert internals.deepgetattr(inner, "a.b", 0) == 1
    assert internals.deepgetattr(inner, "a.c", 0) == 0
    with pytest.raises(AttributeError):
        internals.deepgetattr(inner, "a.c", internals.UNSPECIFIED)


def test_fuzzy_values_come_from_one_generator() -> None:
    assert isinstance(internals.randgen, random.Random)
    internals.randgen.seed(5)
    first = fuzzy.FuzzyInteger(10**9).fuzz()
    internals.randgen.seed(5)
    assert fuzzy.FuzzyInteger(10**9).fuzz() == first


# --- steps


def test_what_a_declaration_is_given() -> None:
    found: dict[str, Any] = {}
    seen = Seen(lambda given: found.update(instance=given[0], step=given[1]))
    inner = factory.SubFactory(AnimalFactory, called=seen)
    factory.build(SimpleNamespace, FACTORY_CLASS=factory.Factory, pet=inner, colour="red")
    step = found["step"]
    assert isinstance(step, builder.BuildStep)
    assert isinstance(step.builder, builder.StepBuilder)
    assert internals.factory_of(step) is AnimalFactory
    assert not internals.creates(step)
    assert isinstance(step.sequence, int)
    assert step.stub is found["instance"]
    assert step.chain == (step.stub, step.parent_step.stub)
    assert step.stub.factory_parent.colour == "red"
    assert list(inspect.signature(step.recurse).parameters) == [
        "factory",
        "declarations",
        "force_sequence",
    ]


def test_our_builder_looks_like_theirs() -> None:
    theirs = builder.StepBuilder(AnimalFactory._meta, {}, enums.CREATE_STRATEGY)
    ours = internals.Builder(AnimalFactory)
    for name in ("factory_meta", "strategy", "extras"):
        assert getattr(ours, name) == getattr(theirs, name)
    step: Any = SimpleNamespace(builder=ours)
    assert internals.creates(step)
    assert internals.factory_of(step) is AnimalFactory


def test_only_a_factorys_own_first_number_counts() -> None:
    class Plain(SQLAlchemyModelFactory):
        class Meta:
            model = Animal

    class Late(Plain):
        @classmethod
        def _setup_next_sequence(cls) -> int:
            return 5000

    assert internals.first_number(Plain) is None
    assert internals.first_number(Late) == 5000

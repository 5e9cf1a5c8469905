"""What Faker does not document and seeding relies on: a test for each name of the adapter.

A failure here means that Faker has changed; ``faker_internals.py`` is the one module to look at.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from datetime import date
from typing import Any

import faker
import pytest
from faker.generator import Generator
from faker.providers import BaseProvider

from sqlalchemy_manage.seeding import faker_internals as internals
from sqlalchemy_manage.seeding.faker_internals import Choice, Filled


class Zoo(BaseProvider):
    """Each kind of method that providers have."""

    animals = ("dog", "cat")
    weighted = OrderedDict([("dog", 3.0), ("cat", 1.0)])

    def animal(self) -> Any:
        return self.random_element(self.animals)

    def common(self) -> Any:
        return self.random_element(self.weighted)

    def last_of_one(self) -> Any:
        return self.random_choices(self.animals, length=1)[-1]

    def sentence(self) -> Any:
        return self.generator.parse(self.random_element(("{{animal}}!", "no {{common}}")))

    def through_another(self) -> Any:
        return self.animal()

    def loud(self) -> Any:
        return self.animal().upper()

    def either(self) -> Any:
        return self.animal() if self.generator.random.random() < 0.5 else None

    def several(self) -> Any:
        return self.random_choices(self.animals, length=2)

    def number(self) -> Any:
        return self.numerify("###")


@pytest.fixture
def fake() -> faker.Faker:
    fake = faker.Faker("en_US")
    fake.add_provider(Zoo)
    return fake


def drawn(fake: faker.Faker, name: str, **arguments: Any) -> Any:
    return internals.drawn(internals.method_of(fake, name), arguments)


def test_all_generators_share_their_numbers(fake: faker.Faker) -> None:
    (generator,) = fake.factories
    assert isinstance(generator, Generator)
    assert isinstance(internals._shared_random, random.Random)
    assert generator.random is internals._shared_random
    generator.random = random.Random(5)
    assert generator.random is not internals._shared_random
    assert generator.providers[0].random_int() == random.Random(5).randrange(10_000)


def test_fakers_draw_from_other_numbers_for_a_while(fake: faker.Faker) -> None:
    own = faker.Faker("en_US")
    own.seed_instance(7)
    sources = [each.factories[0].random for each in (fake, own)]
    internals._shared_random.seed(3)
    fake.pyint()
    state = internals._shared_random.getstate()
    found = []
    for _ in range(2):
        with internals.drawing_from(random.Random(5), [fake, own]):
            found.append(fake.pyint())
            assert faker.Faker("en_US").pyint() == found[-1], "one that is made meanwhile"
            assert own.factories[0].random is sources[1], "whoever has numbers of its own"
    assert found[0] == found[1]
    assert [each.factories[0].random for each in (fake, own)] == sources
    assert internals._shared_random.getstate() == state


def test_the_method_behind_a_name(fake: faker.Faker) -> None:
    method: Any = internals.method_of(fake, "animal")
    assert method.__func__ is Zoo.animal
    assert isinstance(method.__self__, Zoo)
    with pytest.raises(AttributeError):
        internals.method_of(fake, "no_such_name")


def test_several_locales_take_turns() -> None:
    several = faker.Faker(["ja_JP", "ru_RU"])
    method = internals.method_of(several, "last_name")
    assert internals.drawn(method, {}) is None
    known = {name: faker.Faker(name).factories[0] for name in several.locales}
    found = {
        locale
        for value in (method() for _ in range(200))
        for locale, generator in known.items()
        if value in generator.get_formatter("last_name").__self__.last_names
    }
    assert found == {"ja_JP", "ru_RU"}
    with pytest.raises(AttributeError):
        internals.method_of(several, "no_such_name")


@pytest.mark.parametrize("name", ["animal", "last_of_one", "through_another"])
def test_a_method_that_chooses(fake: faker.Faker, name: str) -> None:
    found = drawn(fake, name)
    assert (found.elements, found.weights) == (Zoo.animals, None)


def test_weights_count_where_faker_lets_them(fake: faker.Faker) -> None:
    for weighting in (True, False):
        it = faker.Faker("en_US", use_weighting=weighting)
        assert (drawn(it, "first_name").weights is not None) is weighting
    assert drawn(fake, "common").weights is None
    fake.add_provider(type("Weighing", (Zoo,), {"__use_weighting__": True}))
    found = drawn(fake, "common")
    assert (found.elements, found.weights) == (("dog", "cat"), (3.0, 4.0))


def test_a_method_that_fills_in_a_format(fake: faker.Faker) -> None:
    found = drawn(fake, "sentence")
    assert isinstance(found, Filled)
    assert found.formats.elements == ("{{animal}}!", "no {{common}}")


@pytest.mark.parametrize("name", ["loud", "either", "several", "number"])
def test_a_method_that_does_more(fake: faker.Faker, name: str) -> None:
    assert drawn(fake, name) is None


def test_faker_has_the_tokens_that_are_read_here(fake: faker.Faker) -> None:
    text = "{a} {{ animal }} and {{common}}"
    split = internals.split_format(text)
    assert split == ("{{a}} {} and {}", ["animal", "common"])
    template, names = split
    ways = {template.format(a, c) for a in Zoo.animals for c in Zoo.animals}
    assert names == ["animal", "common"]
    assert fake.parse(text) in ways
    assert internals.split_format("{{animal:group}}") is None


def test_faker_itself_draws_from_the_same_elements(fake: faker.Faker) -> None:
    """Of the methods that the built-in factories use most: the list that is seen is the list."""
    for name in ("first_name", "last_name", "city_suffix", "country", "job", "tld", "color_name"):
        found = drawn(fake, name)
        assert isinstance(found, Choice), name
        assert {getattr(fake, name)() for _ in range(50)} <= {*found.elements}
    for name in ("name", "company", "street_name"):
        assert isinstance(drawn(fake, name), Filled), name


def test_a_random_element(fake: faker.Faker) -> None:
    assert drawn(fake, "random_element").elements == ("a", "b", "c")
    assert {fake.random_element() for _ in range(100)} == {"a", "b", "c"}
    assert drawn(fake, "random_element", elements="xy").elements == "xy"


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("date_between", dict(start_date=date(2024, 1, 1), end_date=date(2024, 1, 4))),
        ("boolean", {}),
        ("boolean", dict(chance_of_getting_true=100)),
        ("pyint", dict(min_value=3, max_value=9, step=2)),
        ("random_int", dict(min=3, max=9, step=2)),
    ],
)
def test_values_that_are_drawn_from_a_list_of_all(
    fake: faker.Faker, name: str, arguments: dict[str, Any]
) -> None:
    method = internals.method_of(fake, name)
    assert getattr(method, "__func__", None) in internals._SPECIAL
    values = {method(**arguments) for _ in range(400)}
    assert values == {*drawn(fake, name, **arguments).elements}


def test_the_values_without_arguments(fake: faker.Faker) -> None:
    today = date.today()
    days = drawn(fake, "date_between").elements
    assert (days[0].year, today.toordinal() - days[-1].toordinal()) == (today.year - 30, 1)
    for name in ("pyint", "random_int"):
        assert drawn(fake, name).elements == range(0, 10_000)
        assert 0 <= getattr(fake, name)() < 10_000


def test_a_date_as_faker_reads_it(fake: faker.Faker) -> None:
    """Each of the forms that date_between() takes."""
    provider: Any = internals.method_of(fake, "date_between")
    parse = provider.__self__._parse_date
    assert parse(date(2024, 5, 31)) == date(2024, 5, 31)
    assert parse("today") == date.today()
    assert (parse("+1y") - date.today()).days in (365, 366)


def test_a_range_without_days_is_left_to_faker(fake: faker.Faker) -> None:
    assert drawn(fake, "date_between", start_date="today", end_date="today") is None
    assert drawn(fake, "pyint", min_value=5, max_value=4) is None


def test_unique_refers_to_what_it_gave(fake: faker.Faker) -> None:
    """The functions of ``fake.unique`` hold it, and it can be emptied."""
    assert isinstance(fake.unique, internals.UniqueProxy)
    method = fake.unique.random_int
    assert fake.unique in [cell.cell_contents for cell in method.__closure__]
    assert {fake.unique.random_int(1, 3) for _ in range(3)} == {1, 2, 3}
    fake.unique.clear()
    assert fake.unique.random_int(1, 3) in (1, 2, 3)

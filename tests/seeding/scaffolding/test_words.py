"""The longest value of each provider of Faker fits the columns that it is taken for."""

from __future__ import annotations

import factory
import pytest

from sqlalchemy_manage.seeding.scaffolding.words import TEXTS, provider


@pytest.mark.parametrize(("call", "longest"), sorted({(call, length) for _, call, length in TEXTS}))
def test_no_value_is_longer(call: str, longest: int) -> None:
    declared = eval(f"factory.Faker({call})", {"factory": factory})
    values = [row["x"] for row in factory.make_factory(dict, x=declared).build_batch(300)]
    assert max(map(len, values)) <= longest


@pytest.mark.parametrize(
    ("name", "owner", "length", "expected"),
    [
        ("email", "User", 255, '"email"'),
        ("email", "User", 20, None),
        ("billing_city", "Order", 50, None),
        ("name", "Customer", 100, '"name"'),
        ("name", "Product", 100, '"word"'),
        ("country", "Address", 2, '"country_code"'),
        ("description", "Product", None, '"paragraph"'),
        ("xyz", "Product", None, None),
    ],
)
def test_a_name_says_what_the_values_are(
    name: str, owner: str, length: int | None, expected: str | None
) -> None:
    assert provider(name, owner, length) == expected

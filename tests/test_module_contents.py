"""Whatever a module of the project holds, looking through it runs none of it."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.project import SETTINGS, ProjectFolder

from sqlalchemy_manage.module_contents import is_a, module_of, stored

TOUCHY = '''
class Touched(BaseException):
    """Not one that hasattr() or a bare except would hide."""


def _touch(self, *args, **kw):
    raise Touched


class Proxy:
    """As werkzeug's LocalProxy outside of its context, Django's SimpleLazyObject, wrapt's."""

    __slots__ = ()
    __class__ = property(_touch)
    __module__ = property(_touch)
    __getattr__ = __call__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = _touch
    __dir__ = __repr__ = __str__ = __instancecheck__ = __next__ = _touch


class Asked:
    metadata = metadatas = registry = property(_touch)
    __eq__ = __bool__ = __hash__ = _touch


class Meta(type):
    @property
    def metadata(cls):
        raise Touched

    registry = metadatas = metadata
    __eq__ = __bool__ = _touch
    __hash__ = type.__hash__


class Strange(metaclass=Meta):
    pass


current_app, asked, strange = Proxy(), Asked(), Strange
expression = sa.Column("a", sa.Integer) == 1
'''


def test_no_command_asks_what_a_module_holds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'staff.sqlite'}"
    project = ProjectFolder(tmp_path, url)
    (tmp_path / "staff_settings.py").write_text(
        SETTINGS.format(url, url) + "FACTORIES = ['staff.more_factories']\n"
    )
    table = 'item = table("item", key(), Column("name", String(20)))\n'
    project.models(TOUCHY + "class Item: pass\nfrom sqlalchemy.orm import registry\n" + table)
    with project.file.open("a") as file:
        file.write("registry(metadata=metadata).map_imperatively(Item, item)\n")
    (tmp_path / "staff" / "factories.py").write_text(
        TOUCHY.replace("expression =", "import sqlalchemy as sa\nexpression =")
        + "import factory\nfrom factory.alchemy import SQLAlchemyModelFactory\n"
        "from .models import Item\n"
        "class ItemFactory(SQLAlchemyModelFactory):\n"
        "    class Meta: model = Item\n"
        "    name = factory.LazyFunction(lambda: 'x' if current_app is not None else asked)\n"
    )
    (tmp_path / "staff" / "more_factories.py").write_text("from .factories import *\n")
    (tmp_path / "staff" / "seeds.py").write_text(
        "from sqlalchemy_manage.seeding import Profile, Rows\nfrom .factories import *\n"
        "demo = Profile(Rows(ItemFactory, 3))\n"
    )
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    for command in (
        *(("check",), ("makemigrations", "--check"), ("makefactories",), ("checklinks",)),
        *(("seed", "demo"), ("seed", "demo", "--dry-run"), ("seed", "Item=2", "--auto")),
        *(("seed", "Item=2", "--jobs", "2"), ("dumpdata",), ("flush",)),
        *(("shell", "-c", "print(Item, Touched)"), ("migrate", "zero")),
    ):
        project.done(*command, *(["--no-input"] if command[0] == "flush" else []))


def test_what_an_attribute_is_stored_as() -> None:
    class Slotted:
        __slots__ = ("a", "b")

    class Held:
        c = 3

        @property
        def d(self) -> int:
            raise AssertionError

    slotted, held = Slotted(), Held()
    slotted.a = 1
    vars(held)["e"] = 4
    assert [stored(slotted, "a"), stored(slotted, "b"), stored(held, "c")] == [1, None, 3]
    assert stored(held, "e") == 4 and is_a(stored(held, "d"), property)
    assert stored(Held, "c") == 3 and stored(held, "none") is None


@pytest.mark.parametrize(
    ("value", "module"),
    [
        (Path, "pathlib"),
        (int, "builtins"),
        (len, "builtins"),
        (test_what_an_attribute_is_stored_as, __name__),
        (Path().exists, "pathlib"),
        (sa.MetaData(), "sqlalchemy.sql.schema"),
        (types.SimpleNamespace(__module__="x"), "x"),
        (object(), None),
        (3, None),
    ],
)
def test_where_a_value_is_from(value: Any, module: str | None) -> None:
    assert module_of(value) == module

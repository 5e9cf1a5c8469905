"""METADATA: models that are in no installed app, and what an entry that is wrong is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.programs import forget_modules

from sqlalchemy_manage.errors import AppError
from sqlalchemy_manage.migrations.actions.makemigrations import require_models
from sqlalchemy_manage.project import Project

Make = Callable[..., Project]

BASE = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n"
ITEM = """
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, DeclarativeBase
class Base(DeclarativeBase): pass
class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
log = sa.Table("log", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """``project({"shop/models.py": text}, METADATA=[...])``: the project of these files."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(files: dict[str, str], **settings: object) -> Project:
        settings = {"DATABASES": {"default": {"URL": "sqlite://"}}} | settings
        lines = [f"{name} = {value!r}\n" for name, value in settings.items()]
        for name, text in {"named_settings.py": "".join(lines), **files}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            for folder in file.relative_to(tmp_path).parents:
                if str(folder) != ".":
                    (tmp_path / folder / "__init__.py").touch()
        return Project("named_settings")

    yield make
    forget_modules(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("Base", "Base.metadata", "Base.registry", "Item", "log", "several", "by_name", "make"),
        *("Holder", "holder", "computed", "make_base", "slotted"),
    ],
)
def test_what_leads_to_a_metadata_may_be_named(project: Make, name: str) -> None:
    more = """
several = [Base.metadata]
by_name = {"a": Base}
def make(): return Base.metadata
def make_base(): return Base
class Holder:
    metadata = Base.metadata
holder = Holder()
class Computed:
    @property
    def metadata(self): return Base.metadata
computed = Computed()
class Slotted:
    __slots__ = ("metadata",)
slotted = Slotted()
slotted.metadata = Base.metadata
"""
    found = project({"shop/db.py": ITEM + more}, METADATA=[f"shop.db:{name}"])
    assert [table.name for table in found.tables] == ["item", "log"]
    assert [mapper.class_.__name__ for mapper in found.mappers] == ["Item"]
    assert set(found.labels) == {"shop.item", "shop.log"}


def test_several_entries_may_name_one_metadata(project: Make) -> None:
    """The base knows no model; those of the second entry count for the first as well."""
    models = ITEM.replace("class Base(DeclarativeBase): pass", "from shop.db import Base")
    files = {"shop/db.py": BASE, "billing/orders.py": models}
    found = project(files, METADATA=["shop.db:Base", "billing.orders:Base"])
    require_models(found)
    assert len(found.metadatas) == 1
    # A class is where it is written; a table of no class is where it has a name.
    assert set(found.labels) == {"billing.item", "billing.log"}


def test_a_module_without_a_package(project: Make) -> None:
    found = project(
        {"models.py": ITEM, "factories.py": "from models import Item\n"}, METADATA=["models:Base"]
    )
    assert set(found.labels) == {"models.item", "models.log"}
    from sqlalchemy_manage.seeding.discovery import looked_in, modules

    assert [module.__name__ for module in modules(found)] == ["factories"]
    assert looked_in(found) == "factories, tests.factories, testing.factories"


def test_apps_and_metadata_together(project: Make) -> None:
    files = {"shop/models.py": ITEM, "audit/db.py": ITEM.replace('"', '"audit_', 2)}
    files["audit/db.py"] = ITEM.replace('"item"', '"event"').replace('"log"', '"trace"')
    found = project(files, INSTALLED_APPS=["shop"], METADATA=["audit.db:Base"])
    assert set(found.labels) == {"shop.item", "shop.log", "audit.item", "audit.trace"}
    assert [home.name for home in found.homes] == ["shop", "audit"]


def test_an_alias_may_have_a_metadata_of_its_own(project: Make) -> None:
    entries = {
        "default": {"URL": "sqlite://"},
        "log": {"URL": "sqlite://", "METADATA": ["shop.db:logs"]},
    }
    text = ITEM + "logs = sa.MetaData()\nsa.Table('line', logs, sa.Column('id', sa.Integer))\n"
    found = project({"shop/db.py": text}, DATABASES=entries, METADATA=["shop.db:Base"])
    assert [table.name for table in found.tables] == ["item", "log"]
    assert [t.name for t in Project("named_settings", "log").tables] == ["line"]


def test_where_the_settings_name_nothing_another_source_may(project: Make) -> None:
    found = project({"shop/db.py": ITEM})
    assert found.metadatas == [] and found.mappers == [] and found.labels == {}
    found.forget_models()
    from importlib import import_module

    found.other_metadatas = lambda project: [import_module("shop.db").Base.metadata]
    assert set(found.labels) == {"shop.item", "shop.log"}


ENTRIES = {
    "no.such:Base": "there is no module 'no'.",
    "shop.nowhere:Base": "there is no module 'shop.nowhere'.",
    "shop.db:Basis": "shop.db has no 'Basis'. Did you mean 'Base'?",
    "shop.db:Base.metadat": "shop.db.Base has no 'metadat'. Did you mean 'metadata'?",
    "shop.db:number": "is of <class 'int'>, which has no MetaData.",
    "shop.db:Plain": "is the class Plain, which has no MetaData.",
    "shop.db:make_number": "returns of <class 'int'>, which has no MetaData.",
    "shop.db:fail": "cannot be called: ValueError: out of order (",
    "shop.needs:Base": "shop.needs imports 'no_such_library', which is not installed (",
    "shop.broken:Base": "shop.broken cannot be imported: ZeroDivisionError: division by zero (",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_that_is_wrong(project: Make, tmp_path: Path, entry: str) -> None:
    more = (
        "number = 1\nclass Plain: pass\ndef make_number(): return 1\n"
        "def fail(): raise ValueError('out of order')\n"
    )
    files = {"shop/db.py": ITEM + more, "shop/broken.py": "\n1 / 0\n"}
    files["shop/needs.py"] = "import no_such_library\n"
    with pytest.raises(AppError) as caught:
        _ = project(files, METADATA=[entry]).metadatas
    assert caught.value.message.startswith(f"METADATA of {tmp_path / 'named_settings.py'}: ")
    assert ENTRIES[entry] in caught.value.message
    if "broken" in entry:
        assert f"({tmp_path / 'shop' / 'broken.py'}, line 2)" in caught.value.message


def test_a_metadata_without_tables_says_what_is_missing(project: Make, tmp_path: Path) -> None:
    """Or its tables would seem to be deleted."""
    found = project({"shop/db.py": BASE, "shop/models.py": ITEM}, METADATA=["shop.db:Base"])
    with pytest.raises(AppError) as caught:
        require_models(found)
    assert "no module with models is imported by shop.db" in caught.value.message
    assert '"shop.models:Base"' in (caught.value.hint or "")


PACKAGES = {
    "names": ("from .order import Order\nfrom .item import Item\n", {"item", "order"}),
    "modules": ("from . import order, item\n", {"item", "order"}),
    "nothing": ("", {"item", "order", "deep"}),
    "the base alone": ("from ..db import Base\n", {"item", "order", "deep"}),
    "one of them": ("from .order import Order\n", {"order"}),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_models_in_a_package(project: Make, tmp_path: Path, case: str) -> None:
    """All of its modules are imported where its ``__init__.py`` leads to no model."""
    init, tables = PACKAGES[case]
    head = "from sqlalchemy.orm import Mapped, mapped_column\nfrom shop.db import Base\n"
    model = "class {0}(Base):\n    __tablename__ = {1!r}\n    {2}\n"
    key = "id: Mapped[int] = mapped_column(primary_key=True)"
    files = {
        f"shop/models/{place}.py": head + model.format(name.title(), name, key)
        for place, name in (("order", "order"), ("item", "item"), ("more/deep", "deep"))
    }
    files["shop/models/test_models.py"] = "raise AssertionError('a test was imported')\n"
    found = project(
        {"shop/models/__init__.py": init, "shop/db.py": BASE, **files}, INSTALLED_APPS=["shop"]
    )
    assert {table.name for table in found.tables} == tables
    assert set(found.labels) == {f"shop.{name}" for name in tables}


def test_the_innermost_app_has_the_label(project: Make) -> None:
    files = {
        "shop/models.py": ITEM,
        "shop/orders/models.py": ITEM.replace('"item"', '"sold"').replace('"log"', '"sold_log"'),
        "common/tables.py": "import sqlalchemy as sa\nfrom shop.models import Base\n"
        "unit = sa.Table('unit', Base.metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
        "class Unit(Base):\n    __table__ = unit\n",
    }
    files["shop/orders/models.py"] += "from common.tables import Unit\n"
    found = project(files, INSTALLED_APPS=["shop", "shop.orders"])
    labels = {"shop.item", "shop.log", "orders.item", "orders.sold_log", "common.unit"}
    assert set(found.labels) == labels

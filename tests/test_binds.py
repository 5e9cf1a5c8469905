"""Models in several databases: which table is in which, and what each command makes of that."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from support.programs import PROJECTS, Manage, Result, run

from sqlalchemy_manage.binds import apart, bind, parts, require_one_of_each
from sqlalchemy_manage.errors import AppError, SettingsError

KNOWN = ("default", "log", "copy")


def names(metadatas: list[sa.MetaData], alias: str) -> set[str]:
    return {name for part in parts(metadatas, alias) for name in part.tables}


def key(target: str | None = None) -> sa.Column[int]:
    if target is None:
        return sa.Column("id", sa.Integer, primary_key=True)
    return sa.Column(target.partition(".")[0], sa.ForeignKey(target))


class TestOwners:
    def models(self, **info: object) -> sa.MetaData:
        metadata = sa.MetaData(info=info)
        sa.Table("user", metadata, key())
        sa.Table("visit", metadata, key(), key("user.id"), info={"bind_key": "log"})
        sa.Table("page", metadata, key(), info={"bind_key": "log"})
        sa.Table("visit_page", metadata, key("visit.id"), key("page.id"))
        return metadata

    def test_an_unbound_table_is_in_default_and_in_copies(self) -> None:
        metadata = self.models()
        assert bind([metadata], KNOWN, named={})
        assert names([metadata], "default") == names([metadata], "copy") == {"user"}
        assert names([metadata], "log") == {"visit", "page", "visit_page"}

    def test_nothing_is_divided_without_a_bound_table(self) -> None:
        metadata = sa.MetaData()
        table = sa.Table("user", metadata, key())
        assert not bind([metadata], KNOWN, named={})
        assert not apart(table, table)

    def test_a_foreign_key_into_another_database_is_created_nowhere(self) -> None:
        metadata = self.models()
        bind([metadata], KNOWN, named={})
        (part,) = parts([metadata], "log")
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        part.create_all(engine)
        assert sa.inspect(engine).get_foreign_keys("visit") == []
        assert len(sa.inspect(engine).get_foreign_keys("visit_page")) == 2
        assert len(metadata.tables["visit"].foreign_keys) == 1  # for a mapper
        # Where everything is in one database, it is there again.
        metadata.tables["visit"].info.clear()
        metadata.tables["page"].info.clear()
        bind([metadata], KNOWN, named={})
        assert len(metadata.tables["visit"].constraints) == 2

    def test_a_router_comes_first_and_may_not_care(self) -> None:
        metadata = self.models()
        answers = {"user": "copy", "page": None}
        bind([metadata], KNOWN, named={}, router=lambda table: answers.get(table.name))
        assert names([metadata], "copy") == {"user"}
        assert names([metadata], "log") >= {"visit", "page"}
        assert names([metadata], "default") == set()

    def test_a_class_and_its_bases(self) -> None:
        class Base(DeclarativeBase):
            pass

        class Logged(Base):
            __abstract__ = True
            __bind_key__ = "log"

        class Entry(Logged):
            __tablename__ = "entry"
            id: Mapped[int] = mapped_column(primary_key=True)

        class User(Base):
            __tablename__ = "user"
            id: Mapped[int] = mapped_column(primary_key=True)

        bind([Base.metadata], KNOWN, named={})
        assert names([Base.metadata], "log") == {"entry"}
        assert apart(Entry.__table__, User.__table__)

    def test_the_metadata_of_an_alias_is_its_own(self) -> None:
        own, other = sa.MetaData(), sa.MetaData()
        sa.Table("entry", own, key())
        sa.Table("user", other, key())
        bind([own, other], KNOWN, named={"log": [own], "copy": [own]})
        assert parts([own, other], "log") == parts([own, other], "copy") == [own]
        assert parts([own, other], "default") == [other]

    @pytest.mark.parametrize("where", ["router", "table", "metadata"])
    def test_an_alias_that_there_is_not(self, where: str) -> None:
        metadata = self.models(**({"bind_key": "logs"} if where == "metadata" else {}))
        if where == "table":
            metadata.tables["page"].info["bind_key"] = "logs"
        router = (lambda table: "logs") if where == "router" else None
        with pytest.raises(SettingsError, match=r"'logs'.* Did you mean 'log'\?") as error:
            bind([metadata], KNOWN, named={}, router=router, file=Path("settings.py"))
        assert "Known: default, log, copy" in str(error.value.hint)

    def test_a_router_that_raises_is_named(self) -> None:
        def router(table: sa.Table) -> str:
            return {"user": "log"}["nobody"]

        with pytest.raises(AppError, match=r"ROUTER of settings\.py fails for .*: KeyError: "):
            bind([self.models()], KNOWN, named={}, router=router, file=Path("settings.py"))

    def test_two_tables_of_one_name_name_both_modules(self) -> None:
        both = [sa.MetaData(), sa.MetaData()]
        for metadata in both:
            sa.Table("user", metadata, key())
        modules = iter(("shop.models", "blog.models"))
        with pytest.raises(AppError, match=r"'user'.*shop\.models.*blog\.models"):
            require_one_of_each(both, lambda table: next(modules))


@pytest.fixture
def blog(tmp_path: Path) -> Manage:
    folder = tmp_path / "project"
    shutil.copytree(PROJECTS / "binds", folder)

    def manage(*words: object) -> Result:
        return run(folder, "manage.py", *words)

    assert manage("makemigrations", "--all", "--no-input").code == 0
    assert manage("migrate", "--all").code == 0
    return manage


def tables(folder: Path, name: str) -> set[str]:
    with sqlite3.connect(folder / f"{name}.sqlite") as connection:
        found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    return {n for n in found if not n.startswith(("sqlalchemy_", "sqlite_", "ix_", "alembic"))}


class TestProject:
    def test_each_database_has_its_tables_and_its_history(
        self, blog: Manage, tmp_path: Path
    ) -> None:
        folder = tmp_path / "project"
        assert tables(folder, "main") == tables(folder, "copy") == {"user"}
        assert tables(folder, "log") == {"visit", "page", "visit_page", "user"}
        for words in (("check",), ("makemigrations", "--check"), ("checklinks",)):
            assert blog(*words, "--all").code == 0, words
        assert "name" in (folder / "migrations/versions/0001_initial.py").read_text()
        assert "seen" in (folder / "migrations_log/versions/0001_initial.py").read_text()

    def test_a_link_to_another_database_is_not_judged(self, blog: Manage) -> None:
        shown = blog("checklinks", "--database", "log").stdout
        assert "Visit.user is not judged: it leads to another database (copy, default)" in shown

    def test_rows_are_seeded_listed_and_loaded_where_they_are(
        self, blog: Manage, tmp_path: Path
    ) -> None:
        assert blog("seed").stdout.split()[:4] == ["table", "rows", "─" * 12, "user"]
        seeded = blog("seed", "--database", "log")
        assert "visit" in seeded.stdout and "Left out" not in seeded.stderr
        refused = blog("seed", "Visit=1")
        assert (refused.code, refused.stderr) == (
            2,
            "Error: The model 'Visit' is not in the database 'default'.\n"
            "Choose one that has it: --database log.\n",
        )
        fixture = tmp_path / "log.json"
        fixture.write_text(blog("dumpdata", "--database", "log").stdout)
        assert blog("flush", "--database", "log", "--no-input").code == 0
        assert blog("loaddata", fixture, "--database", "log").code == 0
        assert blog("dumpdata", "--database", "log").stdout == fixture.read_text()
        assert blog("shell", "-c", "print(User.__name__)").stdout == "User\n"
        assert blog("shell", "--database", "log", "-c", "print(Visit.__name__)").code == 0

    def test_no_row_is_made_in_two_databases(self, blog: Manage, tmp_path: Path) -> None:
        file = tmp_path / "project" / "blog" / "factories.py"
        text = file.read_text()
        old = "user_id = factory.Sequence(lambda number: number)"
        file.write_text(text.replace(old, "user = factory.SubFactory(UserFactory)"))
        refused = blog("seed", "--database", "log")
        assert refused.code == 1
        assert "VisitFactory.user leads to User, which is in another database" in refused.stderr

    def test_two_databases_with_different_models_need_two_histories(
        self, blog: Manage, tmp_path: Path
    ) -> None:
        settings = tmp_path / "project" / "settings.py"
        settings.write_text(
            settings.read_text().replace(', "MIGRATIONS_DIR": "migrations_log"', "")
        )
        for alias in ("default", "log"):
            refused = blog("makemigrations", "--database", alias)
            assert refused.code == 1
            assert "have different models, and one history" in refused.stderr
            assert 'DATABASES[\'log\']["MIGRATIONS_DIR"] = "migrations_log"' in refused.stderr

    def test_a_router_of_the_settings(self, blog: Manage, tmp_path: Path) -> None:
        folder = tmp_path / "project"
        models = folder / "blog" / "models.py"
        models.write_text(models.read_text().replace('    __bind_key__ = "log"\n', ""))
        (folder / "blog" / "routing.py").write_text(
            "def alias_of(table):\n    return 'log' if table.name in ('visit', 'page') else None\n"
        )
        with (folder / "settings.py").open("a") as settings:
            settings.write('ROUTER = "blog.routing:alias_of"\n')
        assert blog("makemigrations", "--all", "--check").code == 0
        with (folder / "settings.py").open("a") as settings:
            settings.write('ROUTER = "blog.routing:nothing"\n')
        assert "there is no 'nothing' in blog.routing" in blog("check").stdout

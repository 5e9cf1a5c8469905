"""Two histories in one database: each has its own version table, ledger and journal."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

SETTINGS = """\
DATABASES = {{
    "default": {{"URL": {0!r}}},
    "auth": {{"URL": {0!r}, "MIGRATIONS_DIR": "auth", "VERSION_TABLE": {1!r}}},
}}
INSTALLED_APPS = ["staff"]
"""
MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'
AUTH = ("--database", "auth")


class TwoHistories(ProjectFolder):
    """The second is of ``alembic_version_auth`` unless ``table`` names another."""

    def __init__(self, folder: Path, url: str, table: str = "alembic_version_auth") -> None:
        super().__init__(folder, url)
        self.write_history()
        (folder / "staff_settings.py").write_text(SETTINGS.format(url, table))
        self.step("0001_a", MAKE.format("a"), undo='op.drop_table("a")')
        self.step("0002_b", MAKE.format("b"), undo='op.drop_table("b")')
        (folder / "auth" / "versions").mkdir(parents=True)
        (folder / "auth" / "env.py").write_text((folder / "migrations" / "env.py").read_text())
        for name, down in (("0001_u", None), ("0002_v", "0001_u")):
            path = self.revision(name, down, MAKE.format(name), f'op.drop_table("{name}")')
            path.rename(folder / "auth" / "versions" / path.name)

    @property
    def tables(self) -> set[str]:
        return set(sa.inspect(self.engine).get_table_names())

    def marks(self, table: str = "alembic_version") -> list[str]:
        return [name for (name,) in self.query(f"SELECT version_num FROM {table}")]


@pytest.fixture
def two(tmp_path: Path, database_url: str) -> TwoHistories:
    return TwoHistories(tmp_path, database_url)


def test_neither_touches_the_others_mark_nor_its_ledger(two: TwoHistories) -> None:
    two.done("migrate")
    assert two.done("showmigrations", *AUTH).stdout == "[ ] 0001_u\n[ ] 0002_v\n"
    two.done("migrate", *AUTH)
    assert (two.marks(), two.marks("alembic_version_auth")) == (["0002_b"], ["0002_v"])
    ledgers = {name for name in two.tables if name.startswith("sqlalchemy_manage_ledger")}
    assert ledgers == {
        "sqlalchemy_manage_ledger",
        "sqlalchemy_manage_ledger_alembic_version_auth",
    }
    own = "SELECT revision FROM sqlalchemy_manage_ledger_alembic_version_auth ORDER BY id"
    assert two.query(own) == [("0001_u",), ("0002_v",)]
    for command in (["migrate"], ["migrate", "--check"]):
        two.done(*command)
    two.done("migrate", "zero", "--fake", *AUTH)
    assert (two.marks(), two.marks("alembic_version_auth")) == (["0002_b"], [])
    two.done("migrate", "0001", "--fake", *AUTH)
    two.done("rollback")
    assert (two.marks(), two.marks("alembic_version_auth")) == (["0001_a"], ["0001_u"])
    two.done("migrate", "zero", *AUTH)
    assert "a" in two.tables and "0001_u" not in two.tables


def test_a_mark_without_a_file_is_replaced_in_its_own_table(two: TwoHistories) -> None:
    two.done("migrate")
    two.done("migrate", *AUTH)
    two.execute("UPDATE alembic_version_auth SET version_num = 'gone'")
    result = two.manage("migrate", *AUTH)
    assert result.code == 1 and "at gone, and no revision file" in result.stderr
    assert "the mark of another tool" in result.stderr
    two.done("migrate", "0002", "--fake", *AUTH)
    assert (two.marks(), two.marks("alembic_version_auth")) == (["0002_b"], ["0002_v"])


def test_the_tables_of_the_other_are_nobodys_models(two: TwoHistories) -> None:
    two.models('a = table("a", key())\nb = table("b", key())\n')
    two.done("migrate", *AUTH)
    two.done("migrate")
    two.execute('DROP TABLE "0001_u"' if two.backend != "mariadb" else "DROP TABLE `0001_u`")
    two.execute('DROP TABLE "0002_v"' if two.backend != "mariadb" else "DROP TABLE `0002_v`")
    assert "No changes" in two.done("makemigrations", "--check").stderr
    two.done("check", "--drift")


def test_a_name_that_begins_otherwise(tmp_path: Path, database_url: str) -> None:
    two = TwoHistories(tmp_path, database_url, "auth_revision")
    two.models('a = table("a", key())\nb = table("b", key())\n')
    two.done("migrate", *AUTH)
    assert two.marks("auth_revision") == ["0002_v"]
    assert "alembic_version" not in two.tables
    two.done("migrate")
    assert not {"auth_revision", "sqlalchemy_manage_ledger"} & set(
        two.done("dumpdata").stdout.split('"')
    )

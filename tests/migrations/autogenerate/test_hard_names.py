"""Names and texts that a database changes, or that look like SQL: clean after `migrate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.databases import BACKENDS
from support.project import ProjectFolder

CHINESE = "数据库表名称很长的一个中文表名称在这里数据库"  # 66 bytes
MODELS = {
    "more than 63 bytes": f"""
name = {CHINESE!r}
table(
    name,
    key(),
    Column("一二三四五六七八", Integer, index=True),
    Column("编码", Integer, unique=True),
    Column("父", ForeignKey(f"{{name}}.id")),
    Column("类", Enum("一", "二", name="类" * 22)),
    CheckConstraint("id > 0", name="正数正数正数"),
)
table("child", key("x" * 20 + "数" * 20), Column("p", ForeignKey(f"{{name}}.id")))
""",
    "more than 63 letters": """
table("t" * 70, key(), Column("c" * 70, Integer, index=True), Column("u", Integer, unique=True))
table("child", key(), Column("p", ForeignKey("t" * 70 + ".id")))
""",
    "quotes in names": """
for quote in ('"', "`", "'"):
    table(
        f"t{quote}x",
        key(),
        Column(f"a{quote}b", Integer, index=True),
        Column(f"{quote}u", Integer, unique=True),
        Column(f"p{quote}", ForeignKey(f"t{quote}x.{quote}u", ondelete="SET NULL")),
        Column("k", Integer),
        CheckConstraint("k > 0", name=f"c{quote}k"),
    )
    table(f"c{quote}", key(), Column("p", ForeignKey(f"t{quote}x.id")))
""",
    "emoji": """
table(
    "t",
    key(),
    Column("a", String(9), server_default="🎉", comment="🎉 x"),
    Column("e", Enum("🎉", "b", name="e"), index=True),
    CheckConstraint("a <> '🎈'", name="not"),
    comment="t 🎉",
)
""",
    "quotes": """
texts = ["'''", "'", "''", "'a'", "a'", "'a", '"', "\\\\'"]
table("t", key(), *(Column(f"c{i}", String(9), server_default=t) for i, t in enumerate(texts)))
""",
}
ONLY = {"more than 63 bytes": ["postgresql"], "more than 63 letters": ["postgresql"]}


@pytest.mark.parametrize(
    ("backend", "kind"), [(b, kind) for kind in MODELS for b in ONLY.get(kind, BACKENDS)]
)
def test_hard_names(
    backend: str, kind: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.begin(MODELS[kind])
    app.done("makemigrations", "--check", "--no-input")
    # A change of something else leaves them as they are.
    app.models(MODELS[kind].replace(" key(),", ' key(), Column("more", Integer),'))
    app.done("makemigrations", "--no-input")
    app.done("migrate")
    app.done("makemigrations", "--check", "--no-input")
    app.done("migrate", "zero")
    app.done("migrate")
    app.done("makemigrations", "--check", "--no-input")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_default_of_quotes_is_in_force(
    backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.begin(MODELS["quotes"])
    app.execute("INSERT INTO t (id) VALUES (1)")
    values = [column.server_default.arg for column in list(app.metadata.tables["t"].c)[1:]]
    assert values[0] == "'''"
    assert list(app.query("SELECT * FROM t")[0])[1:] == values


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_key_written_within_a_column_has_its_options(
    backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.execute(
        "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a_id INTEGER REFERENCES a (id)"
        " ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED)",
    )
    app.models("""
metadata = MetaData()
table("a", key())
table(
    "b",
    key(),
    Column(
        "a_id",
        ForeignKey(
            "a.id", ondelete="SET NULL", onupdate="CASCADE", deferrable=True, initially="DEFERRED"
        ),
    ),
)
""")
    app.done("makemigrations", "--check", "--no-input")

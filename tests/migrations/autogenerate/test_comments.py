"""Comments: a revision that SQLite has written has them, though SQLite keeps none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.evolution import HEADER
from support.project import ProjectFolder

MODEL = """
class T(Base):
    __tablename__ = "t"
    __table_args__ = {args}
    id: Mapped[int] = mapped_column(primary_key=True)
    s: Mapped[str] = mapped_column(String(20){comment})
    {more}
"""


def model(table: str = "", column: str = "", more: str = "") -> str:
    args = f'{{"comment": {table!r}}}' if table else "{}"
    comment = f", comment={column!r}" if column else ""
    return HEADER + MODEL.format(args=args, comment=comment, more=more)


STEPS = (
    model(),
    model("all of it", "the text"),
    model("all of it", "another", 'n: Mapped[Optional[int]] = mapped_column(comment="new")'),
    model("some of it", "", "n: Mapped[Optional[int]]"),
    model(),
)


@pytest.mark.parametrize("deployed", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.server
def test_what_sqlite_writes_is_complete_elsewhere(
    deployed: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    written = new_database("sqlite")
    author = ProjectFolder(tmp_path / "project", written)
    url = new_database(deployed)
    (author.folder / "staff_settings.py").write_text(
        f'DATABASES = {{"default": {{"URL": {written!r}}}, "other": {{"URL": {url!r}}}}}\n'
        'INSTALLED_APPS = ["staff"]\n'
    )
    for step in STEPS:
        author.file.write_text(step)
        drops = ["--allow-drop", "t.n"] if step is STEPS[-1] else []
        author.done("makemigrations", "--no-input", *drops)
        for alias in ("default", "other"):
            author.done("migrate", "--database", alias)
            checked = author.manage("makemigrations", "--check", "--database", alias)
            assert checked.code == 0, checked
    assert "_alembic_tmp_" not in author.done("sqlmigrate", author.revisions[1][:-3]).stdout
    author.done("migrate", "0002", "--database", "other")
    author.done("migrate", "zero", "--database", "other")


def test_types_are_named_as_in_models(tmp_path: Path, database_url: str) -> None:
    app = ProjectFolder(tmp_path / "project", database_url)
    body = (
        "class T(Base):\n"
        '    __tablename__ = "t"\n'
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    a = mapped_column({}, nullable=False)\n"
        "    b = mapped_column({}, nullable=False)\n"
        "    c = mapped_column({}, nullable=False)\n"
    )
    app.file.write_text(HEADER + body.format("String(20)", "Double()", "Numeric(10, 2)"))
    app.done("makemigrations")
    app.done("migrate")
    app.file.write_text(HEADER + body.format("Text()", "BigInteger()", "Numeric(12, 4)"))
    said = app.done("makemigrations", "--no-input").stderr
    for words in (
        "t.a: String(20) to Text",
        "t.b: Double to BigInteger",
        "t.c: Numeric(10, 2) to Numeric(12, 4)",
    ):
        assert f"  ~ alter column {words}\n" in said, said

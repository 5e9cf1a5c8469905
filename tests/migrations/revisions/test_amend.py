"""``--update``: more operations in a revision that may have been edited by hand."""

from __future__ import annotations

import ast
import os
import stat
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from support.programs import Result, run

from sqlalchemy_manage.errors import HistoryError, MigrationError
from sqlalchemy_manage.migrations.revisions.amend import Amendment, amend, amendable, amended
from sqlalchemy_manage.migrations.revisions.describe import Change
from sqlalchemy_manage.migrations.revisions.files import Draft
from sqlalchemy_manage.migrations.revisions.format import finish
from sqlalchemy_manage.migrations.revisions.history import History, Revision, read_history

HEAD = 'revision = "0002_x"\ndown_revision = "0001_a"\nbranch_labels = None\ndepends_on = None\n'
NEW = '''"""Add column t.b."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_t_b"
down_revision = "0002_x"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("t", sa.Column("b", postgresql.JSONB()))
    # WARNING: no name
    op.execute("""UPDATE t
  SET b = 'x'""")


def downgrade() -> None:
    op.drop_column("t", "b")
'''
ADDED = Change("+", "add column t.b", "t_b", "t")


def update(tmp_path: Path, text: str, new: str = NEW) -> str:
    path = tmp_path / "0002_x.py"
    path.write_bytes(text.encode())
    result = amended(path, new, [ADDED], tmp_path)
    assert path.read_bytes() == text.encode()
    ast.parse(result)
    return result


def test_what_is_written_by_hand_stays(tmp_path: Path) -> None:
    text = f'''#!/usr/bin/env python
"""The first words, by hand: größe."""
# Copyright somebody.
import json, os
from typing import Sequence

import sqlalchemy as sa  # the usual
from alembic import op

import mine

{HEAD}
SQL = """
    UPDATE t
"""


@mine.decorator
def helper(bind):
    return  json.dumps( [] )


def upgrade():
    """Up."""
    # First the rows.
    helper(op.get_bind())   ;   x = "größe"
    if x:
        op.execute(SQL)
    # the end


@mine.decorator
def downgrade():
    """Down."""
    # Undo the rows.
    helper(op.get_bind())


def another():
    pass
'''
    (tmp_path / "mine").mkdir()
    expected = (
        text.replace(
            '"""The first words, by hand: größe."""',
            '"""The first words, by hand: größe.\n\n+ add column t.b\n"""',
        )
        .replace(
            "from alembic import op\n",
            "from alembic import op\nfrom sqlalchemy.dialects import postgresql\n",
        )
        .replace(
            "    # the end\n",
            '    # the end\n    op.add_column("t", sa.Column("b", postgresql.JSONB()))\n'
            "    # WARNING: no name\n"
            '    op.execute("""UPDATE t\n  SET b = \'x\'""")\n',
        )
        .replace("    # Undo the rows.\n", '    op.drop_column("t", "b")\n    # Undo the rows.\n')
    )
    assert update(tmp_path, text) == expected


BODIES = {
    "pass": ("def upgrade():\n    pass\n", "def upgrade():\n    UP\n"),
    "pass with a comment": (
        "def upgrade():\n    # why\n    pass  # still\n",
        "def upgrade():\n    # why\n    UP  # still\n",
    ),
    "dots": ("def upgrade() -> None: ...\n", "def upgrade() -> None:\n    UP\n"),
    "on one line": ("def upgrade(): pass", "def upgrade():\n    UP\n"),
    "two on one line": (
        "def upgrade(): op.a(); op.b()  # both\n",
        "def upgrade():\n    op.a(); op.b()  # both\n    UP\n",
    ),
    "a docstring alone": (
        'def upgrade():\n    """Up."""\n',
        'def upgrade():\n    """Up."""\n    UP\n',
    ),
    "tabs": (
        "def upgrade():\n\tif 1:\n\t\top.a()\n",
        "def upgrade():\n\tif 1:\n\t\top.a()\n\tUP\n",
    ),
    "two spaces": ("def upgrade():\n  op.a()\n", "def upgrade():\n  op.a()\n  UP\n"),
    "a return": (
        "def upgrade():\n    op.a()\n    # done\n    return\n",
        "def upgrade():\n    op.a()\n    UP\n    # done\n    return\n",
    ),
    "no line end": ("def upgrade():\n    op.a()", "def upgrade():\n    op.a()\n    UP\n"),
    "several lines of arguments": (
        "def upgrade(\n    x=1,\n): op.a()\n",
        "def upgrade(\n    x=1,\n):\n    op.a()\n    UP\n",
    ),
    "a form feed": ("\f\ndef upgrade():\n    op.a()\n", "\f\ndef upgrade():\n    op.a()\n    UP\n"),
    "Alembic's comments": (
        "def upgrade():\n    # ### commands ###\n    pass\n    # ### end ###\n",
        "def upgrade():\n    # ### commands ###\n    UP\n    # ### end ###\n",
    ),
}


@pytest.mark.parametrize(("old", "expected"), BODIES.values(), ids=BODIES)
def test_the_end_of_the_upgrade(tmp_path: Path, old: str, expected: str) -> None:
    result = update(tmp_path, f"{HEAD}\n\n{old}", new="def upgrade():\n    op.new()\n")
    assert result == f'"""Add column t.b."""\n\n{HEAD}\n\n' + expected.replace("UP", "op.new()")


DOWN = {
    "pass": ("pass", "NEW"),
    "statements": ("op.a()\nop.b()", "NEW\nop.a()\nop.b()"),
    "a docstring": ('"""Down."""\n# then\nop.a()', '"""Down."""\nNEW\n# then\nop.a()'),
    "irreversible": ("raise NotImplementedError", "raise NotImplementedError"),
    "irreversible, said why": ('"""No."""\nraise Gone("x")', '"""No."""\nraise Gone("x")'),
}


@pytest.mark.parametrize(("old", "expected"), DOWN.values(), ids=DOWN)
def test_the_beginning_of_the_downgrade(tmp_path: Path, old: str, expected: str) -> None:
    start = f'"""x."""\n{HEAD}\ndef upgrade():\n    op.a()\n\ndef downgrade():\n'
    text = start + textwrap.indent(old + "\n", "    ")
    result = update(tmp_path, text, new="def downgrade():\n    op.new()\n")
    assert result == start.replace('"""x."""', '"""x.\n\n+ add column t.b\n"""') + textwrap.indent(
        expected.replace("NEW", "op.new()") + "\n", "    "
    )


def test_a_missing_downgrade_stays_missing(tmp_path: Path) -> None:
    assert "drop_column" not in update(tmp_path, f"{HEAD}\ndef upgrade():\n    pass\n")


IMPORTS = {
    "none": (
        '"""x."""\n\n',
        '"""x."""\n\nimport json\n\nimport sqlalchemy as sa\n\nimport mine\n\n',
    ),
    "none, no docstring": (
        "# c\n",
        "# c\nimport json\n\nimport sqlalchemy as sa\n\nimport mine\n\n",
    ),
    "the middle": (
        "import json\n\nimport mine\n",
        "import json\n\nimport sqlalchemy as sa\n\nimport mine\n",
    ),
    "the ends": (
        "import sqlalchemy as sa\n",
        "import json\n\nimport sqlalchemy as sa\n\nimport mine\n",
    ),
    "a section": (
        "import zlib\n\nfrom alembic import op\n\nimport other\n",
        "import zlib\nimport json\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n"
        "import other\nimport mine\n",
    ),
    "all there": (
        "import sqlalchemy as sa, json, mine.types, mine\n",
        "import sqlalchemy as sa, json, mine.types, mine\n",
    ),
}


@pytest.mark.parametrize(("old", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_imports_find_their_place(tmp_path: Path, old: str, expected: str) -> None:
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
    new = "import json\n\nimport sqlalchemy as sa\n\nimport mine\n\ndef upgrade():\n    sa, json\n"
    text = f"{old}{HEAD}\ndef upgrade():\n    op.a()\n"
    result = amended_without_docstring(tmp_path, text, new)
    assert result.partition("revision =")[0] == expected


def amended_without_docstring(tmp_path: Path, text: str, new: str) -> str:
    (tmp_path / "0002_x.py").write_text(text)
    return amended(tmp_path / "0002_x.py", new, (), tmp_path)


def test_a_name_that_means_something_else_is_refused(tmp_path: Path) -> None:
    text = f"import stdlib_accents as sa\n{HEAD}\ndef upgrade():\n    sa\n"
    with pytest.raises(MigrationError, match="'sa' comes from 'import stdlib_accents as sa'"):
        update(tmp_path, text)


DOCS = {
    "a list": (
        "Several changes: 2 operations.\n\n+ a\n- b that goes\n    on\n\nHand.\n",
        "Several changes: 3 operations.\n\n+ a\n- b that goes\n    on\n+ add column t.b\n\nHand.\n",
    ),
    "a sentence": ("Add column t.a.", "Add column t.a.\n\n+ add column t.b\n"),
    "quotes": ('Ends "so"\\ ""', 'Ends "so"\\ ""\n\n+ add column t.b\n'),
    "on the next line": ("\nWords.\n", "\nWords.\n\n+ add column t.b\n"),
}


@pytest.mark.parametrize(("old", "expected"), DOCS.values(), ids=DOCS)
def test_the_docstring_lists_the_new_operations(tmp_path: Path, old: str, expected: str) -> None:
    text = f"{old!r}\n{HEAD}\ndef upgrade():\n    pass\n"
    result = update(tmp_path, text)
    assert ast.get_docstring(ast.parse(result), clean=False) == expected


def test_the_ends_of_lines_stay(tmp_path: Path) -> None:
    text = f'"""x."""\n{HEAD}\ndef upgrade():\n    op.a()\n'
    windows = update(tmp_path, text.replace("\n", "\r\n"))
    assert windows.count("\r\n") == windows.count("\n")
    assert windows.replace("\r\n", "\n") == update(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["upgrade = print\n", "class X:\n    def upgrade(self): pass\n", ""]
)
def test_a_file_without_upgrade_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MigrationError, match=r"0002_x\.py has no function upgrade\(\)"):
        update(tmp_path, HEAD + text)


def test_the_amended_file_does_both(tmp_path: Path) -> None:
    first = finish(
        NEW.replace('"b"', '"a"')
        .replace("SET b", "SET a")
        .replace("postgresql.JSONB()", "sa.Text()"),
        tmp_path,
    )
    second = NEW.replace("postgresql.JSONB()", "sa.Text()")
    names: dict[str, Any] = {}
    exec(update(tmp_path, first, second), names)
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with Operations.context(MigrationContext.configure(connection)):
            names["upgrade"]()
            assert connection.exec_driver_sql("SELECT * FROM t").all() == [(1, "x", "x")]
            names["downgrade"]()
        assert connection.exec_driver_sql("SELECT * FROM t").all() == [(1,)]


def history(*downs: tuple[str, ...]) -> History:
    ids = ["0001_a", "0002_b", "0003_c"]
    return History(Revision(i, d, Path(f"{i}.py")) for i, d in zip(ids, downs, strict=False))


def test_which_revision_can_be_amended() -> None:
    chain = history((), ("0001_a",))
    assert amendable(chain, ("0001_a",)).id == "0002_b"
    assert amendable(chain, ()).id == "0002_b"
    with pytest.raises(HistoryError, match="0002_b, the newest revision, is applied") as caught:
        amendable(chain, ("0002_b",))
    assert "manage.py makemigrations" in str(caught.value.hint)
    assert "manage.py migrate 0001_a" in str(caught.value.hint)
    with pytest.raises(HistoryError, match="0001_a, the newest revision, is applied") as caught:
        amendable(history(()), ("0001_a",))
    assert "manage.py migrate zero" in str(caught.value.hint)
    with pytest.raises(HistoryError, match="no revision yet"):
        amendable(history(), ())
    with pytest.raises(HistoryError, match="2 heads"):
        amendable(history((), ()), ())
    with pytest.raises(HistoryError, match="joins branches"):
        amendable(history((), (), ("0001_a", "0002_b")), ("0001_a",))


@pytest.fixture
def amendment(tmp_path: Path) -> Amendment:
    path = tmp_path / "0002_x.py"
    path.write_text(f"{HEAD}\ndef upgrade():\n    op.a()\n")
    path.chmod(0o640)
    revision = read_history(tmp_path).by_id["0002_x"]
    return amend(revision, Draft(tmp_path / "0003_t_b.py", NEW, (ADDED,)), tmp_path)


def test_the_file_is_replaced_whole(amendment: Amendment, tmp_path: Path) -> None:
    assert amendment.changes == (ADDED,)
    assert amendment.write() == tmp_path / "0002_x.py"
    assert (tmp_path / "0002_x.py").read_text() == amendment.text
    assert stat.S_IMODE(os.stat(tmp_path / "0002_x.py").st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["0002_x.py"]
    assert 'revision = "0002_x"' in amendment.text and "0003_t_b" not in amendment.text


def test_a_file_changed_meanwhile_is_left_alone(amendment: Amendment, tmp_path: Path) -> None:
    (tmp_path / "0002_x.py").write_text("mine")
    with pytest.raises(HistoryError, match="has changed in the meantime"):
        amendment.write()
    assert (tmp_path / "0002_x.py").read_text() == "mine"
    (tmp_path / "0002_x.py").unlink()
    with pytest.raises(MigrationError, match="Cannot write"):
        amendment.write()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_at_the_last_moment_leaves_the_old_file(
    amendment: Amendment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(MigrationError, match="No space left on device"):
        amendment.write()
    assert (tmp_path / "0002_x.py").read_text() == amendment.before
    assert [p.name for p in tmp_path.iterdir()] == ["0002_x.py"]


def test_an_amended_revision_migrates(
    copy_project: Callable[[str], Path], database_url: str, engine: sa.Engine
) -> None:
    project = copy_project("bare")

    def manage(*args: str) -> Result:
        return run(project, "manage.py", *args, url=database_url)

    made = manage("makemigrations", "-n", "start")
    assert made.code == 0, made
    revision = read_history(project / "migrations" / "versions").by_id["0001_start"]
    new = NEW.replace('"t"', '"note"').replace("UPDATE t", "UPDATE note")
    new = new.replace("postgresql.JSONB()", "sa.String(9)")
    amend(revision, Draft(project / "x.py", new, (ADDED,)), project).write()
    for target in ("0001", "zero", "0001"):
        result = manage("migrate", target)
        assert result.code == 0, result
    assert "b" in {c["name"] for c in sa.inspect(engine).get_columns("note")}

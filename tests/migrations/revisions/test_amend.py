"""``--update``: more operations in a revision that is as makemigrations wrote it."""

from __future__ import annotations

import ast
import os
import stat
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


OLD = f'''"""The first words: größe."""

from alembic import op

{HEAD}

def upgrade() -> None:
    # Why it is so.
    op.execute("""UPDATE t
  SET a = 1""")
    with op.batch_alter_table("t") as batch_op:
        batch_op.drop_column("z")


def downgrade() -> None:
    pass
'''


def test_operations_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    assert update(tmp_path, OLD) == (
        OLD.replace(
            '"""The first words: größe."""',
            '"""The first words: größe.\n\n+ add column t.b\n"""',
        )
        .replace(
            "from alembic import op\n",
            "import sqlalchemy as sa\nfrom alembic import op\n"
            "from sqlalchemy.dialects import postgresql\n",
        )
        .replace(
            '        batch_op.drop_column("z")\n',
            '        batch_op.drop_column("z")\n'
            '    op.add_column("t", sa.Column("b", postgresql.JSONB()))\n'
            "    # WARNING: no name\n"
            '    op.execute("""UPDATE t\n  SET b = \'x\'""")\n',
        )
        .replace("    pass\n", '    op.drop_column("t", "b")\n')
    )


def test_what_is_added_last_is_undone_first(tmp_path: Path) -> None:
    text = OLD.replace("    pass\n", '    # Back.\n    op.add_column("t", z)')
    text = text.replace("branch_labels = None\n", "branch_labels = None\nz = op.z\n")
    result = update(tmp_path, text)
    assert result.endswith(
        '\n    op.drop_column("t", "b")\n    # Back.\n    op.add_column("t", z)\n'
    )


def test_an_empty_revision_takes_operations(tmp_path: Path) -> None:
    functions = "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    result = update(tmp_path, f'"""Empty."""\n\n{HEAD}\n\n{functions}')
    assert "def upgrade():\n    op.add_column" in result and "pass" not in result
    assert "from alembic import op\n" in result
    nothing = "def upgrade():\n    pass\ndef downgrade():\n    pass\n"
    assert update(tmp_path, f'"""Empty."""\n\n{HEAD}\n\n{functions}', nothing).count("pass") == 2


BY_HAND = {
    "a function": ("def upgrade", "def helper():\n    pass\n\n\ndef upgrade", "def helper():"),
    "a statement": ("    # Why", "    print(1)\n    # Why", "print(1)"),
    "a loop": ("    pass", "    for x in ():\n        op.a()", "for x in ():"),
    "inside a batch": ("batch_op.drop_column", "other.drop_column", "with op.batch_alter_table"),
    "a docstring": ("    # Why", '    """Why."""\n    # Why', '"""Why."""'),
    "a return": ("    pass", "    return", "return"),
    "irreversible": ("    pass", "    raise NotImplementedError", "raise NotImplementedError"),
    "on one line": ("None:\n    pass", "None: pass", "def downgrade() -> None: pass"),
    "dots": ("    pass", "    ...", "..."),
    "two spaces": ("    pass", "  pass", "pass"),
    "tabs": ("    pass", "\tpass", "pass"),
    "arguments": ("def upgrade()", "def upgrade(\n    x=1,\n)", "def upgrade("),
    "no upgrade()": ("def upgrade", "class A: pass\ndef other", "class A: pass"),
}


@pytest.mark.parametrize(("old", "new", "line"), BY_HAND.values(), ids=BY_HAND)
def test_a_file_that_was_edited_by_hand_is_refused(
    tmp_path: Path, old: str, new: str, line: str
) -> None:
    assert old in OLD
    words = r"0002_x\.py was edited manually \(line \d+: "
    with pytest.raises(MigrationError, match=words) as caught:
        update(tmp_path, OLD.replace(old, new))
    assert f": {line}" in caught.value.message
    assert caught.value.hint == "Write another revision: manage.py makemigrations"


@pytest.mark.parametrize("name", ["upgrade", "downgrade"])
def test_a_file_without_one_of_the_functions_is_refused(tmp_path: Path, name: str) -> None:
    body = "():\n    pass\n"
    with pytest.raises(MigrationError, match=r"0002_x\.py was edited manually; operations"):
        update(tmp_path, f"{HEAD}def {name}{body}")


DOCS = {
    "a list": (
        "Several changes: 2 operations.\n\n+ a\n- b that goes\n    on\n",
        "Several changes: 3 operations.\n\n+ a\n- b that goes\n    on\n+ add column t.b\n",
    ),
    "a sentence": (
        "Add column t.a.",
        "Several changes: 2 operations.\n\n+ add column t.a\n+ add column t.b\n",
    ),
    "a long sentence": (
        "Drop a column that\n    is long.\n",
        "Several changes: 2 operations.\n\n- drop a column that is long\n+ add column t.b\n",
    ),
    "nothing yet": ("Empty, to be filled in.", "Add column t.b."),
    "words of one's own": ("For ticket 12.", "For ticket 12.\n\n+ add column t.b\n"),
    "quotes": ('Ends "so"\\ ""', 'Ends "so"\\ ""\n\n+ add column t.b\n'),
    "on the next line": ("\nWords.\n", "\nWords.\n\n+ add column t.b\n"),
}


@pytest.mark.parametrize(("old", "expected"), DOCS.values(), ids=DOCS)
def test_the_docstring_lists_the_new_operations(tmp_path: Path, old: str, expected: str) -> None:
    text = OLD.replace('"""The first words: größe."""', repr(old))
    result = update(tmp_path, text)
    assert ast.get_docstring(ast.parse(result), clean=False) == expected


def test_the_ends_of_lines_stay(tmp_path: Path) -> None:
    windows = update(tmp_path, OLD.replace("\n", "\r\n"))
    assert windows.count("\r\n") == windows.count("\n")
    assert windows.replace("\r\n", "\n") == update(tmp_path, OLD)


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
    with pytest.raises(
        HistoryError, match="0002_b, the newest revision, is already applied"
    ) as caught:
        amendable(chain, ("0002_b",))
    assert "manage.py makemigrations" in str(caught.value.hint)
    assert "manage.py migrate 0001_a" in str(caught.value.hint)
    with pytest.raises(
        HistoryError, match="0001_a, the newest revision, is already applied"
    ) as caught:
        amendable(history(()), ("0001_a",))
    assert "manage.py migrate zero" in str(caught.value.hint)
    with pytest.raises(HistoryError, match="no revision yet"):
        amendable(history(), ())
    with pytest.raises(HistoryError, match="2 heads"):
        amendable(history((), ()), ())
    with pytest.raises(HistoryError, match="merges branches"):
        amendable(history((), (), ("0001_a", "0002_b")), ("0001_a",))


@pytest.fixture
def amendment(tmp_path: Path) -> Amendment:
    path = tmp_path / "0002_x.py"
    path.write_text(OLD)
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

"""The ledger: what it records, what it finds, and how that is put right."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import run
from support.project import ProjectFolder
from support.scripted import Scripted

from sqlalchemy_manage.migrations.questions import Answer
from sqlalchemy_manage.migrations.revisions.checksum import checksum
from sqlalchemy_manage.migrations.revisions.history import History, Revision

A, B, C, D = "0001_a", "0002_b", "0003_c", "0004_d"
TEXT = '''"""Table {name}."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down!r}


def upgrade():
    op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("{table}")
'''
LEDGER = "sqlalchemy_manage_ledger"


class Written(ProjectFolder):
    """A project whose revisions are written by hand; its app has no models."""

    def path(self, name: str) -> Path:
        return self.versions / f"{name}.py"

    def write_text(self, name: str, down: str | None, text: str = TEXT) -> None:
        self.path(name).write_text(text.format(name=name, down=down, table=f"t{name[:4]}"))

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.path(name).read_text()
        assert old in text
        self.path(name).write_text(text.replace(old, new))

    def rows(self) -> list[tuple[str, str, bool]]:
        found = self.query(f"SELECT revision, direction, applied FROM {LEDGER} ORDER BY id")
        return [(revision, direction, bool(on)) for revision, direction, on in found]


@pytest.fixture
def empty(tmp_path: Path, database_url: str) -> Written:
    """A project with three revisions, on an empty database."""
    project = Written(tmp_path / "project", database_url)
    project.write_history()
    for name, down in ((A, None), (B, A), (C, B)):
        project.write_text(name, down)
    return project


@pytest.fixture
def applied(empty: Written) -> Written:
    """The same when they are applied; a fourth is to come."""
    empty.done("migrate")
    empty.write_text(D, C)
    return empty


on_sqlite = pytest.mark.parametrize("backend", ["sqlite"])


def edited(project: Written) -> None:
    project.edit(B, '"id"', '"number"')


def deleted(project: Written) -> None:
    project.path(B).unlink()


def reordered(project: Written) -> None:
    project.edit(C, f"down_revision = {B!r}", f"down_revision = {A!r}")
    project.edit(D, f"down_revision = {C!r}", f"down_revision = {(B, C)!r}")


def one_id_twice(project: Written) -> None:
    project.path("0002_copy").write_text(project.path(B).read_text() + "x = 1\n")


def one_content_twice(project: Written) -> None:
    shutil.copy(project.path(C), project.path(D))
    project.edit(D, f'revision = "{C}"', f'revision = "{D}"')
    project.edit(D, f"down_revision = {B!r}", f"down_revision = {C!r}")


TAMPERS: list[tuple[Callable[[Written], None], list[str], str]] = [
    (edited, [B, "was edited", "0002_b.py"], "edited"),
    (deleted, [B, "no longer has a file", "0003_c.py"], "deleted"),
    (reordered, [C, "was moved", "0003_c.py", f"builds on {A}, and built on {B}"], "re-ordered"),
    (one_id_twice, [B, "two files", "0002_b.py", "0002_copy.py", "was applied;"], "duplicated"),
]
tampers = pytest.mark.parametrize(
    ("tamper", "words", "kind"), TAMPERS, ids=[t[0].__name__ for t in TAMPERS]
)


@tampers
def test_what_was_tampered_with_is_found_before_anything_runs(
    applied: Written, tamper: Callable[[Written], None], words: list[str], kind: str
) -> None:
    before = applied.rows(), applied.tables()
    tamper(applied)
    for command in (["migrate"], ["migrate", "--check"]):
        result = applied.manage(*command)
        assert result.code == 1, result
        assert [w for w in [*words, "nothing was run"] if w not in result.stderr] == [], result
        assert f"manage.py repair {words[0]}" in result.stderr
    result = applied.manage("check")
    assert result.code == 1
    assert [w for w in words if w not in result.stdout] == [], result
    result = applied.manage("showmigrations")
    assert [w for w in words if w not in result.stderr] == [], result
    result = applied.alembic("upgrade", "heads")
    assert result.code != 0
    assert [w for w in words if w not in result.stderr + result.stdout] == [], result
    assert "Traceback" not in result.stderr
    assert (applied.rows(), applied.tables()) == before
    found = json.loads(applied.manage("repair", "--json").stdout)
    assert kind in [finding["kind"] for finding in found]


@tampers
@on_sqlite
def test_repair_without_an_answer_changes_nothing(
    applied: Written, tamper: Callable[[Written], None], words: list[str], kind: str
) -> None:
    tamper(applied)
    before = applied.rows(), {p.name: p.read_text() for p in applied.versions.iterdir()}
    result = applied.manage("repair")
    assert [w for w in words if w not in result.stdout] == [], result
    if kind == "duplicated":
        assert result.code == 1
        assert "must be fixed" in result.stderr
        assert applied.manage("repair", "--reason", "x").code == 1
        assert applied.manage("repair", "--restore").code == 1
    else:
        assert result.code == 3, result
        assert "--restore" in result.stderr
        assert ("--reason TEXT" in result.stderr) is (kind != "deleted")
        assert f"--- {words[0]} as it was applied" in result.stdout
    assert before == (applied.rows(), {p.name: p.read_text() for p in applied.versions.iterdir()})


@on_sqlite
def test_a_repair_keeps_the_reason_and_is_asked_for_no_more(applied: Written) -> None:
    edited(applied)
    shown = applied.manage("repair", "2", "--reason", "x")
    assert shown.code == 2 and "nothing to repair in '2'" in shown.stderr
    result = applied.done("repair", "0002", "--reason", "typo in 0002; d\u00e9j\u00e0 vu")
    assert '-    op.create_table("t0002", sa.Column("id", sa.Integer, primary_key=True))' in (
        result.stdout
    )
    assert '+    op.create_table("t0002", sa.Column("number",' in result.stdout
    assert applied.rows()[-1] == (B, "repair", True)
    assert applied.query(f"SELECT reason FROM {LEDGER} WHERE reason IS NOT NULL") == [
        ("typo in 0002; d\u00e9j\u00e0 vu",)
    ]
    assert "Nothing to repair" in applied.done("repair").stderr
    applied.done("migrate")
    assert "t0004" in applied.tables()
    listed = {r["id"]: r for r in json.loads(applied.done("showmigrations", "--json").stdout)}
    assert listed[B]["ledger"]["direction"] == "upgrade"
    assert listed[B]["ledger"]["reason"].startswith("typo")
    # What counts from now on is the text that was accepted.
    edited_again = applied.path(B).read_text() + "x = 1\n"
    applied.path(B).write_text(edited_again)
    assert "+x = 1" in applied.manage("repair").stdout


def test_a_repair_on_each_database(applied: Written) -> None:
    reordered(applied)
    assert applied.done("repair", "--reason", "rebased \u2713", "--no-input").code == 0
    applied.path(D).unlink()
    assert applied.query(f"SELECT reason FROM {LEDGER} WHERE reason IS NOT NULL") == [
        ("rebased \u2713",)
    ]
    assert applied.rows()[-1] == (C, "repair", True)


@pytest.mark.parametrize("answer", ["leave", "restore", "accept"])
@on_sqlite
def test_on_a_terminal_it_is_asked(
    applied: Written, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    was = applied.path(B).read_text()
    edited(applied)
    questioner = Scripted([Answer(answer, "because" if answer == "accept" else None)])
    monkeypatch.setattr("sqlalchemy_manage.commands._prompts.questioner_for", lambda p: questioner)
    assert applied.manage("repair").code == (1 if answer == "leave" else 0)
    assert (applied.path(B).read_text() == was) is (answer == "restore")
    assert (applied.rows()[-1] == (B, "repair", True)) is (answer == "accept")


@pytest.mark.parametrize("backend", ["sqlite", "mariadb"])
def test_restoring_brings_back_files_with_their_text(applied: Written) -> None:
    edited(applied)
    was = {name: applied.path(name).read_text() for name in (B, C)}
    applied.edit(C, '"id"', '"nr"')
    applied.path(B).unlink()
    result = applied.done("repair", "--restore")
    assert "0002_b.py" in result.stderr and "0003_c.py" in result.stderr
    assert applied.path(C).read_text() == was[C]
    assert applied.path(B).read_text() == was[B].replace('"number"', '"id"')
    applied.done("migrate")
    assert "t0004" in applied.tables()


@on_sqlite
def test_the_file_at_which_the_database_stands_is_brought_back_too(applied: Written) -> None:
    applied.path(D).unlink()
    was = applied.path(C).read_text()
    applied.path(C).unlink()
    result = applied.manage("repair", "--json")
    assert result.code == 3
    (finding,) = json.loads(result.stdout)
    assert (finding["revision"], finding["kind"], finding["done"]) == (C, "deleted", None)
    assert "-    op.create_table" in finding["difference"]
    assert json.loads(applied.done("repair", "--json", "--restore").stdout)[0]["done"] == "restored"
    assert applied.path(C).read_text() == was


@on_sqlite
def test_a_squash_is_accepted(applied: Written) -> None:
    """A revision goes, and the next one builds on the one before it."""
    deleted(applied)
    applied.edit(C, f"down_revision = {B!r}", f"down_revision = {A!r}")
    result = applied.manage("migrate")
    assert "was moved" in result.stderr and f"{B} no longer has a file" in result.stderr
    applied.done("repair", "--reason", "squashed")
    assert applied.rows()[-2:] == [(C, "repair", True), (B, "repair", False)]
    applied.done("migrate")
    assert "Nothing to repair" in applied.done("repair").stderr
    assert applied.done("migrate", "--prune").stdout.split() == [B]


def test_every_way_through_a_history_is_recorded(empty: Written) -> None:
    empty.done("migrate", B)
    empty.done("migrate", "-1")
    assert empty.alembic("upgrade", "head").code == 0
    empty.done("migrate", "--fake", A)
    assert empty.alembic("stamp", "head").code == 0
    assert empty.rows() == [
        (A, "upgrade", True),
        (B, "upgrade", True),
        (B, "downgrade", False),
        (B, "upgrade", True),
        (C, "upgrade", True),
        (B, "stamp", False),
        (C, "stamp", False),
        (B, "stamp", True),
        (C, "stamp", True),
    ]
    row = empty.query(
        f"SELECT parents, duration_ms, checksum, digest, version, host, username, reason "
        f"FROM {LEDGER} WHERE revision = '{C}' ORDER BY id"
    )[0]
    parents, duration, *sums, version, host, user, reason = row
    assert (json.loads(parents), reason) == ([B], None)
    assert 0 <= duration < 60_000
    assert all(re.fullmatch("[0-9a-f]{64}", found) for found in sums)
    assert version and host and user
    assert empty.query(f"SELECT duration_ms FROM {LEDGER} WHERE direction = 'stamp'")[0] == (None,)


def test_a_revision_that_fails_has_no_row(empty: Written) -> None:
    empty.edit(C, "def upgrade():", "def upgrade():\n    raise ValueError('x')")
    assert empty.manage("migrate").code == 1
    assert empty.rows() == [(A, "upgrade", True), (B, "upgrade", True)]
    # Not applied yet: it may be mended.
    empty.edit(C, "    raise ValueError('x')\n", "")
    empty.done("migrate")
    assert empty.rows()[-1] == (C, "upgrade", True)


def test_a_database_without_a_ledger_is_taken_as_it_is(applied: Written) -> None:
    applied.execute(f"DROP TABLE {LEDGER}")
    edited(applied)
    result = applied.done("migrate")
    assert "repair" not in result.stderr
    assert applied.rows() == [
        (A, "adopt", True),
        (B, "adopt", True),
        (C, "adopt", True),
        (D, "upgrade", True),
    ]
    listed = json.loads(applied.done("showmigrations", "--json").stdout)[1]
    assert listed["ledger"] == {
        "direction": "adopt",
        "applied_at": None,
        "duration_ms": None,
        "user": None,
        "host": None,
        "reason": None,
    }
    assert f"[X] {B}  before the ledger began" in applied.done("showmigrations", "-v", "2").stdout
    # From now on it is watched.
    applied.edit(B, '"number"', '"id"')
    assert "was edited" in applied.manage("migrate").stderr


def test_a_run_that_applies_nothing_makes_no_ledger(applied: Written) -> None:
    applied.execute(f"DROP TABLE {LEDGER}")
    applied.path(D).unlink()
    assert "Nothing to do" in applied.done("migrate").stderr
    assert applied.alembic("upgrade", "head").code == 0
    assert not sa.inspect(applied.engine).has_table(LEDGER)


def test_the_ledger_comes_with_the_first_revision_or_not_at_all(empty: Written) -> None:
    empty.edit(A, "def upgrade():", "def upgrade():\n    raise ValueError('x')")
    assert empty.manage("migrate").code == 1
    there = sa.inspect(empty.engine).has_table(LEDGER)
    assert there == (empty.engine.dialect.name in ("mysql", "mariadb"))


@on_sqlite
def test_looking_makes_no_ledger(applied: Written) -> None:
    applied.execute(f"DROP TABLE {LEDGER}")
    for command in (["showmigrations"], ["migrate", "--check"], ["migrate", "--plan"], ["check"]):
        applied.manage(*command)
    assert not sa.inspect(applied.engine).has_table(LEDGER)


@on_sqlite
def test_what_another_tool_applied_and_undid_is_no_alarm(applied: Written) -> None:
    applied.execute("DROP TABLE t0003", f"UPDATE alembic_version SET version_num = '{B}'")
    applied.edit(C, '"id"', '"number"')
    applied.done("migrate", C)
    assert applied.rows()[-1] == (C, "upgrade", True)
    applied.execute(f"UPDATE alembic_version SET version_num = '{D}'")
    applied.done("migrate", C, "--fake")
    assert applied.rows()[-2:] == [(D, "adopt", True), (D, "stamp", False)]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"""Table', '"""The table'),
        lambda text: text.replace("def upgrade", "# a comment\ndef upgrade"),
        lambda text: text.replace("    op.", "        op."),
        lambda text: text.replace('"t0002"', "'t0002'"),
        lambda text: text.replace("revision =", "revision: str ="),
        lambda text: text.replace("True))", "True),\n    )"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace('"""Table 0002_b."""', ""),
    ],
)
@on_sqlite
def test_what_does_not_change_what_a_file_does_is_no_edit(
    applied: Written, change: Callable[[str], str]
) -> None:
    text = applied.path(B).read_text()
    changed = change(text)
    assert changed != text
    applied.path(B).write_bytes(changed.encode())
    applied.done("migrate")
    assert "Nothing to repair" in applied.done("repair").stderr


@on_sqlite
def test_a_revision_may_be_repeated_where_it_was_undone(empty: Written) -> None:
    text = TEXT.replace("{table}", "same")
    undo = (
        text.replace("upgrade", "x").replace("downgrade", "upgrade").replace("x()", "downgrade()")
    )
    for name, down, body in ((A, None, text), (B, A, undo), (C, B, text)):
        empty.write_text(name, down, body)
    empty.done("migrate", B)
    empty.done("migrate")
    assert "same" in empty.tables()


def test_a_copied_file_is_another_revision(applied: Written) -> None:
    """It runs as any other; that its tables are there already, the database says."""
    one_content_twice(applied)
    before = applied.rows(), applied.tables()
    result = applied.manage("migrate")
    assert result.code == 1 and D in result.stderr and "t0003" in result.stderr
    assert "Traceback" not in result.stderr
    assert (applied.rows(), applied.tables()) == before


def test_prune_removes_what_has_no_file_and_is_not_applied(applied: Written) -> None:
    applied.done("migrate")
    applied.done("migrate", B)
    applied.path(D).unlink()
    assert applied.done("migrate", "--prune").stdout.split() == [D]
    assert {row[0] for row in applied.rows()} == {A, B, C}
    assert "Nothing to prune" in applied.done("migrate", "--prune").stderr
    assert "t0003" not in applied.tables()
    assert applied.manage("migrate", "--prune", A).code == 2
    # Applied: it stays, file or not.
    applied.path(C).unlink()
    applied.path(B).unlink()
    assert applied.done("migrate", "--prune").stdout.split() == [C]
    assert {row[0] for row in applied.rows()} == {A, B}


def test_showmigrations_tells_when_how_long_and_by_whom(applied: Written) -> None:
    applied.done("migrate", "--fake", D)
    lines = applied.done("showmigrations", "-v", "2").stdout.splitlines()
    when, who = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", r"by \w+@\S+"
    for line in lines[:3]:
        assert re.fullmatch(rf"\[X\] {line[4:10]}  {when} in \d+ ms {who}", line), line
    assert re.fullmatch(rf"\[X\] {D}  recorded without running {when} {who}", lines[3])
    assert applied.done("showmigrations").stdout.splitlines()[0] == f"[X] {A}"
    first = json.loads(applied.done("showmigrations", "--json").stdout)[0]
    assert first["ledger"]["direction"] == "upgrade"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["ledger"]["applied_at"])
    assert first["tampered"] is None
    applied.done("migrate", "--fake", A)
    assert json.loads(applied.done("showmigrations", "--json").stdout)[1]["ledger"] is None


def test_the_ledger_is_nobodys_table(applied: Written) -> None:
    applied.done("migrate")
    applied.models("".join(f"table('t{name[:4]}', key())\n" for name in (A, B, C, D)))
    assert applied.manage("makemigrations", "--check").code == 0
    assert applied.done("check", "--drift").code == 0
    assert LEDGER not in applied.done("dumpdata").stdout


@on_sqlite
def test_nothing_to_do_is_said_without_alembic(applied: Written) -> None:
    applied.done("migrate")
    probe = (
        "import sys\nfrom sqlalchemy_manage.cli import main\n"
        "for command in (['migrate'], ['migrate', '--check'], ['showmigrations', '-v', '2']):\n"
        "    print(main(command), 'alembic' in sys.modules)"
    )
    result = run(applied.folder, "-c", probe, fresh=True, MANAGE_SETTINGS_MODULE="staff_settings")
    assert re.findall(r"^\d (?:True|False)$", result.stdout, re.M) == ["0 False"] * 3, result


TRICKY = r'''
"""Doc"""
revision: str = "x"
x, *y = (1,), 2.5, 1j, None, True, ..., b"\xff", u"\u00e9\u0378\U0001FAE8", "\d"
d = {**a, "k": v}
def f(a, /, b=1, *c, d, e=2, **g) -> int:
    try: pass
    except* ValueError as e: raise
    match q:
        case {"a": 1, **r} | [_, *s] if t: pass
    return f"{x!r:>{w}}{'a' 'b'}" "t" f"{y=}" rf"\d{z:%Y-%m}{{}}" f"" f"{k:}"
@dec
class C(B, metaclass=M): z: int = 3
'''


def test_the_checksum_is_the_same_on_every_python() -> None:
    """As computed by Python 3.11, 3.12 and 3.13."""
    assert checksum(TRICKY) == "0d3bbce5ca22abbbd9b8ae1450b8a8eaacbd1c9fee8a1d8f06f7e6a278ae4755"
    assert checksum("x = " + " + ".join(["1"] * 900)) != checksum("x = 1")
    assert checksum("not python (") == checksum("not python (")


class Counted(Revision):
    asked = 0

    @property
    def parents(self) -> tuple[str, ...]:
        Counted.asked += 1
        return super().parents


def test_a_long_history_is_put_in_order_at_once() -> None:
    """Each revision is looked at a few times, however many there are."""
    ids = [f"{number:04d}_x" for number in range(2_000)]
    downs = [(), *((i,) for i in ids)]
    history = History(Counted(i, d, Path(f"{i}.py")) for i, d in zip(ids, downs, strict=False))
    assert [r.id for r in history.revisions] == ids
    assert Counted.asked <= 4 * len(ids)

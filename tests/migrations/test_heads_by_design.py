"""Two branches that are meant to stay apart, as HEADS says; others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.project import ProjectFolder

HEADS = 'HEADS = ["expand", "contract"]\n'
MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'
TABLES = ["e1", "c1", "e2"]
MODELS = "".join(f'{name} = table("{name}", key())\n' for name in TABLES)


class TwoBranches(ProjectFolder):
    """expand: 0001_e1 and 0003_e2; contract: 0002_c1, which depends on 0001_e1."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.write_history()
        self.models(MODELS)
        self.make("0001_e1", None, 'branch_labels = ("expand",)')
        self.make("0002_c1", None, 'branch_labels = ("contract",)\ndepends_on = "0001_e1"')
        self.make("0003_e2", "0001_e1")

    def make(self, name: str, down: str | None, more: str = "") -> None:
        table = name[5:]
        self.revision(name, down, MAKE.format(table), f'op.drop_table("{table}")', more)

    def setting(self, text: str = HEADS) -> None:
        with (self.folder / "staff_settings.py").open("a") as file:
            file.write(text)

    @property
    def applied(self) -> str:
        shown = json.loads(self.done("showmigrations", "--json").stdout)
        return " ".join(r["id"][5:] for r in shown if r["applied"])

    def marks(self) -> set[str]:
        return {name for (name,) in self.query("SELECT version_num FROM alembic_version")}


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> TwoBranches:
    app = TwoBranches(tmp_path, database_url)
    app.setting()
    return app


@pytest.fixture
def undeclared(tmp_path: Path) -> TwoBranches:
    return TwoBranches(tmp_path, f"sqlite:///{tmp_path}/db.sqlite")


on_sqlite = pytest.mark.parametrize("backend", ["sqlite"])


def test_up_and_down_and_up(app: TwoBranches) -> None:
    plan = app.done("migrate", "--plan").stdout
    assert [line.split()[1] for line in plan.splitlines() if line.startswith("apply")] == [
        "0001_e1",
        "0002_c1",
        "0003_e2",
    ]
    app.done("migrate")
    assert app.marks() == {"0003_e2", "0002_c1"}
    assert "Nothing to do: the database is at" in app.done("migrate").stderr
    assert "3 revisions, heads expand 0003_e2, contract 0002_c1" in app.done("check").stdout
    app.done("check", "--drift")
    app.done("rollback")
    assert app.applied in ("e1 c1", "e1 e2")  # Alembic chooses which comes last
    app.done("migrate", "head")
    app.done("rollback", "2")
    assert app.applied == "e1"
    app.done("migrate", "contract@head")
    assert app.applied == "e1 c1"
    app.done("migrate", "expand@+1")
    app.done("redo", "2")
    assert app.applied == "e1 c1 e2"
    app.done("migrate", "contract@-1")
    assert app.applied == "e1 e2"
    app.done("migrate", "zero")
    assert app.applied == ""


@on_sqlite
def test_what_was_applied_last_is_undone_first(app: TwoBranches) -> None:
    app.done("migrate", "expand@head")
    app.done("migrate", "contract@head")
    app.done("rollback", "--plan")
    app.done("rollback")
    assert app.applied == "e1 e2"
    app.done("migrate")
    app.execute("DELETE FROM sqlalchemy_manage_ledger")
    refused = app.manage("rollback")
    assert refused.code == 2
    assert "migrate contract@-1" in refused.stderr or "migrate expand@-1" in refused.stderr


@on_sqlite
def test_a_new_one_says_onto_which_branch(app: TwoBranches) -> None:
    app.done("migrate")
    app.models(MODELS + 'n = table("n", key())\n')
    assert app.manage("makemigrations", "--check").code == 1
    refused = app.manage("makemigrations")
    assert refused.code == 2
    assert refused.stderr == (
        "Error: The history has 2 branches by design: expand, contract.\n"
        "Say onto which one: manage.py makemigrations --head expand\n"
    )
    app.done("makemigrations", "--head", "contract@head")
    assert 'down_revision = "0002_c1"' in app.newest()
    app.models(MODELS + 'n = table("n", key())\no = table("o", key())\n')
    app.done("makemigrations", "--update", "--head", "contract")
    app.done("migrate")
    assert app.marks() == {"0003_e2", "0004_n"}
    app.done("makemigrations", "--empty", "-n", "by_hand", "--head", "expand")
    assert 'down_revision = "0003_e2"' in app.newest()
    wrong = app.manage("makemigrations", "--empty", "--head", "expnad")
    assert wrong.code == 2 and "Did you mean 'expand'?" in wrong.stderr
    wrong = app.manage("makemigrations", "--empty", "--head", "0001")
    assert wrong.code == 2 and "'0001' is no head" in wrong.stderr


@on_sqlite
def test_a_branch_that_splits_is_merged_and_the_two_stay(app: TwoBranches) -> None:
    assert "2 heads by design" in app.done("makemigrations", "--merge").stderr
    app.make("0003_e3", "0001_e1")
    refused = app.manage("migrate")
    assert refused.code == 1 and "has 3 heads" in refused.stderr
    app.done("makemigrations", "--merge")
    assert '("0003_e2", "0003_e3")' in app.newest()
    app.done("migrate")
    assert app.applied.split() == ["e1", "c1", "e2", "e3", "merge_e2_e3"]


@on_sqlite
def test_a_head_on_no_branch_is_refused(app: TwoBranches) -> None:
    app.make("0004_stray", None)
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "0004_stray" in refused.stderr and 'HEADS = ["contract", "expand"]' in refused.stderr


def test_without_the_setting_both_are_named(undeclared: TwoBranches) -> None:
    for command in ("migrate", "makemigrations", "check"):
        refused = undeclared.manage(command)
        shown = refused.stdout + refused.stderr
        assert refused.code == 1 and "2 heads: 0002_c1 and 0003_e2" in shown
        assert "makemigrations --merge" in shown
        assert 'HEADS = ["contract", "expand"]' in shown
    undeclared.setting('HEADS = ["expand", "contrakt"]\n')
    refused = undeclared.manage("migrate")
    assert refused.code == 1
    assert "HEADS names 'contrakt', and no revision has that branch label." in refused.stderr
    assert "Did you mean 'contract'?" in refused.stderr


@on_sqlite
def test_alembic_agrees(app: TwoBranches) -> None:
    assert app.alembic("upgrade", "heads").code == 0
    assert "Nothing to do" in app.done("migrate").stderr
    assert app.marks() == {"0003_e2", "0002_c1"}


@on_sqlite
def test_a_dependency_by_label(tmp_path: Path, database_url: str) -> None:
    app = ProjectFolder(tmp_path, database_url).write_history()
    body = MAKE.format("a")
    app.revision("0001_z", None, body, more='branch_labels = ("last",)')
    app.revision("0002_a", None, "op.drop_table('a')", more='depends_on = "last"')
    (app.folder / "staff_settings.py").write_text(
        (app.folder / "staff_settings.py").read_text() + 'HEADS = ["last"]\n'
    )
    assert app.manage("migrate").code == 1  # 0002_a is on no branch
    app.done("migrate", "heads")
    assert app.done("showmigrations", "--plan").stdout == ("[X] 0001_z\n[X] 0002_a  after 0001_z\n")


@pytest.mark.parametrize("body", ["pass", 'milestone = ["yoga"]'])
def test_twins_that_open_two_branches_are_no_copies(tmp_path: Path, body: str) -> None:
    app = ProjectFolder(tmp_path, f"sqlite:///{tmp_path}/db.sqlite").write_history()
    for label in ("expand", "contract"):
        app.revision(f"{label}1", None, more=f'branch_labels = ("{label}",)\n{body}')
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write(HEADS + 'REVISION_IDS = "hex"\n')
    app.done("migrate")
    app.done("migrate", "--check")
    assert "Nothing to do" in app.done("migrate").stderr

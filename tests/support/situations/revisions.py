"""Revisions that wait, that nobody wrote yet, and where to go."""

from __future__ import annotations

import re

from support.databases import on_server
from support.situations.table import ADD, Advised, leads_out, said

ONE = 'table("a", key(), Column("x", String(9)))\n'
TWO = 'table("a", key(), Column("x", String(9)), Column("y", Integer))\n'
THREE = TWO.replace('"y"', '"z"')


@leads_out("WRITE_FIRST")
def there_is_no_revision(app: Advised) -> None:
    app.models(ONE)
    app.told("migrate", code=0)
    app.follow()
    assert len(app.revisions) == 1


@leads_out("WRITE_THEN_PREPARE")
def prepare_finds_no_revision(app: Advised) -> None:
    app.models(ONE)
    app.told("prepare", code=3)
    app.follow()
    app.done("prepare")
    assert "a" in app.tables()


@leads_out("PREPARE_AFTER_WRITING")
def prepare_found_no_revision(app: Advised) -> None:
    app.models(ONE)
    app.told("prepare", code=3)
    app.done("makemigrations")
    app.follow()
    assert "a" in app.tables()


@leads_out("WRITE_CHANGES")
def check_finds_changed_models(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.told("check", code=1)
    app.follow()
    app.done("migrate")
    app.done("check")


@leads_out("APPLY_WRITTEN")
def check_finds_changed_models_and_they_are_written(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.told("check", code=1)
    app.done("makemigrations")
    app.follow()
    app.done("check")


@leads_out("APPLY_PENDING")
def check_finds_a_revision_that_waits(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.done("makemigrations")
    app.told("check", code=1)
    app.follow()
    app.done("check")


@leads_out("APPLY_PENDING")
def makemigrations_needs_the_revisions_applied(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.done("makemigrations")
    app.models(THREE)
    app.told("makemigrations", code=1)
    app.follow()
    app.done("makemigrations", "--rename", "a.y=z")


@leads_out("WRITE_FROM_SCRATCH")
def makemigrations_could_compare_with_the_revisions(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.done("makemigrations")
    app.models(TWO + 'table("b", key())\n')
    app.told("makemigrations", code=1)
    app.follow()
    assert len(app.revisions) == 3


@leads_out("WRITE_ANOTHER")
def the_newest_revision_is_applied(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.told("makemigrations", "--update", code=1)
    app.follow()
    assert len(app.revisions) == 2


@leads_out("UNDO_TO_AMEND")
def the_newest_revision_could_be_undone(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.told("makemigrations", "--update", code=1)
    app.follow()
    app.done("makemigrations", "--update")
    app.done("migrate")
    assert len(app.revisions) == 1


@leads_out("WRITE_INDEX")
def a_foreign_key_has_no_index(app: Advised) -> None:
    child = 'table("c", key(), Column("a_id", ForeignKey("a.id"{0})))\n'
    app.begin(ONE + child.format(""))
    app.told("check", code=0)
    app.models(ONE + child.format("").replace('"a.id")', '"a.id"), index=True'))
    app.follow()
    app.done("migrate")
    assert "no index" not in said(app.done("check"))


BAD = """
class Odd:
    pass

table("a", key(), info={"odd": Odd()})
"""


@leads_out("WRITE_BY_HAND")
def a_table_cannot_be_written(app: Advised) -> None:
    app.models(BAD)
    app.told("makemigrations", code=1)
    app.follow()
    assert len(app.revisions) == 1


@leads_out("WRITE_FOR_DRIFT")
def the_database_was_changed_without_a_revision(app: Advised) -> None:
    app.begin(ONE)
    app.models(TWO)
    app.execute("ALTER TABLE a ADD COLUMN y INTEGER")
    app.told("check", "--drift", code=1)
    app.follow()
    path = app.versions / app.revisions[-1]
    column = '    op.add_column("a", sa.Column("y", sa.Integer()))'
    path.write_text(path.read_text().replace("    pass", column, 1))
    app.done("migrate", "--fake")
    app.done("check", "--drift")


@leads_out("ANSWER_THERE")
def plain_alembic_cannot_ask(app: Advised) -> None:
    app.begin(TWO)
    app.for_alembic()
    app.models(THREE)
    app.check(app.alembic("revision", "--autogenerate"), 255)
    app.follow("--rename", "a.y=z")
    assert len(app.revisions) == 2


def two_heads(app: Advised) -> None:
    app.items()
    app.revision("0002_a", "0001_base", ADD.format("a"), more="branch_labels = ('left',)")
    app.revision("0002_b", "0001_base", ADD.format("b"))


@leads_out("MERGE_HEADS")
def there_are_two_heads(app: Advised) -> None:
    two_heads(app)
    app.told("migrate", code=1)
    app.follow()
    app.done("migrate")
    assert app.columns == {"id", "n", "a", "b"}


@leads_out("GO_TO_ALL_HEADS")
def a_branch_has_two_heads(app: Advised) -> None:
    two_heads(app)
    app.revision("0003_c", "0002_a")
    app.revision("0003_d", "0002_a")
    app.told("migrate", "left@head", code=2)
    app.follow()
    assert app.heads() == {"0003_c", "0003_d", "0002_b"}


def on_two_branches(app: Advised) -> None:
    """The database is at both heads, and nobody knows which one was applied last."""
    two_heads(app)
    app.done("migrate", "heads")
    app.execute("DELETE FROM sqlalchemy_manage_ledger")


@leads_out("WRITE_ON_BRANCH")
def there_are_two_branches_by_design(app: Advised) -> None:
    two_heads(app)
    app.revision("0002_b", "0001_base", more="branch_labels = ('right',)")
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write('HEADS = ["left", "right"]\n')
    app.told("makemigrations", "--empty", "-n", "more", code=2)
    app.follow()
    assert 'down_revision = "0002_a"' in app.newest()


@leads_out("GO_BACK_ON_BRANCH")
def back_on_which_branch(app: Advised) -> None:
    on_two_branches(app)
    app.told("rollback", code=2)
    app.follow()
    assert app.heads() == {"0002_b"}


@leads_out("GO_BACK_TO")
def the_database_is_on_two_branches(app: Advised) -> None:
    on_two_branches(app)
    app.told("rollback", code=2, REVISION="0001_base")
    app.follow()
    assert app.version == "0001_base"


@leads_out("LIST_IN_ORDER")
def one_back_is_unclear(app: Advised) -> None:
    on_two_branches(app)
    app.told("rollback", code=2)
    assert "0002_b  after 0001_base" in app.follow().stdout


@leads_out("LIST_IN_ORDER")
def one_back_is_unclear_where_branches_meet(app: Advised) -> None:
    two_heads(app)
    app.revision("0003_both", ("0002_a", "0002_b"))
    app.done("migrate")
    app.told("migrate", "-2", code=2)
    assert "0003_both  after 0002_a, 0002_b" in app.follow().stdout


@leads_out("GO_ON_BRANCH")
def a_branch_is_not_so_long(app: Advised) -> None:
    two_heads(app)
    app.told("migrate", "left@+7", code=2)
    app.follow()
    assert app.version == "0002_a"


@leads_out("GO_TO_HEAD")
def there_are_not_so_many_ahead(app: Advised) -> None:
    app.items()
    app.step("0002_a")
    app.told("migrate", "+9", code=2)
    app.follow()
    assert app.version == "0002_a"


@leads_out("GO_TO_ZERO")
def there_are_not_so_many_behind(app: Advised) -> None:
    app.items()
    app.told("migrate", "-9", code=2)
    app.follow()
    assert app.version is None


@leads_out("LIST_REVISIONS")
def there_is_no_such_revision(app: Advised) -> None:
    app.items()
    app.told("migrate", "0009", code=2)
    assert "0001_base" in app.follow().stdout


@leads_out("CREATE_TABLES")
def a_table_is_missing(app: Advised) -> None:
    app.models(ONE)
    app.done("makemigrations")
    app.execute("CREATE TABLE other (id INTEGER)", "DROP TABLE other")
    app.told("dumpdata", code=1)
    app.follow()
    app.done("dumpdata")


@leads_out("ASK_WHY_MISSING")
def checklinks_finds_a_table_missing(app: Advised) -> None:
    """Nothing is to be applied where no revision makes it."""
    app.models(ONE)
    app.done("makemigrations")
    app.done("migrate")
    app.models(ONE + 'table("c", key(), Column("a_id", ForeignKey("a.id"), index=True))\n')
    app.told("checklinks", code=1)
    assert "manage.py makemigrations, then manage.py migrate" in said(app.follow(code=1))
    app.done("makemigrations")
    app.done("migrate")
    app.done("checklinks")


@leads_out("CREATE_SCHEMA")
def there_is_no_database_file_to_look_at(app: Advised) -> None:
    app.models(ONE)
    app.done("makemigrations")
    app.told("checklinks", code=1)
    app.follow()
    app.done("checklinks")


@leads_out("CREATE_DATABASE")
def there_is_no_database_file(app: Advised) -> None:
    app.models(ONE)
    app.done("makemigrations")
    app.told("checklinks", code=1)
    app.follow()
    app.done("checklinks")


@leads_out("CREATE_DATABASE")
def there_is_no_database_file_to_save(app: Advised) -> None:
    app.models(ONE)
    app.done("makemigrations")
    app.told("backup", code=1)
    app.follow()
    app.done("backup")


@leads_out("CREATE_DATABASE", backend="postgresql")
def the_server_has_no_such_database(app: Advised) -> None:
    app.models(ONE)
    app.done("makemigrations", "--scratch")
    gone = re.sub(r"/(\w+)$", r"/\1_gone", app.url)
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text().replace(app.url, gone))
    app.told("checklinks", code=1)
    app.follow()
    app.done("checklinks")
    on_server(app.url, f"DROP DATABASE {gone.rpartition('/')[2]}")

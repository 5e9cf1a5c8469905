"""What env.py passes to Alembic counts: in comparisons, in new files, in what revisions see."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.foreign_envs import MODELS, SECTION, ForeignFolder, configured


@pytest.fixture
def app(tmp_path: Path) -> ForeignFolder:
    return ForeignFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite")


def test_both_filters_count(app: ForeignFolder) -> None:
    app.setup(
        configured(
            "include_object=lambda item, name, kind, *more: name != 'ix_book_author_id'",
            "include_name=lambda name, kind, parents: kind != 'table' or name != 'other'",
        )
    )
    app.done("makemigrations")
    assert "ix_book_author_id" not in app.newest()
    app.done("migrate")
    app.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    app.done("makemigrations", "--check")
    app.done("check")


CHANGED = """
table(
    "a",
    key(),
    Column("n", Integer),
    Column("m", Integer),
    {0}
)
"""


def test_what_is_left_out_is_left_out_where_the_comparison_is_ours(app: ForeignFolder) -> None:
    app.setup(
        configured(
            "include_object=included",
            before=(
                "def included(item, name, kind, reflected, other):\n"
                "    if kind in ('index', 'unique_constraint') and not reflected:\n"
                "        assert other is None or other.name == name\n"
                "        return other is None\n"
                "    return not str(name).startswith('theirs')\n\n\n"
            ),
        ),
        CHANGED.format('Index("i", text("n DESC")), UniqueConstraint("n", "m", name="u")'),
    )
    app.done("makemigrations")
    app.done("migrate")
    app.models(CHANGED.format('Index("i", text("n ASC")), UniqueConstraint("m", "n", name="u")'))
    app.execute("CREATE INDEX theirs ON a (abs(n))")
    app.done("makemigrations", "--check")
    app.models(CHANGED.format('Index("j", text("m DESC"))'))
    result = app.manage("makemigrations", "--check")
    assert result.code == 1
    assert "create index j" in result.stderr and "theirs" not in result.stderr, result


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), ["String(10) to String(20)\n"]),
        (("compare_type=False",), []),
        (("compare_type=lambda *a: False",), []),
        (("compare_server_default=True",), ["String(10) to String(20), server default"]),
    ],
)
def test_the_flags_of_comparison_are_those_of_env_py(
    app: ForeignFolder, arguments: tuple[str, ...], found: list[str]
) -> None:
    app.setup(configured(*arguments), 'table("a", key(), Column("n", String(10)))\n')
    app.done("makemigrations")
    app.done("migrate")
    app.models('table("a", key(), Column("n", String(20), server_default="x"))\n')
    result = app.manage("makemigrations", "--check")
    assert result.code == int(bool(found)), result
    assert all(word in result.stdout + result.stderr for word in found), result


def test_hooks_of_env_py_come_first(app: ForeignFolder) -> None:
    app.setup(
        configured(
            "process_revision_directives=hook",
            "on_version_apply=applied",
            "render_item=render",
            before=(
                "def hook(context, revision, directives):\n"
                "    assert config.cmd_opts.autogenerate\n"
                "    directives[0].upgrade_ops.ops.insert(0, ops.ExecuteSQLOp('SELECT 1'))\n\n\n"
                "def applied(ctx, step, heads, run_args, **kw):\n"
                "    sql = 'CREATE TABLE IF NOT EXISTS told (id INTEGER)'\n"
                "    ctx.connection.exec_driver_sql(sql)\n\n\n"
                "def render(kind, item, context):\n"
                "    if kind == 'type' and getattr(item, 'length', None) == 40:\n"
                "        return 'sa.Unicode(40)'\n"
                "    return False\n\n\n"
                "from alembic.operations import ops\n"
            ),
        )
    )
    app.done("makemigrations")
    assert "op.execute" in app.newest() and "sa.Unicode(40)" in app.newest()
    app.done("migrate")
    assert app.tables() == {"author", "book", "told"}


def test_an_id_that_a_hook_gives_stays(app: ForeignFolder) -> None:
    app.setup(
        configured(
            "process_revision_directives=hook",
            before=(
                "def hook(context, revision, directives):\n    directives[0].rev_id = '2024_01_a'\n"
            ),
        ),
    )
    app.done("makemigrations")
    assert app.revisions == ["2024_01_a.py"]
    app.done("migrate")
    assert app.heads() == {"2024_01_a"}


def test_revisions_see_the_configuration_and_the_arguments_of_the_project(
    app: ForeignFolder,
) -> None:
    app.setup(
        configured("spice='salt'"), models="", ALEMBIC={"CONFIG": "alembic.ini", "X": {"a": "1"}}
    )
    ini = app.folder / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]\n", "[alembic]\nmine = yes\n", 1))
    app.step(
        "0001_a",
        "from alembic import context",
        "given = context.get_x_argument(as_dictionary=True)",
        "mine = context.config.get_main_option('mine')",
        "spice = op.get_context().opts['spice']",
        "op.create_table('_'.join([mine, spice, *given]), sa.Column('id', sa.Integer))",
    )
    app.done("migrate", "-x", "b=2")
    assert app.tables() == {"yes_salt_a_b"}
    assert "yes_salt_a_b" in app.done("sqlmigrate", "0001", "-x", "b=2").stdout


def test_arguments_for_the_functions_of_revisions(app: ForeignFolder) -> None:
    env = configured().replace("run_migrations()", "run_migrations(engine_name='one')")
    app.setup(env, models="")
    path = app.step("0001_a", "op.create_table(engine_name, sa.Column('id', sa.Integer))")
    path.write_text(path.read_text().replace("grade() ->", "grade(engine_name) ->"))
    app.done("migrate")
    assert app.tables() == {"one"}
    assert "CREATE TABLE one" in app.done("sqlmigrate", "0001").stdout
    app.done("rollback")


def test_several_metadatas(app: ForeignFolder) -> None:
    app.setup(
        configured(before="from staff.models import more\n").replace(
            "target_metadata=metadata", "target_metadata=[metadata, more]"
        ),
        MODELS + "more = MetaData()\nTable('extra', more, key())\n",
    )
    app.done("makemigrations")
    app.done("migrate")
    assert app.tables() == {"author", "book", "extra"}


def test_arguments_of_the_template(app: ForeignFolder) -> None:
    app.setup(configured("template_args={'ticket': 'T-17'}"))
    mako = app.folder / "migrations" / "script.py.mako"
    mako.write_text(mako.read_text().replace("Create Date:", "Ticket: ${ticket}\nCreate Date:"))
    app.done("makemigrations")
    assert "Ticket: T-17" in app.newest()


def test_the_hooks_of_the_project_run_on_a_new_file(app: ForeignFolder) -> None:
    app.setup(SECTION)
    ini = app.folder / "alembic.ini"
    hook = (
        "[post_write_hooks]\nhooks = mark\nmark.type = exec\nmark.executable = python\n"
        f"mark.options = {app.folder}/mark.py REVISION_SCRIPT_FILENAME\n"
    )
    ini.write_text(ini.read_text().replace("[post_write_hooks]\n", hook, 1))
    (app.folder / "mark.py").write_text(
        "import sys\nfrom pathlib import Path\n\npath = Path(sys.argv[1])\n"
        "path.write_text(path.read_text() + '\\n# marked\\n')\n"
    )
    app.done("makemigrations")
    assert app.newest().endswith("# marked\n")


def test_databases_one_after_the_other(app: ForeignFolder, tmp_path: Path) -> None:
    """The one of the settings counts."""
    other = f"sqlite:///{tmp_path}/other.sqlite"
    app.setup(
        configured()
        .replace("with create", f"for url in ({other!r}, {app.url!r}):\n  with create")
        .replace('config.get_main_option("sqlalchemy.url")', "url")
    )
    app.done("makemigrations")
    app.done("migrate")
    assert not (tmp_path / "other.sqlite").exists()
    assert app.tables() == {"author", "book"}


def test_what_is_advised_has_the_arguments(app: ForeignFolder) -> None:
    app.setup(SECTION, models="")
    app.step("0001_a", 'op.execute("INSERT INTO nowhere VALUES (1)")')
    result = app.manage("migrate", "-x", "a=1", "-x", "b=two words")
    assert result.code == 1
    assert "manage.py migrate -x a=1 -x 'b=two words'" in result.stderr, result

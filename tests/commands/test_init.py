"""init: settings for a project that is there already, and no other file touched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.alembic_projects import AlembicFolder


@pytest.fixture
def app(tmp_path: Path) -> AlembicFolder:
    return AlembicFolder(tmp_path / "app")


def values(app: AlembicFolder) -> dict[str, str]:
    """The settings as they are written, by name."""
    return dict(re.findall(r"^([A-Z_]+) = (.+)$", app.settings, re.M))


class TestAlembic:
    def test_both_tools_work_on_one_history(self, app: AlembicFolder) -> None:
        app.begin()
        app.revise("--autogenerate", "-m", "first")
        assert app.alembic("upgrade", "head").code == 0
        result = app.init()
        assert "(head)" in result.stdout and "2 tables" in result.stdout
        assert result.stdout.endswith("manage.py\nsettings.py\n")
        assert result.stderr == "Next: manage.py check\n"
        assert 'alembic_url(BASE_DIR / "alembic.ini")' in app.settings
        assert values(app)["METADATA"] == '["library.models:Base.metadata"]'
        app.manage("check")
        app.manage("migrate")
        assert app.alembic("check").code == 0  # the tool has made no table of its own
        app.edit(
            "library/models.py",
            "^class Book",
            "class Pen(Base):\n    __tablename__ = 'pen'\n"
            "    id: Mapped[int] = mapped_column(primary_key=True)\n\n\nclass Book",
        )
        app.manage("makemigrations", "-n", "pens")
        assert len([*(app.folder / "alembic" / "versions").glob("*.py")]) == 2
        assert app.alembic("upgrade", "head").code == 0
        assert app.alembic("check").code == 0
        assert "No changes detected" in app.manage("makemigrations", "--check").stderr
        app.manage("rollback", "--allow-data-loss")

    @pytest.mark.parametrize("template", ["generic", "pyproject", "async", "pyproject_async"])
    def test_every_template_of_alembic(self, app: AlembicFolder, template: str) -> None:
        driver = "+aiosqlite" if "async" in template else ""
        app.begin(template, f"sqlite{driver}:///library.db")
        app.revise("--autogenerate", "-m", "first")
        app.init()
        app.manage("migrate")
        assert "first" in app.manage("showmigrations").stdout
        app.manage("check")
        assert values(app)["METADATA"] == '["library.models:Base.metadata"]'

    def test_other_databases_of_env_py_are_named(self, app: AlembicFolder) -> None:
        app.begin()
        app.revise("-m", "first")
        (app.folder / "alembic" / "env.py").write_text(
            "from alembic import context\nfrom sqlalchemy import create_engine\n"
            "from library.models import Base\n"
            'for name in ("one", "two"):\n'
            '    with create_engine(f"sqlite:///{name}.db").connect() as connection:\n'
            "        context.configure(connection=connection, target_metadata=Base.metadata)\n"
            "        with context.begin_transaction():\n"
            "            context.run_migrations()\n"
        )
        said = " ".join(app.init().stderr.split())
        assert "give each an alias in DATABASES (sqlite:///two.db)" in said, said

    def test_the_url_is_read_where_it_is(self, app: AlembicFolder) -> None:
        app.begin(url="sqlite:///%(here)s/one.db")
        app.revise("-m", "first")
        app.init()
        app.manage("migrate")
        app.edit("alembic.ini", "one.db", "two.db")
        app.manage("migrate")
        assert {path.name for path in app.folder.glob("*.db")} == {"one.db", "two.db"}

    @pytest.mark.parametrize(
        "url", ["driver://user:pass@localhost/dbname", "", '""', "{db_url}", "<your-url>"]
    )
    def test_a_url_that_is_none(self, app: AlembicFolder, url: str) -> None:
        app.begin(url=url)
        app.revise("-m", "first")
        app.init()
        assert values(app)["DATABASES"] == "{}"
        assert "DATABASE_URL" in app.manage("migrate", code=1).stderr
        app.manage("migrate", url="sqlite:///x.db")
        assert (app.folder / "x.db").exists()

    def test_a_url_with_variables_of_the_environment(self, app: AlembicFolder) -> None:
        app.begin(url="sqlite:///%(DB_NAME)s.db")
        app.edit(
            "alembic/env.py",
            "^config = context.config",
            "import os\n\nconfig = context.config\n"
            'config.set_main_option("DB_NAME", os.environ.get("DB_NAME", ""))',
        )
        app.revise("-m", "first", DB_NAME="named")
        app.init(DB_NAME="named")
        app.manage("migrate", DB_NAME="named")
        assert (app.folder / "named.db").exists()
        assert "needs DB_NAME" in app.manage("check", code=1).stdout + app.settings
        (app.folder / "settings.py").unlink()
        (app.folder / "manage.py").unlink()
        assert "needs DB_NAME" in app.init().stdout

    def test_no_password_is_written_or_shown(self, app: AlembicFolder) -> None:
        secret = "postgresql+psycopg://me:hunter2hunter2@127.0.0.1:1/shop"
        app.begin(url="driver://user:pass@localhost/dbname")
        app.edit(
            "alembic/env.py",
            "^config = context.config",
            f'config = context.config\nconfig.set_main_option("sqlalchemy.url", "{secret}")',
        )
        result = app.init()
        assert "hunter2" not in result.stdout + result.stderr + app.settings
        assert "set DATABASE_URL in the environment to the same" in result.stderr

    def test_a_url_of_the_environment_is_named(self, app: AlembicFolder) -> None:
        app.begin(url="driver://user:pass@localhost/dbname")
        app.edit(
            "alembic/env.py",
            "^config = context.config",
            "import os\n\nconfig = context.config\n"
            'config.set_main_option("sqlalchemy.url", os.environ["SHOP_DB"])',
        )
        app.init(SHOP_DB="sqlite:///shop.db")
        assert 'os.environ["SHOP_DB"]' in app.settings
        app.manage("migrate", SHOP_DB="sqlite:///shop.db")

    def test_a_table_of_versions_of_its_own(self, app: AlembicFolder) -> None:
        app.begin()
        app.edit(
            "alembic/env.py",
            r"target_metadata=target_metadata",
            'target_metadata=target_metadata, version_table="marks"',
        )
        app.revise("--autogenerate", "-m", "first")
        app.init()
        assert values(app)["VERSION_TABLE"] == '"marks"'
        app.manage("migrate")
        assert app.alembic("current").stdout.endswith("(head)\n")

    @pytest.mark.parametrize("option", ["include_name", "include_object"])
    def test_an_env_that_hides_the_ledger_has_one(self, app: AlembicFolder, option: str) -> None:
        app.begin()
        app.edit(
            "alembic/env.py",
            r"target_metadata=target_metadata",
            f"target_metadata=target_metadata, {option}=lambda *a: not "
            "('sqlalchemy_manage_' in str(a[0]) or 'sqlalchemy_manage_' in str(a[1]))",
        )
        app.init()
        assert "LEDGER" not in values(app)
        app.revise("--autogenerate", "-m", "first")
        app.manage("migrate")
        assert app.alembic("check").code == 0

    @pytest.mark.server
    @pytest.mark.parametrize("backend", ["postgresql"])
    def test_on_postgresql_the_ledger_has_a_schema(
        self, app: AlembicFolder, backend: str, database_url: str
    ) -> None:
        app.begin(url=database_url.replace("%", "%%"))
        app.revise("--autogenerate", "-m", "first")
        app.init()
        assert values(app)["LEDGER"] == '"sqlalchemy_manage"'
        app.manage("migrate")
        assert app.alembic("check").code == 0
        app.manage("check")

    def test_labelled_heads_stay_apart(self, app: AlembicFolder) -> None:
        app.begin()
        app.revision("aaaaaaaaaa01", None, "pass", "branch_labels = ('expand',)")
        app.revision("aaaaaaaaaa02", "aaaaaaaaaa01")
        app.revision("bbbbbbbbbb01", None, "pass", "branch_labels = ('contract',)")
        result = app.init()
        assert values(app)["HEADS"] in ('["expand", "contract"]', '["contract", "expand"]')
        assert "bases" in result.stdout

    @pytest.mark.parametrize(
        ("ids", "setting"),
        [
            (("1975ea83b712", "ae1027a6acf1"), '"hex"'),
            (("v1.0.0.a", "v1.2.0.a"), '"hex"'),
            (("0001_first", "0002_second"), None),
        ],
    )
    def test_new_ids_follow_the_habit(
        self, app: AlembicFolder, ids: tuple[str, str], setting: str | None
    ) -> None:
        app.begin()
        app.revision(ids[0], None)
        app.revision(ids[1], ids[0])
        app.init()
        assert values(app).get("REVISION_IDS") == setting
        app.manage("migrate")

    def test_revisions_in_subfolders(self, app: AlembicFolder) -> None:
        app.begin()
        app.revision("aaaaaaaaaa01", None)
        versions = app.folder / "alembic" / "versions"
        (versions / "2024").mkdir()
        (versions / "aaaaaaaaaa01_.py").rename(versions / "2024" / "aaaaaaaaaa01_.py")
        app.init()
        assert values(app)["VERSION_LOCATIONS"] == '["alembic/versions/2024"]'
        assert "aaaaaaaaaa01" in app.manage("showmigrations").stdout

    def test_a_history_without_a_beginning(self, app: AlembicFolder) -> None:
        app.begin()
        app.revision("aaaaaaaaaa01", None, "op.add_column('book', sa.Column('x', sa.Integer))")
        app.init()
        assert values(app)["NEW_DATABASE"] == '"create_all"'
        assert "aaaaaaaaaa01 changes" in app.settings.replace("\n# ", " ")

    def test_modules_that_env_imports_beside_the_base_are_named(self, app: AlembicFolder) -> None:
        models = (app.folder / "library" / "models.py").read_text()
        base, author, book = re.split(r"(?=^class (?:Author|Book))", models, flags=re.M)
        app.write("library/models.py", base)
        app.write(
            "library/people.py",
            f"{base.split('class Base')[0]}from .models import Base\n\n\n{author}",
        )
        app.write(
            "library/things.py",
            f"{base.split('class Base')[0]}from .models import Base\n\n\n{book}".replace(
                "Mapped[Author]", 'Mapped["Author"]'
            ),
        )
        app.begin()
        app.edit(
            "alembic/env.py",
            "^from library.models import Base",
            "import library.people\nimport library.things\nfrom library.models import Base",
        )
        app.revise("--autogenerate", "-m", "first")
        app.init()
        assert "library.people:" in app.settings and "library.things:" in app.settings
        app.manage("migrate")
        assert "2 tables" in app.manage("check").stdout

    def test_an_env_that_imports_no_model(self, app: AlembicFolder) -> None:
        models = (app.folder / "library" / "models.py").read_text()
        base, rest = re.split(r"(?=^class Author)", models, flags=re.M)
        app.write("library/models.py", base)
        app.write(
            "library/tables.py",
            f"{base.split('class Base')[0]}from .models import Base\n\n\n{rest}",
        )
        app.begin()
        result = app.init()
        assert "of which env.py imports none" in result.stdout
        assert "library.tables:Author.metadata" in app.settings


class TestBadInput:
    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("raise RuntimeError('no vault')", "no vault"),
            ("import nothing_of_that_name", "nothing_of_that_name"),
            ("raise SystemExit(3)", "sys.exit(3)"),
            ("input('name? ')", "standard input"),
            ("def (", "invalid syntax"),
        ],
    )
    def test_an_env_that_cannot_be_harvested(self, app: AlembicFolder, line: str, why: str) -> None:
        app.begin()
        app.revise("--autogenerate", "-m", "first")
        app.edit("alembic/env.py", "^config = context.config", f"config = context.config\n{line}")
        result = app.init()
        assert why in result.stderr
        assert "read and not run" in result.stdout
        assert 'METADATA = ["library.models:Base.metadata"]' in app.settings
        assert "first" in app.manage("showmigrations").stdout

    def test_an_env_that_prints_and_reads_arguments(self, app: AlembicFolder) -> None:
        app.begin()
        app.edit(
            "alembic/env.py",
            "^config = context.config",
            "import sys\n\nconfig = context.config\nprint('loud', sys.argv[1:])",
        )
        result = app.init()
        assert "loud" not in result.stdout + result.stderr
        assert result.stderr == "Next: manage.py check\n"

    @pytest.mark.parametrize(
        ("revisions", "why"),
        [
            ([("a1a1a1a1a1a1", None), ("b1b1b1b1b1b1", "c1c1c1c1c1c1")], "builds on"),
            ([("a1a1a1a1a1a1", "b1b1b1b1b1b1"), ("b1b1b1b1b1b1", "a1a1a1a1a1a1")], "circle"),
            ([("a1a1a1a1a1a1", None), ("b1b1b1b1b1b1", None)], "not each has a label"),
        ],
    )
    def test_a_history_that_does_not_hold(
        self, app: AlembicFolder, revisions: list[tuple[str, str | None]], why: str
    ) -> None:
        app.begin()
        for name, down in revisions:
            app.revision(name, down)
        assert why in app.init().stderr
        assert (app.folder / "settings.py").exists()

    def test_a_database_at_an_unknown_revision(self, app: AlembicFolder) -> None:
        app.begin()
        path = app.revision("aaaaaaaaaa01", None)
        assert app.alembic("upgrade", "head").code == 0
        path.unlink()
        assert "no revision has that id" in app.init().stderr

    def test_a_section_that_is_not_there(self, app: AlembicFolder) -> None:
        app.begin()
        app.edit("alembic.ini", r"^\[alembic\]", "[shop]")
        app.init()
        assert values(app)["ALEMBIC"] == '{"CONFIG": "alembic.ini", "SECTION": "shop"}'
        app.manage("showmigrations")

    def test_several_sections(self, app: AlembicFolder) -> None:
        app.begin()
        app.edit("alembic.ini", r"^\[alembic\]", "[one]\nscript_location = alembic\n\n[shop]")
        assert "--section one" in app.init(code=2).stderr
        app.init("--section", "shop")
        assert '"SECTION": "shop"' in app.settings

    def test_an_ini_without_a_script_location(self, app: AlembicFolder) -> None:
        app.begin()
        app.edit("alembic.ini", r"^script_location = .*$", "script_location = {folder}")
        app.init()
        assert values(app)["MIGRATIONS_DIR"] == '"alembic"'

    def test_several_configurations(self, app: AlembicFolder) -> None:
        for name in ("one", "two"):
            app.write(f"{name}/alembic.ini", f"[alembic]\nscript_location = {name}/alembic\n")
        result = app.init(code=2)
        assert "init --config one/alembic.ini" in result.stderr
        assert not (app.folder / "settings.py").exists()

    @pytest.mark.parametrize("name", ["manage.py", "settings.py"])
    def test_a_file_that_is_there_is_not_replaced(self, app: AlembicFolder, name: str) -> None:
        app.begin()
        app.write(name, "mine")
        assert f"{name} exists already" in app.init(code=1).stderr
        assert len({"manage.py", "settings.py"} & set(app.files())) == 1

    @pytest.mark.parametrize("config", ["nothing.ini", "library", "library:none"])
    def test_a_configuration_that_is_not_there(self, app: AlembicFolder, config: str) -> None:
        app.begin()
        code = 0 if ":" in config else 2
        result = app.init("--config", config, code=code)
        assert config.partition(":")[0] in result.stderr

    def test_nothing_is_written_to_look(self, app: AlembicFolder) -> None:
        app.begin()
        result = app.init("--dry-run")
        assert 'ALEMBIC = "alembic.ini"' in result.stdout
        found = json.loads(app.init("--dry-run", "--json").stdout)
        assert found["kind"] == "alembic" and found["files"] == []
        assert found["facts"]["models"] == "2 tables"
        assert not (app.folder / "settings.py").exists()


class TestModels:
    def test_a_package_with_models_is_an_app(self, app: AlembicFolder) -> None:
        result = app.init()
        assert values(app)["INSTALLED_APPS"] == '["library"]'
        assert result.stderr == "Next: manage.py makemigrations\n"
        app.manage("makemigrations")
        app.manage("migrate")
        assert (app.folder / "app.sqlite").exists()
        app.manage("check")

    def test_models_in_other_modules_are_named(self, app: AlembicFolder) -> None:
        (app.folder / "library" / "models.py").rename(app.folder / "library" / "database.py")
        app.init()
        assert values(app)["METADATA"] == '["library.database:Base.metadata"]'
        app.manage("makemigrations")
        app.manage("migrate")

    def test_a_folder_src(self, app: AlembicFolder) -> None:
        (app.folder / "src").mkdir()
        (app.folder / "library").rename(app.folder / "src" / "library")
        app.init()
        assert 'sys.path.insert(0, str(BASE_DIR / "src"))' in app.settings
        app.manage("makemigrations")

    def test_a_url_that_the_project_writes_out(self, app: AlembicFolder) -> None:
        app.write(
            "library/db.py",
            'from sqlalchemy import create_engine\nengine = create_engine("sqlite:///own.db")\n',
        )
        app.init()
        app.manage("makemigrations")
        app.manage("migrate")
        assert (app.folder / "own.db").exists()

    def test_tables_that_are_there_are_recorded(self, app: AlembicFolder) -> None:
        app.write(
            "library/db.py",
            "from sqlalchemy import create_engine\nfrom .models import Base\n"
            'Base.metadata.create_all(create_engine("sqlite:///own.db"))\n',
        )
        from support.programs import run

        assert run(app.folder, "-c", "import library.db").code == 0
        assert "migrate --fake-initial" in app.init().stderr
        app.manage("makemigrations", "--no-input")
        app.manage("migrate", "--fake-initial")
        app.manage("check")

    def test_models_that_cannot_be_imported(self, app: AlembicFolder) -> None:
        app.edit("library/models.py", "^class Base", "import nothing_such\n\n\nclass Base")
        assert "nothing_such" in app.init().stderr

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        app = AlembicFolder(tmp_path / "app")
        (app.folder / "library" / "models.py").unlink()
        result = app.init()
        assert "startproject" in result.stderr
        assert not (app.folder / "settings.py").exists()

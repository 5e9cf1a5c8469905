"""Revisions in folders other than ``migrations/versions``, in every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import run
from support.project import ProjectFolder

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"])
MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'
MODELS = 'a = table("a", key())\nb = table("b", key())\n'


class Spread(ProjectFolder):
    """0001 is in ``core/versions`` and 0002 in ``plugin/2024``; nothing is said of it yet."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.write_history()
        self.models(MODELS)
        self.step("0001_a", MAKE.format("a"), undo='op.drop_table("a")')
        self.step("0002_b", MAKE.format("b"), undo='op.drop_table("b")')
        for name, place in (("0001_a", "core/versions"), ("0002_b", "plugin/2024")):
            (folder / place).mkdir(parents=True)
            (self.versions / f"{name}.py").rename(folder / place / f"{name}.py")
        self.versions.rmdir()

    def setting(self, line: str) -> None:
        with (self.folder / "staff_settings.py").open("a") as file:
            file.write(f"{line}\n")


@pytest.fixture
def spread(tmp_path: Path, database_url: str) -> Spread:
    return Spread(tmp_path, database_url)


@pytest.mark.parametrize("way", ["settings", "ini"])
def test_every_command_finds_them(spread: Spread, way: str) -> None:
    if way == "settings":
        spread.setting('VERSION_LOCATIONS = ["core/*", "plugin/**"]')
    else:
        spread.setting('ALEMBIC = "alembic.ini"')
        (spread.folder / "alembic.ini").write_text(
            "[alembic]\nscript_location = %(here)s/migrations\npath_separator = space\n"
            "version_locations = core/versions plugin\nrecursive_version_locations = true\n"
        )
    spread.done("migrate")
    assert spread.done("showmigrations").stdout == "[X] 0001_a\n[X] 0002_b\n"
    spread.done("check", "--drift")
    spread.done("makemigrations", "--check", "--scratch")
    spread.done("rollback")
    assert "CREATE TABLE b" in spread.done("sqlmigrate", "0002").stdout
    spread.done("redo") if way == "ini" else spread.done("migrate")
    assert not spread.versions.exists()


@on_sqlite
def test_a_new_one_comes_where_the_head_is(spread: Spread) -> None:
    spread.setting('VERSION_LOCATIONS = ["core/versions", "plugin/**"]\nREVISION_IDS = "hex"')
    spread.done("migrate")
    spread.models(MODELS + 'c = table("c", key())\n')
    spread.done("makemigrations")
    assert len(list((spread.folder / "plugin").glob("*.py"))) == 1
    spread.done("migrate")
    assert not spread.versions.exists()


@on_sqlite
def test_plain_alembic_finds_them_by_its_own_configuration(spread: Spread) -> None:
    spread.setting('ALEMBIC = "pyproject.toml"')
    with (spread.folder / "pyproject.toml").open("a") as file:
        file.write('version_locations = ["%(here)s/core/versions", "%(here)s/plugin"]\n')
        file.write("recursive_version_locations = true\n")
    assert spread.alembic("upgrade", "head").code == 0
    assert spread.query("SELECT count(*) FROM sqlalchemy_manage_ledger WHERE checksum IS NULL") == [
        (0,)
    ]
    assert "Nothing to do" in spread.done("migrate").stderr


@on_sqlite
def test_files_that_no_location_names_are_named(spread: Spread) -> None:
    (spread.folder / "core").rename(spread.folder / "migrations" / "versions")
    (spread.folder / "plugin" / "2024").rename(spread.folder / "migrations" / "sqlite")
    error = (
        "There is no revision in migrations/versions, but 1 revision file is in "
        "migrations/sqlite and 1 revision file is in migrations/versions/versions, which "
        "VERSION_LOCATIONS does not name.\nWrite in the settings: "
        'VERSION_LOCATIONS = ["migrations/sqlite"], or for all of them ["migrations/**"]\n'
    )
    for command in (["migrate"], ["makemigrations"], ["check"], ["prepare", "--no-input"]):
        result = spread.manage(*command)
        shown = " ".join((result.stdout + result.stderr).split())
        assert result.code == 1 and " ".join(error.split()) in shown, result
    assert "Warning: There is no revision in" in spread.done("showmigrations").stderr
    spread.setting('VERSION_LOCATIONS = ["migrations/**"]')
    spread.done("migrate")


@on_sqlite
def test_files_below_that_go_on_from_those_that_are_read_are_named(spread: Spread) -> None:
    (spread.folder / "core" / "versions").rename(spread.versions)
    (spread.folder / "plugin" / "2024").rename(spread.versions / "2024")
    (spread.versions / "old").mkdir()
    (spread.versions / "old" / "0000_x.py").write_text('revision = "0000_x"\n')
    spread.done("migrate")
    seen = " ".join(spread.manage("check").stdout.split())
    assert (
        "warning history 1 revision file in folders below migrations/versions goes on from the "
        "revisions here, and is not read, as alembic does not with this configuration. If they "
        'belong to the history, write in the settings: VERSION_LOCATIONS = ["migrations/'
        'versions/**"]'
    ) in seen, seen
    (spread.versions / "2024" / "0002_b.py").unlink()
    assert "warning  history" not in spread.manage("check").stdout


@on_sqlite
def test_a_file_in_two_locations_is_one(spread: Spread) -> None:
    (spread.folder / "again").symlink_to(spread.folder / "core")
    spread.setting('VERSION_LOCATIONS = ["core/versions", "again/versions", "plugin/2024"]')
    spread.done("migrate")


@on_sqlite
def test_nothing_to_do_is_found_without_alembic(spread: Spread) -> None:
    spread.setting('VERSION_LOCATIONS = ["core/**", "plugin/**"]')
    spread.done("migrate")
    code = (
        "import sys\nfrom sqlalchemy_manage.cli import main\n"
        "code = main(['migrate', '--settings', 'staff_settings'])\n"
        "print(code, [m for m in sys.modules if m.split('.')[0] in ('alembic', 'mako', 'staff')])\n"
    )
    (spread.folder / "quick.py").write_text(code)
    assert run(spread.folder, "quick.py", fresh=True).stdout == "0 []\n"

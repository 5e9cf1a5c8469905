"""Names of files that no file can have, or that something else has: said in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.project import ProjectFolder

NAMES = {
    "NUL": "nu\0l",
    "surrogate": "su\ud800r",
    "long": "x" * 300,
    "long folder": "x" * 300 + "/a",
}
COMMANDS = ("restore", "backup", "dumpdata -o", "loaddata")
MODELS = "\nmetadata = MetaData()\ntable('item', key())\n"


@pytest.fixture
def app(tmp_path: Path) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite")
    app.models(MODELS)
    return app


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", NAMES)
def test_a_name_that_no_file_can_have(app: ProjectFolder, command: str, kind: str) -> None:
    app.execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
    before = sorted(os.listdir(app.folder))
    result = app.manage(*command.split(), NAMES[kind])
    assert result.code == (1 if command == "loaddata" else 2), result
    said = ("is not a possible file name", "is not the name of a fixture")
    assert any(words in result.stderr for words in said)
    assert "traceback" not in result.stderr
    assert sorted(os.listdir(app.folder)) == before


def test_a_backup_is_not_given_a_name_that_restore_cannot_open(app: ProjectFolder) -> None:
    app.execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
    for command in ("backup", "restore"):
        result = app.manage(command, os.fsdecode(b"a\xff.sqlite"))
        assert result.code == 2
        assert "it cannot be written in UTF-8" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("check", "makemigrations", "migrate", "migrate --plan", "showmigrations"),
        *("backup", "dumpdata", "checklinks", "seed", "rollback", "repair", "environment"),
    ],
)
@pytest.mark.parametrize("length", [255, 300])
def test_a_database_that_no_file_can_be(tmp_path: Path, command: str, length: int) -> None:
    """SQLite's own files beside it have names that are longer by up to eight."""
    name = "x" * (length - 7) + ".sqlite"
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path}/{name}")
    app.models(MODELS)
    result = app.manage(*command.split())
    assert result.code == 1, result
    assert "is not a possible file name: File name too long" in result.stdout + result.stderr
    assert "traceback" not in result.stderr


def test_the_backup_of_a_database_with_a_long_name(tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path}/{'é' * 110}.sqlite")
    app.execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
    path = Path(app.done("backup").stdout.strip())
    assert path.is_file()
    assert path.name.startswith("é" * 100 + "-")


def test_a_folder_or_a_link_in_the_place_of_a_fixture(app: ProjectFolder, tmp_path: Path) -> None:
    fixtures = app.folder / "fixtures"
    (fixtures / "adir.json").mkdir(parents=True)
    (tmp_path / "outside.json").write_text("[]")
    (fixtures / "link.json").symlink_to(tmp_path / "outside.json")
    (fixtures / "gone.json").symlink_to(tmp_path / "nowhere.json")
    for name, said in {
        "adir": "fixtures/adir.json is a folder, not a fixture.",
        "adir.json": "fixtures/adir.json is a folder, not a fixture.",
        "link": f"fixtures/link.json is a link to {tmp_path}/outside.json, and not to a file in ",
        "gone": f"fixtures/gone.json is a link to {tmp_path}/nowhere.json, and not to a file in ",
    }.items():
        result = app.manage("loaddata", name)
        assert result.code == 1
        assert result.stderr.startswith(f"Error: {said}"), result
    assert "Found there: link." in app.manage("loaddata", "other").stderr

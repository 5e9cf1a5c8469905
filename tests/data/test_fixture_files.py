"""Where the name of a fixture leads, and what a broken file is told."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sqlalchemy_manage.data.fixture_files import Fixture, find_fixtures
from sqlalchemy_manage.data.fixtures import Record, read_fixture
from sqlalchemy_manage.data.json_text import shown
from sqlalchemy_manage.errors import FixtureError


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two folders for fixtures below the current one, and a file beside them."""
    monkeypatch.chdir(tmp_path)
    found = [tmp_path / "fixtures", tmp_path / "app" / "fixtures"]
    for folder in found:
        folder.mkdir(parents=True)
    (found[0] / "one.json").write_text("[]")
    (found[1] / "two.json").write_text("[]")
    (tmp_path / "outside.json").write_text("[]")
    return found


def shown_of(fixtures: list[Fixture]) -> list[str]:
    return [fixture.shown for fixture in fixtures]


def test_a_name_is_found_in_every_folder_with_or_without_the_suffix(folders: list[Path]) -> None:
    assert shown_of(find_fixtures(["one", "two.json"], folders)) == [
        "fixtures/one.json",
        "app/fixtures/two.json",
    ]
    (folders[1] / "one.json").write_text("[]")
    assert shown_of(find_fixtures(["one"], folders)) == [
        "fixtures/one.json",
        "app/fixtures/one.json",
    ]


def test_a_fixture_named_twice_is_loaded_once(folders: list[Path]) -> None:
    assert len(find_fixtures(["one", "one.json", "fixtures/one.json"], folders)) == 1


def test_a_path_is_that_file(folders: list[Path], tmp_path: Path) -> None:
    for name in (
        "outside.json",
        "./outside.json",
        str(tmp_path / "outside.json"),
        "app/../outside.json",
    ):
        assert find_fixtures([name], folders)[0].path == tmp_path / "outside.json"


@pytest.mark.parametrize(
    "name", ["../outside", "fixtures/../outside", "outside", "/one", "", "a\0b"]
)
def test_a_bare_name_does_not_lead_out_of_the_folders(folders: list[Path], name: str) -> None:
    with pytest.raises(FixtureError):
        find_fixtures([name], folders)


def test_nor_does_a_symbolic_link(folders: list[Path], tmp_path: Path) -> None:
    (folders[0] / "linked.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(FixtureError, match=r"linked\.json is a link to"):
        find_fixtures(["linked"], folders)


def test_an_unknown_name_is_told_the_closest_and_where_it_was_looked_for(
    folders: list[Path],
) -> None:
    with pytest.raises(FixtureError) as caught:
        find_fixtures(["on"], folders)
    assert caught.value.message == "There is no fixture 'on'. Did you mean 'one'?"
    assert caught.value.hint == "Looked in fixtures, app/fixtures. Found there: one, two."


def test_a_folder_is_no_fixture(folders: list[Path]) -> None:
    with pytest.raises(FixtureError, match="is a folder"):
        find_fixtures(["./fixtures"], folders)


def records(text: str | bytes, tmp_path: Path) -> list[Record]:
    path = tmp_path / "x.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_fixture(Fixture("x.json", path), io.StringIO()))


def test_records_know_where_they_stand(tmp_path: Path) -> None:
    text = '\ufeff [ {"model": "a.b", "pk": [1, 2], "fields": {"x": null}},\n{"model": "a.c"} ]\n'
    one, other = records(text, tmp_path)
    assert (one.model, one.pk, one.fields) == ("a.b", [1, 2], {"x": None})
    assert (other.pk, other.fields, str(other.origin)) == (None, {}, "x.json, record 2")


@pytest.mark.parametrize("text", ["[]", " [ ] \n"])
def test_an_empty_list_is_a_fixture(text: str, tmp_path: Path) -> None:
    assert records(text, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.json is empty: an empty fixture is []."),
        ("{}", "x.json contains an object, but a list of records was expected."),
        ("{'a'", "x.json, line 1, column 2: not valid JSON: Expecting property name"),
        ('[\n {"model": "a.b"},\n {"model" "a.b"}]', "x.json, line 3, column 11: not valid JSON"),
        ('[{"model": "a.b"}', "x.json, line 1, column 18: not valid JSON: Expecting ',' or ']'"),
        ('[{"model": "a.b"},]', "x.json, line 1, column 19: not valid JSON: "),
        ('[{"model": "a.b"}] x', "x.json, line 1, column 20: not valid JSON: Unexpected text"),
        ("[1]", "x.json, record 1 is a number, but an object was expected."),
        ("[{}]", 'x.json, record 1: "model" must be a string such as "app.model".'),
        ('[{"model": "a.b", "fields": []}]', 'x.json, record 1 (a.b): "fields" is a list'),
        ('[{"model": "a.b", "field": {}}]', "unknown key \"field\". Did you mean 'fields'?"),
        ('[{"model": "a.b", "pk": NaN}]', 'x.json, record 1: NaN is not JSON; write "NaN".'),
        ("[" * 100_000, "x.json, record 1: nested too deeply."),
        ('[{"model": "a.b", "pk": ' + "1" * 5000 + "}]", "x.json, record 1: Exceeds the limit"),
        (b'["\xff"]', "x.json is not UTF-8 text"),
    ],
)
def test_a_broken_file_is_told_what_and_where(
    text: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FixtureError) as caught:
        records(text, tmp_path)
    assert message in caught.value.message


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(FixtureError, match=r"gone\.json cannot be read: No such file"):
        list(read_fixture(Fixture("gone.json", tmp_path / "gone.json")))


def test_a_shown_value_is_short_and_cannot_steer_a_terminal() -> None:
    assert shown("ü\x9b31m") == '"\\u00fc\\u009b31m"'
    assert shown("ü") == '"ü"'
    assert len(shown("x" * 1000)) == 80

"""Every command that README.md and docs/ show runs, and prints what the page says.

Numbers of rows and links are compared too: links are drawn by numbers that no release of
Faker changes. Where a change of the program changes them, ``RENEW_README=1`` with this
test writes those that come out into the pages, and nothing else: the test fails still for
a text that differs in more than its numbers. ``RENEW_README=all`` writes all that is printed,
and the options of docs/commands.md. Look at the diff before you commit it.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.pages import DOCS, PAGES, README, Reader, Session, begin, home, renewed, sessions
from support.programs import ROOT
from support.reference import reference, section

RENEW = os.environ.get("RENEW_README")
TEXT = README.read_text(encoding="utf-8")


def marked() -> list[object]:
    """Each session, with the marks that it needs."""
    slow = pytest.mark.slow(reason="dozens of commands")
    return [
        pytest.param(
            each, id=each.id, marks=[slow, *([pytest.mark.server] if each.backend else [])]
        )
        for page in PAGES
        for each in sessions(page)
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that README.md ends with; what it prints is compared by its own test."""
    folder = begin("shop", tmp_path_factory.mktemp("readme"), None)
    for session in sessions(README):
        if session.place == "shop":
            Reader(folder).follow(session)
    return folder


@pytest.fixture
def parent() -> Iterator[Path]:
    with home() as folder:
        yield folder


@pytest.mark.parametrize("session", marked())
def test_what_a_page_shows_is_what_happens(
    session: Session,
    request: pytest.FixtureRequest,
    parent: Path,
    new_database: Callable[..., str],
) -> None:
    goes_on = session.page != README and session.begins == "shop"
    folder = begin(session.begins, parent, request.getfixturevalue("shop") if goes_on else None)
    reader = Reader(folder, new_database(session.backend) if session.backend else None)

    def check(command: str, expected: str, printed: str) -> None:
        if RENEW:
            expected = renewed(session.page, command, expected, printed, reader, RENEW == "all")
        assert reader.normal(printed) == reader.normal(expected), (
            f"$ {command}\n{printed}\n(only its numbers? RENEW_README=1 writes them)"
        )

    reader.follow(session, check)


@pytest.mark.slow(reason="runs pytest")
@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_the_recipe_for_tests_works_on_a_server(
    backend: str, shop: Path, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    (session,) = sessions(ROOT / "docs" / "testing.md")
    reader = Reader(begin("shop", tmp_path, shop), TEST_DATABASE_URL=new_database(backend))

    def check(command: str, expected: str, printed: str) -> None:
        assert reader.normal(printed) == reader.normal(expected), printed

    reader.follow(session, check)


def test_each_project_of_a_page_has_commands() -> None:
    for page in PAGES:
        for session in sessions(page):
            assert any(block.name == "$" for block in session.blocks), session.id


def test_a_command_that_prints_something_else_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- in x -->\n```console\n$ echo one; echo two\none\n$ echo three\nfour\n```\n"
    )
    (session,) = sessions(page)
    reader, seen = Reader(begin("x", tmp_path / "projects", None)), []
    reader.follow(session, lambda *each: seen.append(each))
    assert seen == [
        ("echo one; echo two", "one\n", "one\ntwo\n"),
        ("echo three", "four\n", "three\n"),
    ]
    assert reader.normal("3 rows in 0.01 s (7 rows/s)") == reader.normal(
        "3 rows in 1.20 s (9 rows/s)"
    )
    assert reader.normal("3 rows") != reader.normal("4 rows")


def test_the_readme_is_two_screens() -> None:
    assert len(TEXT.splitlines()) < 150


def test_the_first_screen_has_the_two_commands() -> None:
    first_screen = TEXT.splitlines()[:40]
    starts = [line for line in first_screen if line.startswith("python3 -m venv")]
    commands = [line.partition(" manage.py ")[2] for line in starts]
    assert commands == ["prepare", "test -n auto"]


def test_the_readme_names_every_command() -> None:
    from sqlalchemy_manage.command_files import core_commands

    cells = re.findall(r"^\| (`.*?`) \|", TEXT.partition("## Commands")[2], re.M)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(core_commands())


def test_the_page_of_commands_says_what_help_says() -> None:
    from sqlalchemy_manage.command_files import core_commands

    path = ROOT / "docs" / "commands.md"
    page = path.read_text(encoding="utf-8")
    for name in core_commands():
        if RENEW == "all" and section(page, name):
            page = page.replace(section(page, name), reference(name))
            path.write_text(page, encoding="utf-8")
        assert section(page, name) == reference(name), "RENEW_README=all writes it"


def test_the_page_of_commands_has_every_key_of_a_plan() -> None:
    from sqlalchemy_manage.migrations.actions.preview import Preview

    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").partition("## JSON")[2]
    cells = re.findall(r"^\| (`\w+`.*?) \|", page, re.M)
    keys = {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}
    assert keys == {field.name for field in dataclasses.fields(Preview)}


def test_the_words_of_other_tools_on_the_page_of_commands_are_what_is_answered() -> None:
    from sqlalchemy_manage.elsewhere import COMMANDS

    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    table = page.partition("## Coming from another tool")[2].partition("\n## ")[0]
    shown = {
        word: tuple(re.findall(r"`(.+?)`", here))
        for word, here in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.M)
    }
    assert len(shown) > 5
    assert shown == {word: COMMANDS[word] for word in shown}


def test_the_page_of_settings_names_every_setting() -> None:
    from sqlalchemy_manage.conf import KNOWN

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([A-Z_]+)` \|", page, re.M)) == sorted(KNOWN)


def test_the_profiles_on_the_page_of_seeding_are_those_of_the_sample() -> None:
    page = (ROOT / "docs" / "seeding.md").read_text(encoding="utf-8")
    shown = re.search(r"^# hr/seeds\.py\n(.*?)^```$", page, re.M | re.S)
    assert shown is not None
    text = (ROOT / "hr" / "seeds.py").read_text(encoding="utf-8")
    for line in shown[1].splitlines():
        assert line in text


def test_every_benchmark_and_sweep_is_on_its_page() -> None:
    page = (ROOT / "docs" / "reliability-and-benchmarks.md").read_text(encoding="utf-8")
    scripts = [*ROOT.glob("tests/benchmarks/*.py"), *ROOT.glob("tests/reliability/*.py")]
    scripts = [path for path in scripts if "__main__" in path.read_text(encoding="utf-8")]
    assert len(scripts) > 10
    assert [path.name for path in scripts if f"/{path.name}" not in page] == []


LINKED = (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("tests/**/README.md"))


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(path), f"{page.name} links to {target}"


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", index.read_text())
    }
    assert {page.name for page in DOCS} - {index.name} <= linked
    assert "docs/README.md" in TEXT


def test_no_page_installs_what_no_index_has() -> None:
    for page in PAGES:
        assert not re.search(r"pip install '?sqlalchemy[-_]manage", page.read_text()), page.name


def without_code(page: Path) -> str:
    """A page without its blocks and words of code, in which brackets are no links."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"(?<!\[)`[^`\n]*`(?!\])", "", text)


def anchors(page: Path) -> set[str]:
    """What a link into a page may name: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", without_code(page), re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }

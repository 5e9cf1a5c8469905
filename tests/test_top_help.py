"""The list of commands, read from files: it says what the commands would say themselves."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from support.programs import ROOT

from sqlalchemy_manage.command_files import CommandFile, core_commands, find_commands, sentence
from sqlalchemy_manage.group import cli
from sqlalchemy_manage.project import Project
from sqlalchemy_manage.top_help import top_help


@pytest.fixture(scope="module")
def context() -> click.Context:
    return click.Context(cli, info_name="manage.py", obj=Project("settings"))


@pytest.mark.parametrize("name", [*core_commands(), "headcount"])
def test_the_summary_is_the_first_sentence_of_the_commands_help(
    context: click.Context, name: str
) -> None:
    command = cli.get_command(context, name)
    assert command is not None and command.help is not None
    file = cli.sources(context)[name]  # type: ignore[attr-defined]
    assert file.summary() == sentence(command.help)
    assert str(file.summary()).endswith(".")


HELPS = {
    "docstring": ('"Do it. More."', "", "Do it."),
    "lines": ('"""Do\n    it\n    well.\n\n    More.\n    """', "", "Do it well."),
    "no full stop": ('"""Do it\n\n    More"""', "", "Do it"),
    "help": ('"No."', 'help="Given here. More."', "Given here."),
    "short help": ('"No."', 'help="No.", short_help="Short"', "Short"),
    "abbreviation": ('"Use v1.2 of it."', "", "Use v1.2 of it."),
    "none": ("pass", "", ""),
    "computed": ('"No."', "help=TEXT", "Computed."),
    "spread": ('"No."', "**MORE", "Computed."),
    "hidden": ('"No."', "hidden=True", None),
}


@pytest.mark.parametrize(("body", "given", "expected"), HELPS.values(), ids=HELPS)
def test_the_summary_of_an_apps_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    body: str,
    given: str,
    expected: str | None,
) -> None:
    name = f"said_{request.node.callspec.id.replace(' ', '_')}"
    path = tmp_path / f"{name}.py"
    path.write_text(
        "import click\n\nTEXT = 'Computed.'\nMORE = {'help': TEXT}\n\n"
        f"@click.command({given})\n@click.option('--x', help='Another. text')\n"
        f"def command(x):\n    {body}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = top_help("manage.py", {"act": CommandFile(str(path), name, "notes")}, 80)
    listed = text.partition("Commands of notes:\n")[2].split("\n")[0]
    assert listed == ("" if expected is None else f"  act  {expected}".rstrip())


def test_a_file_that_cannot_be_read_is_listed_as_such(tmp_path: Path) -> None:
    for name, text in (("wrong", "x = (\n"), ("bytes", "\xff")):
        (tmp_path / f"{name}.py").write_bytes(text.encode("latin-1"))
    files = {n: CommandFile(f"{tmp_path}/{n}.py", n, "notes") for n in ("wrong", "bytes", "gone")}
    text = " ".join(top_help("manage.py", files, 200).split())
    for name in files:
        assert f"{name} (cannot be loaded)" in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_help_of_every_command_fits(
    context: click.Context, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr("sqlalchemy_manage.group.help_width", lambda: width)
    texts = {"": top_help("manage.py", find_commands([]), width)}
    for name in core_commands():
        command = cli.get_command(context, name)
        assert command is not None
        with command.context_class(command, info_name=name, parent=context) as own:
            texts[name] = command.get_help(own)
    for name, text in texts.items():
        for line in text.split("\n"):
            assert line == line.rstrip(), (name, line)
            alone = " " not in line.strip() or line.strip().startswith(("manage.py", "DATABASE_"))
            assert len(line) <= width or alone, (name, line)


def test_the_examples_fit_a_usual_terminal() -> None:
    for name in core_commands():
        text = (ROOT / "sqlalchemy_manage" / "commands" / f"{name}.py").read_text()
        example = text.partition("Example:\n")[2].partition('"""')[0]
        assert all(len(line) <= 80 for line in example.split("\n")), name

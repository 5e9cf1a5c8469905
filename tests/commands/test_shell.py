"""shell: code by option, by standard input, and at a real terminal."""

from __future__ import annotations

import io
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT, Manage, run

from hr.models import Base, Employee

COUNT = sa.select(sa.func.count()).select_from(Employee)


@pytest.fixture
def tables(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)


@pytest.fixture
def sqlite_url(new_database: Callable[[str], str]) -> str:
    """One database with hr's tables, for what does not depend on the kind."""
    url = new_database("sqlite")
    Base.metadata.create_all(sa.create_engine(url, poolclass=sa.NullPool))
    return url


@pytest.mark.usefixtures("tables")
def test_code_runs_with_everything_imported_and_commits(manage: Manage, engine: sa.Engine) -> None:
    result = manage(
        "shell",
        "-c",
        "session.add(Employee(name='Ann', departments=[Department(name='IT')]))\n"
        "session.commit()\n"
        "print(session.scalar(select(func.count()).select_from(department_employee_link)))\n"
        "names = [e.name for e in session.scalars(select(Employee).options("
        "selectinload(Employee.departments)).where(and_(Employee.name == 'Ann')))]\n"
        "print(names, EmployeeFactory.__name__)\n"
        "'not printed'",
    )
    assert result.code == 0, result
    assert result.stdout == "1\n['Ann'] EmployeeFactory\n"
    assert result.stderr == ""
    with engine.connect() as connection:
        assert connection.scalar(COUNT) == 1


@pytest.mark.usefixtures("tables")
def test_what_is_not_committed_is_rolled_back(manage: Manage, engine: sa.Engine) -> None:
    code = (
        "session.add(Employee(name='Ann')); session.flush(); print(session.query(Employee).count())"
    )
    result = manage("shell", "-c", code)
    assert (result.code, result.stdout) == (0, "1\n")
    with engine.connect() as connection:
        assert connection.scalar(COUNT) == 0


def test_an_exception_shows_the_users_frames_and_no_password(
    manage_on: Callable[[str], Manage], sqlite_url: str
) -> None:
    result = manage_on(sqlite_url)("shell", "-v", "0", "-c", "def f():\n    1 / 0\nf()")
    assert result.code == 1
    assert result.stderr.splitlines()[1] == '  File "<command>", line 3, in <module>'
    assert "sqlalchemy_manage" not in result.stderr
    leak = manage_on(sqlite_url)("shell", "-c", "raise ValueError('postgresql://u:hunter22@h/d')")
    assert "hunter22" not in leak.stderr
    assert "u:***@h/d" in leak.stderr


def test_system_exit_is_honoured(sqlite_url: str) -> None:
    def shell(code: str) -> tuple[int, str]:
        result = run(ROOT, "manage.py", "shell", "-c", code, url=sqlite_url)
        return result.code, result.stderr

    assert shell("raise SystemExit(7)") == (7, "")
    assert shell("import sys; sys.exit('enough')") == (1, "enough\n")
    assert shell("import sys; sys.exit()") == (0, "")


@pytest.mark.usefixtures("tables")
def test_code_from_standard_input(database_url: str, engine: sa.Engine) -> None:
    program = (
        "for name in ('Ann', 'Bob'):\n    session.add(Employee(name=name))\nsession.commit()\n"
        "if __name__ == '__main__':\n    print('done')\n"
    )
    result = run(ROOT, "manage.py", "shell", url=database_url, stdin=program)
    assert (result.code, result.stdout, result.stderr) == (0, "done\n", "")
    with engine.connect() as connection:
        assert connection.scalar(COUNT) == 2
    broken = run(ROOT, "manage.py", "shell", url=database_url, stdin="x = 1\nx +\n")
    assert broken.code == 1
    assert broken.stderr.splitlines()[0] == '  File "<stdin>", line 2'


def test_the_option_wins_over_standard_input(
    manage_on: Callable[[str], Manage], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("print('stdin')"))
    assert manage_on(sqlite_url)("shell", "-c", "print('option')").stdout == "option\n"
    assert manage_on(sqlite_url)("shell").stdout == "stdin\n"


def test_no_standard_input_at_all(
    manage_on: Callable[[str], Manage], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    result = manage_on(sqlite_url)("shell")
    assert (result.code, result.stdout, result.stderr) == (0, "", "")


def test_a_reader_that_goes_away_ends_the_program_quietly(sqlite_url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-c", "while True: print('y' * 9999)"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": sqlite_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 1
    process.stderr.close()


@pytest.mark.server
def test_a_missing_database_is_told_of_before_anything_runs(
    manage_on: Callable[[str], Manage], new_database: Callable[..., str]
) -> None:
    for backend in ("sqlite", "postgresql", "mariadb"):
        url = new_database(backend, create=False)
        result = manage_on(url)("shell", "-c", "print('ran')")
        assert result.code == 1
        assert result.stdout == ""
        assert "manage.py prepare creates" in result.stderr


def test_an_unknown_interface(manage_on: Callable[[str], Manage], sqlite_url: str) -> None:
    result = manage_on(sqlite_url)("shell", "-i", "bpython")
    assert result.code == 2
    assert "'ipython', 'ptpython', 'python'" in result.stderr


def test_a_missing_interface(
    manage_on: Callable[[str], Manage], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy_manage import shell

    monkeypatch.setitem(shell.INTERFACES, "ptpython", "no_such_module_ptpython")
    result = manage_on(sqlite_url)("shell", "-i", "ptpython")
    assert result.code == 1
    assert result.stderr == ("Error: ptpython is not installed.\npip install ptpython\n")


def test_hidden_names_are_told_of_at_verbosity_2(
    copy_project: Callable[[str], Path], sqlite_url: str
) -> None:
    folder = copy_project("bare")
    models = folder / "notes" / "models.py"
    models.write_text(models.read_text().replace("Comment", "select"))
    arguments = ("manage.py", "shell", "-c", "print(select.__tablename__)")
    quiet = run(folder, *arguments, url=sqlite_url)
    assert (quiet.code, quiet.stdout, quiet.stderr) == (0, "comment\n", "")
    told = run(folder, *arguments, "-v", "2", url=sqlite_url)
    assert told.stderr == "sqlalchemy.select is left out: select is notes.models.select.\n"


def test_broken_factories_are_a_warning(
    copy_project: Callable[[str], Path], sqlite_url: str
) -> None:
    folder = copy_project("bare")
    (folder / "notes" / "factories.py").write_text("1 / 0\n")
    result = run(folder, "manage.py", "shell", "-c", "print(Note)", url=sqlite_url)
    assert (result.code, result.stdout) == (0, "<class 'notes.models.Note'>\n")
    assert result.stderr.startswith("Warning: no factories: notes.factories cannot be imported")


class Terminal:
    """A program at a pseudo-terminal: read until it says something, type something."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        pty = pytest.importorskip("pty")
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def read_until(self, text: str | None) -> str:
        """What was written up to ``text`` (None: up to the end of the program)."""
        while text is None or text not in self.seen:
            if not select.select([self.master], [], [], 60)[0]:
                raise AssertionError(f"{text!r} did not come; seen: {self.seen!r}")
            try:
                data = os.read(self.master, 65536)
            except OSError:  # Linux's way to say that the other end is closed
                data = b""
            if not data:
                assert text is None, f"{text!r} did not come; seen: {self.seen!r}"
                break
            self.seen += data.decode(errors="replace")
        end = len(self.seen) if text is None else self.seen.index(text) + len(text)
        said, self.seen = self.seen[:end], self.seen[end:]
        return said

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def close(self) -> int:
        """Read to the end; the exit code."""
        self.read_until(None)
        return self.process.wait(timeout=60)


@pytest.fixture
def terminal(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str, url: str = sqlite_url) -> Terminal:
        home = {
            "HOME": str(tmp_path),
            "IPYTHONDIR": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
        }
        environment = {"DATABASE_URL": url, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        environment["PYTHON_HISTORY"] = ""
        opened.append(Terminal(["manage.py", "shell", *arguments], environment | home))
        return opened[-1]

    yield start
    for each in opened:
        each.process.kill()
        each.process.wait()
        os.close(each.master)


def test_pythons_own_prompt(
    terminal: Callable[..., Terminal], tmp_path: Path, sqlite_url: str
) -> None:
    pytest.importorskip("readline")
    shell = terminal("-i", "python")
    said = shell.read_until(">>> ")
    assert "shell on sqlite:///" in " ".join(said.split())
    assert "models     Department Employee" in said
    assert "session.commit() keeps changes" in said
    # Only completed is it a name; the answer is in quotes, what was typed is not.
    shell.type("department_em\t.name\n")
    shell.read_until("'department_employee_link'")
    shell.read_until(">>> ")
    shell.type("session.add(Employee(name='Ann')); session.flush()\n")
    shell.read_until(">>> ")
    shell.type("1 / 0\n")
    shell.read_until("ZeroDivisionError")
    shell.read_until(">>> ")
    shell.type("\x04")
    assert shell.close() == 0
    assert "session.flush()" in (tmp_path / ".python_history").read_text()
    with sa.create_engine(sqlite_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.scalar(COUNT) == 0


@pytest.mark.parametrize(
    ("interface", "module", "prompt", "leave"),
    [("ipython", "IPython", "In [", "exit"), ("ptpython", "ptpython", ">>>", "exit()")],
)
def test_the_other_prompts(
    terminal: Callable[..., Terminal], interface: str, module: str, prompt: str, leave: str
) -> None:
    pytest.importorskip(module)
    shell = terminal("-i", interface)
    assert "session.commit() keeps changes" in shell.read_until(prompt)
    shell.type("print('<' + Employee.__tablename__ + '>')\r")
    shell.read_until("<employee>")
    shell.read_until(prompt)
    shell.type(leave + "\r")
    assert shell.close() == 0


def test_quiet_means_no_banner(terminal: Callable[..., Terminal]) -> None:
    shell = terminal("-i", "python", "-v", "0")
    assert "models" not in shell.read_until(">>> ")
    shell.type("exit(3)\n")
    assert shell.close() == 3


def asynchronous(url: str) -> str:
    return url.replace("sqlite:", "sqlite+aiosqlite:")


@pytest.mark.parametrize(
    ("interface", "module", "prompt", "enter"),
    [
        ("python", "readline", ">>> ", "\n"),
        ("ipython", "IPython", "In [", "\r"),
        ("ptpython", "ptpython", ">>>", "\r"),
    ],
)
def test_a_prompt_with_await(
    terminal: Callable[..., Terminal],
    sqlite_url: str,
    interface: str,
    module: str,
    prompt: str,
    enter: str,
) -> None:
    pytest.importorskip(module)
    pytest.importorskip("aiosqlite")
    shell = terminal("-i", interface, url=asynchronous(sqlite_url))
    assert "await works here" in shell.read_until(prompt)
    for code in (
        "a = await async_session.scalar(select(literal(41)))",
        "print('<%d>' % (a + await async_session.scalar(select(literal(1)))))",
    ):
        shell.type(code + enter)
        shell.read_until("<42>" if "print" in code else prompt)
    shell.read_until(prompt)
    # ptpython shows exit() in a shell with await as an error, and stays.
    shell.type("\x04" if interface == "ptpython" else "exit()" + enter)
    assert shell.close() == 0


def test_code_may_await(manage_on: Callable[[str], Manage], sqlite_url: str) -> None:
    pytest.importorskip("aiosqlite")
    manage = manage_on(asynchronous(sqlite_url))
    code = """
async_session.add(Employee(name="Ann"))
await async_session.commit()
print(await session.scalar(select(func.count()).select_from(Employee)))
async with async_session.begin():
    async_session.add(Employee(name="Bob"))
async for each in await async_session.stream_scalars(select(Employee.name)):
    print(each)
[print(await async_session.scalar(select(literal(n)))) for n in (1, 2)]
"""
    ran = manage("shell", "-c", code)
    assert (ran.code, ran.stdout) == (0, "1\nAnn\nBob\n1\n2\n"), ran
    failed = manage("shell", "-c", "await async_session.execute(text('SELECT 1/'))\n")
    assert failed.code == 1 and 'File "<command>", line 1' in failed.stderr, failed


def test_without_the_async_driver_the_rest_of_the_shell_is_there(
    manage_on: Callable[[str], Manage], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiosqlite", None)
    ran = manage_on(asynchronous(sqlite_url))(
        "shell", "-c", "print(await session.scalar(select(1)))"
    )
    assert (ran.code, ran.stdout) == (0, "1\n"), ran
    assert "no async_session: aiosqlite is not installed. pip install aiosqlite" in ran.stderr

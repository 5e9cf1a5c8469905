"""What a written revision looks like: its imports, its format, its docstring."""

from __future__ import annotations

import ast
import datetime
import enum
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from mako.template import Template
from sqlalchemy.dialects import mysql, postgresql
from support.programs import ROOT

import sqlalchemy_manage.migrations as migrations
from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.revisions.describe import Change
from sqlalchemy_manage.migrations.revisions.format import docstring, finish, quoted
from sqlalchemy_manage.migrations.revisions.formatters import line_length

TEMPLATE = Path(migrations.__file__).parent / "templates" / "script.py.mako"
TYPES = '''
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, UserDefinedType

class Point(UserDefinedType):
    cache_ok = True
    def get_col_spec(self, **kw):
        return "TEXT"

class Percent(TypeDecorator):
    """Has the repr() of what it wraps, which its own __init__ does not take."""
    impl, cache_ok = sa.Numeric, True
    def __init__(self, digits):
        super().__init__(3 + digits, digits)

class Money(Percent):
    def __repr__(self):
        return f"Money({self.impl.scale})"

class Wrong(Point):
    def __repr__(self):
        return object.__repr__(self)

class Homeless(Point):
    def __repr__(self):
        return "Point(NoWhere())"

class Outer:
    class Inner(Point):
        pass
'''


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The column types of a project, in its module shop.types."""
    package, module = ModuleType("shop"), ModuleType("shop.types")
    package.types = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop", package)
    monkeypatch.setitem(sys.modules, "shop.types", module)
    exec(TYPES, module.__dict__)
    return module


def rendered(*columns: Any, imports: str = "", message: str = "A table.", **table: Any) -> str:
    """The file that Alembic renders for a new table with these columns."""
    new = ops.CreateTableOp.from_table(sa.Table("t", sa.MetaData(), *columns, **table))
    context = MigrationContext.configure(dialect_name="sqlite")
    body = [
        render_python_code(container, migration_context=context)
        for container in (ops.UpgradeOps([new]), ops.DowngradeOps([new.reverse()]))
    ]
    return Template(filename=str(TEMPLATE), strict_undefined=True).render(
        message=message,
        imports=imports,
        up_revision="0004_x",
        down_revision="0003_w",
        branch_labels=None,
        depends_on=None,
        upgrades=body[0],
        downgrades=body[1],
    )


def run(text: str) -> sa.Table:
    """The table that the text's upgrade() makes, in SQLite."""
    names: dict[str, Any] = {}
    exec(compile(text, "revision", "exec"), names)
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            names["upgrade"]()
        return sa.Table("t", sa.MetaData(), autoload_with=connection)


def test_a_rendered_file_becomes_one_as_a_person_would_write_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    text = rendered(
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("full_name", sa.String(100), server_default="O'Brien", nullable=False),
        sa.Column("data", postgresql.JSONB),
        imports="from sqlalchemy.dialects import postgresql\nfrom sqlalchemy.dialects import mysql",
    )
    assert "### commands auto generated" in text
    assert (
        finish(text, tmp_path)
        == '''"""A table."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_x"
down_revision = "0003_w"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "t",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(length=100), server_default="O'Brien", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("t")
'''
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "migrations" / "versions").glob("*.py")), ids=lambda p: p.name
)
def test_the_files_of_the_sample_project_are_finished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert finish(text, ROOT) == text


def test_a_table_without_columns_stays_on_its_line(tmp_path: Path) -> None:
    text = "from alembic import op\n\nop.create_table('t')\nop.create_table()\n"
    assert finish(text, tmp_path).endswith('\nop.create_table("t")\nop.create_table()\n')


def sources(root: Path) -> None:
    """The files by which ruff knows that ``shop`` is of this project."""
    (root / "shop").mkdir()
    for name in ("types", "registry"):
        (root / "shop" / f"{name}.py").touch()


def test_imports_are_in_the_order_of_the_common_tools(types: ModuleType, tmp_path: Path) -> None:
    sources(tmp_path)
    text = (
        "import shop.types\nimport sqlalchemy as sa\nfrom alembic import op\n"
        "from sqlalchemy.dialects import postgresql\nimport json, unused\n"
        "from sqlalchemy.dialects import mysql\n"
        "from decimal import Decimal as D, ROUND_UP, getcontext, Context\n"
        "import shop.registry  # registers types\n"
        "def upgrade():\n"
        "    op.add_column('t', sa.Column('a', shop.types.Point(), "
        "server_default=json.dumps(D(1).quantize(getcontext(), Context, ROUND_UP))))\n"
        "    op.add_column('t', sa.Column('b', postgresql.JSONB().with_variant(mysql.JSON())))\n"
    )
    done = finish(text, tmp_path)
    assert done.partition("\n\n\ndef")[0] == (
        "import json\n"
        "from decimal import ROUND_UP, Context, getcontext\n"
        "from decimal import Decimal as D\n"
        "\n"
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        "from sqlalchemy.dialects import mysql, postgresql\n"
        "\n"
        "import shop.registry  # registers types\n"
        "import shop.types"
    )
    assert finish(done, tmp_path) == done


COLUMNS = {
    "many words": [sa.Column("w" * 63, sa.String(9), comment="x" * 200) for _ in "ab"][:1],
    "not ASCII": [sa.Column("größe 名前", sa.Integer, server_default='"é"')],
    "quotes": [sa.Column("a'b\"c\\d", sa.String, server_default='\'"""\\n\n')],
    "types": [
        sa.Column("a", sa.Enum(Color)),
        sa.Column("b", sa.Numeric(9, 2).with_variant(mysql.DECIMAL(9, 3), "mysql")),
        sa.Column("c", postgresql.ARRAY(postgresql.ENUM(Color, name="color"))),
        sa.Column("d", postgresql.HSTORE),
        sa.Column("e", sa.ARRAY(sa.Text)),
        sa.Column("f", postgresql.DOMAIN("d", sa.Integer)),
    ],
    "defaults": [
        sa.Column("a", sa.DateTime, server_default=sa.func.now()),
        sa.Column("b", sa.Integer, sa.Computed("a + 1")),
        sa.Column("c", sa.Integer, sa.Identity(start=3)),
        sa.Column("d", sa.String, sa.CheckConstraint("d > 'a'")),
    ],
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_every_rendered_file_is_python_and_stays_as_it_is(
    columns: list[sa.Column[Any]], tmp_path: Path
) -> None:
    text = rendered(*(column._copy() for column in columns))
    done = finish(text, tmp_path)
    names: dict[str, Any] = {}
    exec(compile(done, "revision", "exec"), names)
    assert finish(done, tmp_path) == done
    with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts=QUIET)):
        names["upgrade"]()


class Nowhere:
    def write(self, text: str) -> None: ...

    def flush(self) -> None: ...


QUIET = {"as_sql": True, "output_buffer": Nowhere()}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_ruff_has_nothing_to_say(columns: list[sa.Column[Any]], tmp_path: Path) -> None:
    ruff = Path(sys.prefix) / "bin" / "ruff"
    if not ruff.exists():
        pytest.skip("ruff is not installed here")
    file = tmp_path / "0004_x.py"
    file.write_text(finish(rendered(*(c._copy() for c in columns)), tmp_path), encoding="utf-8")
    for command in (["check", "--select", "I,F"], ["format", "--check"]):
        ran = subprocess.run(
            [ruff, *command, "--isolated", "--no-cache", file], capture_output=True
        )
        assert ran.returncode == 0, ran.stdout.decode()


def test_a_type_of_the_project_is_imported(types: ModuleType, tmp_path: Path) -> None:
    sources(tmp_path)
    text = rendered(
        sa.Column("at", types.Point()),
        sa.Column("price", types.Money(2)),
        sa.Column("prices", sa.JSON().with_variant(postgresql.ARRAY(types.Money(3)), "postgresql")),
    )
    done = finish(text, tmp_path)
    assert "from alembic import op\nfrom sqlalchemy.dialects import postgresql\n\n" in done
    assert "\n\nimport shop.types\n\n" in done
    assert "shop.types.Money(2)" in done
    # Alembic renders a type inside another without its module.
    assert "postgresql.ARRAY(Money(3))" in text
    assert "postgresql.ARRAY(shop.types.Money(3))" in done
    assert finish(done, tmp_path) == done
    assert str(run(done).c.price.type) == "NUMERIC(5, 2)"


def test_an_import_that_the_template_has_is_enough(types: ModuleType, tmp_path: Path) -> None:
    text = rendered(sa.Column("at", types.Point())).replace(
        "import op\n", "import op\nimport shop\n"
    )
    assert "import shop\n" in finish(text, tmp_path)
    assert "import shop.types" not in finish(text, tmp_path)
    other = text.replace("import shop\n", "import shop.other\n")
    assert "import shop.types\n" in finish(other, tmp_path)


def test_values_in_a_repr_are_imported(tmp_path: Path) -> None:
    values = f"{Decimal('1.5')!r}, {datetime.date(2020, 1, 2)!r}"
    text = f"def upgrade():\n    op.bulk_insert([{values}])\n"
    done = finish(text, tmp_path)
    assert done.startswith(
        "import datetime\nfrom decimal import Decimal\n\nfrom alembic import op\n"
    )


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("Wrong", (), "invalid syntax"),
        ("Homeless", (), "nothing defines 'NoWhere'"),
        ("Percent", (2,), "unexpected keyword argument 'precision'"),
    ],
)
def test_a_type_that_cannot_be_written_is_named_with_its_line(
    types: ModuleType, tmp_path: Path, name: str, arguments: tuple[Any, ...], reason: str
) -> None:
    column = sa.Column("wrong_one", getattr(types, name)(*arguments))
    with pytest.raises(MigrationError) as caught:
        finish(rendered(sa.Column("id", sa.Integer), column), tmp_path)
    assert reason in caught.value.message
    assert "\n  sa.Column('wrong_one', " in caught.value.message
    assert "sa.Column('id'" not in caught.value.message
    assert "__repr__" in str(caught.value.hint)
    assert "makemigrations --empty" in str(caught.value.hint)


def test_a_class_inside_a_class_is_found_out(types: ModuleType, tmp_path: Path) -> None:
    text = rendered(sa.Column("a", types.Outer.Inner()))
    with pytest.raises(MigrationError, match=r"has no attribute 'Inner'"):
        finish(text, tmp_path)


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, 88),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, 100),
        (
            {"pyproject.toml": "[tool.ruff]\nline-length = 100\n[tool.black]\nline-length = 79\n"},
            79,
        ),
        ({"ruff.toml": "line-length = 120\n"}, 120),
        (
            {
                "pyproject.toml": "[tool.alembic]\n",
                "../pyproject.toml": "[tool.black]\nline-length=70",
            },
            70,
        ),
        ({".git/x": "", "../pyproject.toml": "[tool.black]\nline-length = 70"}, 88),
        ({"pyproject.toml": "not toml"}, 88),
    ],
)
def test_the_length_of_a_line_is_the_projects(
    tmp_path: Path, files: dict[str, str], length: int
) -> None:
    root = tmp_path / "project"
    (tmp_path / ".git").mkdir()
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    assert line_length(root) == length


def change(words: str, symbol: str = "+") -> Change:
    return Change(symbol, words, "slug", "t")


def test_the_docstring_says_what_is_done() -> None:
    rename = change("rename column employee.name to full_name", "~")
    assert docstring(None, [rename]) == "Rename column employee.name to full_name."
    assert docstring("people", [rename]) == "Rename column employee.name to full_name."
    assert docstring(None, [rename, change("drop column employee.notes", "-")]) == (
        "Several changes: 2 operations.\n\n"
        "~ rename column employee.name to full_name\n- drop column employee.notes\n"
    )
    assert docstring("add_salary", [rename, rename]).startswith("Add salary: 2 operations.\n")
    assert docstring("fill in", []) == "Fill in."
    assert docstring(None, []) == "Empty, to be filled in."


def test_long_lines_of_the_docstring_are_broken_at_words() -> None:
    long = change("create index ix on employee (" + ", ".join(["a_long_column"] * 9) + ")")
    for found in ([long], [long, long]):
        text = docstring(None, found, width=60)
        assert all(len(line) <= 60 - len('"""') for line in text.split("\n")[:1])
        assert all(len(line) <= 60 for line in text.split("\n"))
        assert text.count("a_long_column") >= 9
    said = " ".join(docstring(None, [long], width=60).split())
    assert said == f"C{long.words[1:]}.", "said once, and whole"


@pytest.mark.parametrize(
    "name",
    [
        'a"""b',
        'ends with "',
        "\\",
        "\\\\x",
        'a\\"""',
        "line\nbreak",
        "\x00\x1b[31m",
        "größe 名前",
        "${1}",
    ],
)
def test_no_name_breaks_the_docstring(name: str, tmp_path: Path) -> None:
    for found in ([change(f"drop table {name}")], [change(f"drop table {name}")] * 2):
        plain = docstring(None, found)
        text = rendered(sa.Column("a", sa.Integer), message=quoted(plain))
        for written in (text, finish(text, tmp_path)):
            tree = ast.parse(written)
            assert ast.get_docstring(tree, clean=False) == plain
        assert "\x00" not in text


@pytest.mark.parametrize("text", ['"', '""', '"""', 'a"""""b', '\\"', '"""\\', "plain", "\n"])
def test_quoted_text_reads_back(text: str) -> None:
    assert ast.literal_eval(f'"""{quoted(text)}"""') == text


@pytest.mark.parametrize("name", ["ruff", "black", None])
def test_a_revision_to_fill_in_has_its_imports_and_a_merge_none(
    name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With any formatter, and without one; the text is laid out alike."""
    monkeypatch.setattr("sqlalchemy_manage.migrations.revisions.format.formatter", lambda _: name)

    def made(down: object, template: str) -> str:
        return Template(template, strict_undefined=True).render(
            message="Empty.", imports="", up_revision="0004_x", down_revision=down,
            branch_labels=None, depends_on=None, upgrades="", downgrades="",
        )  # fmt: skip

    own = TEMPLATE.read_text()
    for template in (own, own.replace("import sqlalchemy as sa\nfrom alembic import op\n", "")):
        empty = finish(made("0003_w", template), tmp_path)
        assert empty == finish(empty, tmp_path) == EMPTY
        filled = finish(empty.replace("    pass", "    op.execute('SELECT 1')", 1), tmp_path)
        assert "from alembic import op\n" in filled and "sqlalchemy" not in filled
        merge = finish(made(("0003_v", "0003_w"), template), tmp_path)
        assert "import" not in merge
        assert merge.startswith('"""Empty."""\n\nrevision = "0004_x"\n')


EMPTY = '''"""Empty."""

import sqlalchemy as sa
from alembic import op

revision = "0004_x"
down_revision = "0003_w"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''

"""Answers as flags: read, quoted, and what is wrong about them; questions with nobody there."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from support.scripted import Scripted

from sqlalchemy_manage.errors import OpenQuestion, UsageError
from sqlalchemy_manage.migrations.questions import (
    Answer,
    Closed,
    Option,
    Question,
    flag,
    parse_answers,
    quoted,
    split_name,
)

QUESTION = Question(
    "rename-column",
    "t.a",
    "Was t.a renamed?\nIf not, a is dropped.",
    (
        Option("yes", "yes, to b", ("--rename t.a=b",)),
        Option("no", "no, drop it", ("--allow-drop t.a", "--default t.b=VALUE")),
        Option("later", "neither"),
    ),
    "no",
)


def test_the_flags_of_one_command_line() -> None:
    answers = parse_answers(
        rename=["employee.name=full_name", "hr.employee.a=b"],
        rename_table=["a=b", "hr.x=y"],
        rename_value=["t.c:old=new", 't.c:"a=b"=c'],
        default=['t.c="x=y"', "t.d=1.5"],
        server_default=["t.e=now()"],
        nullable=["t.f"],
        allow_drop=["t", "t.g", "t.c:gone"],
    )
    assert answers.rename_columns == {
        "employee": {"name": "full_name"},
        "hr.employee": {"a": "b"},
    }
    assert answers.rename_tables == {"a": "b", "hr.x": "y"}
    assert answers.rename_values == {"t.c": {"old": "new", "a=b": "c"}}
    assert answers.defaults == {"t.c": '"x=y"', "t.d": "1.5"}
    assert answers.server_defaults == {"t.e": "now()"}
    assert answers.nullable == {"t.f"}
    assert answers.allow_drop == {"t", "t.g", "t.c:gone"}


@pytest.mark.parametrize(
    "name",
    ["order", 'a"b', "a'b", "a`b", "a.b", "a=b", "a b", "größe", "50%", "a:b", "$HOME", "-x", '"'],
)
def test_a_name_that_is_hard_to_write_comes_back_from_a_shell(name: str) -> None:
    typed = shlex.split(flag("--rename", f"{quoted(name, name)}={quoted(name)}"))
    assert typed[0] == "--rename"
    answers = parse_answers(rename=[typed[1]])
    assert answers.rename_columns == {name: {name: name}}
    assert split_name(quoted("s", name)) == ["s", name]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rename": ["employee"]}, "write TABLE.OLD=NEW"),
        ({"rename": ["employee.name="]}, "write TABLE.OLD=NEW"),
        ({"rename": ["=x"]}, "write TABLE.OLD=NEW"),
        ({"rename": [""]}, "write TABLE.OLD=NEW"),
        ({"rename": ["name=full_name"]}, "is not TABLE.COLUMN"),
        ({"rename": ["t.a=t.b"]}, "the new name is only the column's"),
        ({"rename": ["t..a=b"]}, "a part is empty"),
        ({"rename": [".a=b"]}, "a part is empty"),
        ({"rename": ['t."a=b']}, "write TABLE.OLD=NEW"),
        ({"rename": ['t.""=b']}, "not a name"),
        ({"rename": ["t.a=b", "t.a=c"]}, "given twice for t.a: b and c"),
        ({"rename": ["t.a=c", "t.b=c"]}, "t.a and t.b cannot both become c"),
        ({"rename_table": ["a"]}, "write OLD=NEW"),
        ({"rename_table": ["a=b", "a=c"]}, "given twice"),
        ({"rename_table": ["a=c", "b=c"]}, "cannot both become c"),
        ({"rename_value": ["t.c=x"]}, "write TABLE.COLUMN:OLD=NEW"),
        ({"rename_value": ["t:x=y"]}, "write TABLE.COLUMN:OLD=NEW"),
        ({"default": ["t.c"]}, "write TABLE.COLUMN=VALUE"),
        ({"default": ["c=1"]}, "is not TABLE.COLUMN"),
        ({"default": ["t.c=1", "t.c=2"]}, "given twice for t.c: 1 and 2"),
        ({"server_default": ["t.c="]}, "write TABLE.COLUMN=VALUE"),
        ({"nullable": ["t..c"]}, "a part is empty"),
        ({"allow_drop": [""]}, "is not a name"),
        ({"allow_drop": ['"t']}, "is not a name"),
    ],
)
def test_a_flag_that_is_not_well_formed(given: dict[str, list[str]], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_answers(**given)
    assert says in caught.value.message


def test_the_same_answer_twice_is_one() -> None:
    assert parse_answers(rename=["t.a=b", "t.a=b"]).rename_columns == {"t": {"a": "b"}}


def test_two_defaults_may_be_equal() -> None:
    assert parse_answers(default=["t.a=1", "t.b=1"]).defaults == {"t.a": "1", "t.b": "1"}


def test_what_answered_nothing() -> None:
    answers = parse_answers(default=["t.a=1"], allow_drop=["u", "v"], nullable=["t.b"])
    answers.used.add(("--default", "t.a"))
    assert answers.drop_allowed("u")
    assert answers.unused() == ["--nullable t.b", "--allow-drop v"]


def test_where_nobody_sits_questions_are_collected_with_their_flags() -> None:
    closed = Closed()
    assert closed.ask(QUESTION) == Answer("no", open=True)
    assert closed.ask(QUESTION) == Answer("no", open=True)
    with pytest.raises(OpenQuestion) as caught:
        closed.finish()
    assert caught.value.exit_code == 3
    assert caught.value.questions == (QUESTION,)
    assert caught.value.message == (
        "1 question needs an answer, and there is no terminal to ask on; nothing was written.\n"
        "  Was t.a renamed?\n"
        "  If not, a is dropped.\n"
        "    yes, to b:   --rename t.a=b\n"
        "    no, drop it: --allow-drop t.a --default t.b=VALUE\n"
        "    neither:     (change the model)"
    )
    Closed().finish()


def test_a_script_of_answers_ends_with_its_last() -> None:
    script = Scripted(["yes", Answer("value", "1")])
    answers: list[Any] = [script.ask(QUESTION), script.ask(QUESTION)]
    assert answers == [Answer("yes"), Answer("value", "1")]
    with pytest.raises(AssertionError, match=r"unexpected question: Was t\.a renamed"):
        script.ask(QUESTION)

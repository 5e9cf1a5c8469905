"""How much of a chunk is told to be made while its values are evaluated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.project import ProjectFolder

from sqlalchemy_manage.commands import _seed_progress
from sqlalchemy_manage.seeding.generating import chunk_progress
from sqlalchemy_manage.seeding.generating.chunk_progress import ChunkProgress


class Clock:
    """Time that passes only as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.looks = 100.0, 0
        monkeypatch.setattr(chunk_progress, "time", SimpleNamespace(monotonic=self.monotonic))

    def monotonic(self) -> float:
        self.looks += 1
        return self.now

    def values(self, count: int, seconds: float) -> Iterator[int]:
        for number in range(count):
            self.now += seconds
            yield number


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_slow_values_are_told_one_by_one_but_the_last(clock: Clock) -> None:
    told: list[int] = []
    found: list[Any] = []
    ChunkProgress(30, told.append).collect(found, clock.values(30, 0.3), 30)
    assert told == list(range(1, 30))
    assert found == list(range(30))


def test_nothing_is_told_more_than_some_times_a_second(clock: Clock) -> None:
    told: list[int] = []
    ChunkProgress(10_000, told.append).collect([], clock.values(10_000, 0.001), 10_000)
    assert 60 < len(told) <= 100, len(told)
    assert told == sorted(set(told))
    steps = [after - before for before, after in itertools.pairwise(told)]
    assert max(steps) < 200


def test_fast_values_cost_few_looks_at_the_clock(clock: Clock) -> None:
    told: list[int] = []
    ChunkProgress(10_000, told.append).collect([], clock.values(10_000, 1e-6), 10_000)
    assert told == []
    assert clock.looks < 200


def test_a_part_moves_from_what_was_told_to_its_end(clock: Clock) -> None:
    told: list[int] = []
    progress = ChunkProgress(100, told.append)
    end = progress.enter(0.5)
    progress.collect([], clock.values(10_000, 1e-6), 10_000)  # takes nothing of the bar
    progress.collect([], clock.values(10, 0.2), 10)
    progress.end = end
    assert told == list(range(5, 51, 5))
    progress.collect([], clock.values(10, 0.2), 10)
    assert told == [*range(5, 101 - 5, 5), 99]


def test_a_column_that_a_value_asks_for_moves_it_too(clock: Clock) -> None:
    told: list[int] = []
    progress = ChunkProgress(100, told.append)

    def asking() -> Iterator[int]:
        for number in clock.values(10, 0.2):
            if number == 0:
                end = progress.enter(0.5)
                progress.collect([], clock.values(10, 0.2), 10)
                progress.end = end
            yield number

    progress.collect([], asking(), 10)
    assert told[:10] == list(range(5, 51, 5))
    assert told[10:] == sorted(set(told[10:]))
    assert len(told) >= 19
    assert told[-1] == 99


def test_values_before_one_that_raises_are_kept(clock: Clock) -> None:
    found: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        ChunkProgress().collect(found, map(lambda n: 1 // (70 - n), range(100)), 100)
    assert len(found) == 70


MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]

class Stamp(Base):
    __tablename__ = "stamp"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(default=lambda: "x")

class Reply(Base):
    __tablename__ = "reply"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    note: Mapped[Note | None] = relationship()
"""
HEAD = """
import factory
from factory import fuzzy
from factory.alchemy import SQLAlchemyModelFactory
from faker.providers import BaseProvider
from staff.models import Note, Reply, Stamp

class Provider(BaseProvider):
    def remark(self, end="."):
        return "x" + end

factory.Faker.add_provider(Provider)

class ReplyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Reply
    text = factory.LazyAttribute(lambda row: "x")

class ConstantFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Note
    text = "x"
"""
ONE = """
class {name}Factory(SQLAlchemyModelFactory):
    class Meta:
        model = {model}
    {declared}
"""
NOTES = {
    "Attribute": "text = factory.LazyAttribute(lambda row: 'x')",
    "Function": "text = factory.LazyFunction(lambda: 'x')",
    "Numbered": "text = factory.Sequence(lambda n: f'x{n}')",
    "AttributeNumbered": "text = factory.LazyAttributeSequence(lambda row, n: f'x{n}')",
    "Provided": "text = factory.Faker('remark')",
    "ProvidedWith": "text = factory.Faker('remark', end=factory.SelfAttribute('..id', '!'))",
    "Iterated": "text = factory.Iterator(str(n) for n in range(100))",
    "Got": "text = factory.Iterator('abc', getter=str.upper)",
    "Transformed": "text = factory.Transformer('x', transform=str.upper)",
    "Chosen": "text = fuzzy.FuzzyChoice('abc', getter=str.upper)",
    "Decided": "text = factory.Maybe(factory.LazyFunction(lambda: True), 'x', 'y')",
    "Followed": (
        "text = 'x'\n    reply = factory.RelatedFactory(ReplyFactory, factory_related_name='note')"
    ),
    "Replayed": (
        "text = factory.LazyFunction(lambda: 'x')\n    @factory.post_generation\n"
        "    def after(self, create, extracted, **more):\n        pass"
    ),
}
STAMPS = {"Defaulted": ""}
REPLIES = {
    "Bringing": (
        "text = 'x'\n    note = factory.SubFactory(ConstantFactory, "
        "text=factory.LazyAttribute(lambda row: 'x'))"
    ),
}


def test_each_kind_of_function_moves_the_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, list[int]] = {}

    @contextmanager
    def bars(plans: Any) -> Iterator[Any]:
        yield lambda plan, done: told.setdefault(plan.name, []).append(done)

    monkeypatch.setattr(_seed_progress, "progress_bars", bars)
    monkeypatch.setattr(chunk_progress, "_EVERY", 0.0)
    monkeypatch.setattr(chunk_progress, "_GLANCE", 0.0)
    project = ProjectFolder(tmp_path / "kinds", f"sqlite:///{tmp_path / 'kinds.sqlite'}")
    project.file.write_text(MODELS)
    kinds = [
        ONE.format(name=name, model=model, declared=declared)
        for model, some in (("Note", NOTES), ("Stamp", STAMPS), ("Reply", REPLIES))
        for name, declared in some.items()
    ]
    project.file.with_name("factories.py").write_text(HEAD + "".join(kinds))
    project.done("makemigrations")
    project.done("migrate")
    names = [f"{name}Factory" for name in (*NOTES, *STAMPS, *REPLIES)]
    project.done("seed", "ConstantFactory=5", *(f"{name}=5" for name in names))
    assert told.pop("ConstantFactory") == [0, 5]
    assert set(told) == set(names)
    for name, rows in told.items():
        assert rows == sorted(rows), (name, rows)
        assert (rows[0], rows[-1], rows.count(5)) == (0, 5, 1), (name, rows)
    alone = {name: rows for name, rows in told.items() if len(set(rows)) < 4}
    assert alone == {}, "the bar stands still"
    assert told["FunctionFactory"] == [0, 1, 2, 3, 4, 5]

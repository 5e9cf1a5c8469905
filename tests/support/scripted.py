"""A questioner whose answers are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy_manage.migrations.questions import Answer, Question


class Scripted:
    """Answers from a list, in order. Raises AssertionError when it ends."""

    def __init__(self, answers: Iterable[str | Answer]) -> None:
        self.answers = [a if isinstance(a, Answer) else Answer(a) for a in answers]
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        assert self.answers, f"unexpected question: {question.text}"
        return self.answers.pop(0)

"""An association object, with data of its own that changes."""


# %% before
class Student(Base):
    __tablename__ = "student"
    id: Mapped[int] = mapped_column(primary_key=True)


class Course(Base):
    __tablename__ = "course"
    id: Mapped[int] = mapped_column(primary_key=True)


class Enrolment(Base):
    __tablename__ = "enrolment"
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    grade: Mapped[int | None]


# %% rows
{
    "student": [{"id": 1}, {"id": 2}],
    "course": [{"id": 1}],
    "enrolment": [
        {"student_id": 1, "course_id": 1, "grade": 3},
        {"student_id": 2, "course_id": 1, "grade": None},
    ],
}


# %% after
class Student(Base):
    __tablename__ = "student"
    id: Mapped[int] = mapped_column(primary_key=True)


class Course(Base):
    __tablename__ = "course"
    id: Mapped[int] = mapped_column(primary_key=True)


class Enrolment(Base):
    __tablename__ = "enrolment"
    student_id: Mapped[int] = mapped_column(
        ForeignKey("student.id", ondelete="CASCADE"), primary_key=True
    )
    course_id: Mapped[int] = mapped_column(
        ForeignKey("course.id", ondelete="CASCADE"), primary_key=True
    )
    grade: Mapped[int | None] = mapped_column(SmallInteger, CheckConstraint("grade > 0"))
    since: Mapped[datetime.date | None]


# %% django before
class Student(Model):
    pass


class Course(Model):
    pass


class Enrolment(Model):
    student = ForeignKey(Student, on_delete=RESTRICT)
    course = ForeignKey(Course, on_delete=RESTRICT)
    grade = IntegerField(null=True)

    class Meta:
        unique_together = [("student", "course")]


# %% django after
class Student(Model):
    pass


class Course(Model):
    pass


class Enrolment(Model):
    student = ForeignKey(Student, on_delete=CASCADE)
    course = ForeignKey(Course, on_delete=CASCADE)
    grade = SmallIntegerField(null=True)
    since = DateField(null=True)

    class Meta:
        unique_together = [("student", "course")]
        constraints = [CheckConstraint(condition=Q(grade__gt=0), name="grade_positive")]

"""Students and courses, linked by an object with a grade of its own."""


# %% models
class Student(Base):
    __tablename__ = "student"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    enrollments: Mapped[list["Enrollment"]] = relationship(
        back_populates="student", cascade="all, delete-orphan"
    )
    courses = association_proxy("enrollments", "course")


class Course(Base):
    __tablename__ = "course"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(80))
    enrollments: Mapped[list["Enrollment"]] = relationship(back_populates="course")


class Enrollment(Base):
    __tablename__ = "enrollment"
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"), primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    grade: Mapped[Optional[int]]
    student: Mapped[Student] = relationship(back_populates="enrollments")
    course: Mapped[Course] = relationship(back_populates="enrollments")


# %% factories
class StudentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Student
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = None

    name = factory.Faker("name")


class CourseFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Course
        sqlalchemy_session = Session

    title = factory.Sequence(lambda n: f"Course {n}")


class EnrollmentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Enrollment
        sqlalchemy_session = Session

    student = factory.SubFactory(StudentFactory)
    course = factory.SubFactory(CourseFactory)
    grade = factory.Maybe(
        factory.LazyAttributeSequence(lambda o, n: n % 2 == 0),
        yes_declaration=factory.Faker("pyint", min_value=1, max_value=6),
        no_declaration=None,
    )


class StudentWithCoursesFactory(StudentFactory):
    enrollments = factory.RelatedFactoryList(EnrollmentFactory, "student", size=2)


# %% counts
{"EnrollmentFactory": 4, "StudentWithCoursesFactory": 3}


# %% equal
[
    "SELECT count(*), count(DISTINCT student_id), count(DISTINCT course_id), count(grade)"
    " FROM enrollment",
    "SELECT title FROM course",
]

"""Factories and queries that a declaration calls itself."""


# %% models
class School(Base):
    __tablename__ = "school"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))


class Pupil(Base):
    __tablename__ = "pupil"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    school: Mapped[School] = relationship()


class Teacher(Base):
    __tablename__ = "teacher"
    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    school: Mapped[School] = relationship()


class Guard(Base):
    __tablename__ = "guard"
    id: Mapped[int] = mapped_column(primary_key=True)
    school_name: Mapped[str] = mapped_column(String(60))
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))


# %% factories
class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "commit"


class SchoolFactory(BaseFactory):
    class Meta:
        model = School

    name = factory.Sequence(lambda n: f"school {n}")


class PupilFactory(BaseFactory):
    class Meta:
        model = Pupil

    name = factory.Sequence(lambda n: f"pupil {n}")
    school = factory.LazyFunction(lambda: SchoolFactory())


class TeacherFactory(BaseFactory):
    class Meta:
        model = Teacher

    school = factory.LazyFunction(lambda: random.choice(Session.query(School).all()))


class GuardFactory(BaseFactory):
    class Meta:
        model = Guard

    @factory.lazy_attribute
    def school_id(self):
        return GuardFactory._meta.sqlalchemy_session.query(School).order_by(School.id).first().id

    @factory.lazy_attribute
    def school_name(self):
        return Session.get(School, self.school_id).name


# %% counts
{"SchoolFactory": 2, "PupilFactory": 4, "TeacherFactory": 6, "GuardFactory": 2}


# %% equal
[
    "SELECT name FROM school",
    "SELECT p.name, s.name FROM pupil p JOIN school s ON s.id = p.school_id",
    "SELECT g.school_name, s.name FROM guard g JOIN school s ON s.id = g.school_id",
    "SELECT count(*) FROM teacher t JOIN school s ON s.id = t.school_id",
]

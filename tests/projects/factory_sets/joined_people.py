"""Joined inheritance, with keys that Python makes."""


# %% models
class Person(Base):
    __tablename__ = "person"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Patient(Person):
    __tablename__ = "patient"
    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    doctor_id: Mapped[Optional[uuid.UUID]] = mapped_column(ForeignKey("doctor.id"))
    doctor: Mapped[Optional["Doctor"]] = relationship(foreign_keys=[doctor_id])
    __mapper_args__ = {"polymorphic_identity": "patient", "inherit_condition": id == Person.id}


class Doctor(Person):
    __tablename__ = "doctor"
    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(40))
    __mapper_args__ = {"polymorphic_identity": "doctor"}


# %% factories
class PersonFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Person
        sqlalchemy_session = Session

    name = factory.Faker("name")


class DoctorFactory(PersonFactory):
    class Meta:
        model = Doctor

    field = factory.Iterator(["heart", "skin"])


class PatientFactory(PersonFactory):
    class Meta:
        model = Patient

    number = factory.Sequence(lambda n: f"P{n:04d}")
    doctor = factory.SubFactory(DoctorFactory)


# %% own
session.add(Doctor(name="Own", field="own"))


# %% counts
{"PersonFactory": 2, "PatientFactory": 5, "DoctorFactory": 3}


# %% equal
[
    "SELECT kind, count(*) FROM person GROUP BY kind",
    "SELECT count(*), count(DISTINCT doctor_id) FROM patient",
    "SELECT field FROM doctor",
]


# %% never
[
    "SELECT p.id FROM patient p JOIN person b ON b.id = p.id WHERE b.kind <> 'patient'",
    "SELECT d.id FROM doctor d JOIN person b ON b.id = d.id WHERE b.kind <> 'doctor'",
]

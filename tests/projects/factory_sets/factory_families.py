"""Several factories of one model, a base with what all share, a second base that links."""


# %% models
class Organisation(Base):
    __tablename__ = "organisation"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)


class Worker(Base):
    __tablename__ = "worker"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    created_by_id: Mapped[Optional[int]] = mapped_column(ForeignKey("worker.id"))
    organisation: Mapped[Organisation] = relationship()
    created_by: Mapped[Optional["Worker"]] = relationship(remote_side=[id])


# %% factories
class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "flush"


class OrganisationFactory(BaseFactory):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"organisation {n}")


class OwnedFactory(BaseFactory):
    class Meta:
        abstract = True

    organisation = factory.SubFactory(OrganisationFactory)


class WorkerFactory(OwnedFactory):
    class Meta:
        model = Worker

    email = factory.Sequence(lambda n: f"worker{n}@example.com")
    role = "worker"


class AdminFactory(WorkerFactory):
    email = factory.Sequence(lambda n: f"admin{n}@example.com")
    role = "admin"


class CreatedFactory(WorkerFactory):
    email = factory.LazyAttributeSequence(lambda o, n: f"{o.role}-{n}@example.com")
    created_by = factory.SubFactory(
        AdminFactory, organisation=factory.SelfAttribute("..organisation")
    )


# %% counts
{"WorkerFactory": 3, "AdminFactory": 2, "CreatedFactory": 3}


# %% equal
[
    "SELECT role, count(*), count(DISTINCT email), count(created_by_id) FROM worker GROUP BY role",
    "SELECT name FROM organisation",
]


# %% never
[
    "SELECT w.id FROM worker w JOIN worker c ON c.id = w.created_by_id"
    " WHERE c.organisation_id <> w.organisation_id"
]

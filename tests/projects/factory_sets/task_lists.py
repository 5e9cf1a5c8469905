"""Projects with as many tasks as a function says, tasks with steps: two levels of lists."""


# %% models
class Project(Base):
    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    tasks: Mapped[list["Task"]] = relationship(back_populates="project", order_by="Task.position")


class Task(Base):
    __tablename__ = "task"
    __table_args__ = (UniqueConstraint("project_id", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    project: Mapped[Project] = relationship(back_populates="tasks")
    steps: Mapped[list["Step"]] = relationship(back_populates="task")


class Step(Base):
    __tablename__ = "step"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"))
    done: Mapped[bool]
    task: Mapped[Task] = relationship(back_populates="steps")


# %% factories
class StepFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Step
        sqlalchemy_session = Session

    done = factory.Faker("pybool")
    task = factory.SubFactory("shop.factories.TaskFactory", steps=None)


class TaskFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Task
        sqlalchemy_session = Session

    position = factory.Sequence(lambda n: n)
    title = factory.Faker("sentence")
    project = factory.SubFactory("shop.factories.ProjectFactory", tasks=None)
    steps = factory.RelatedFactoryList(StepFactory, factory_related_name="task", size=2)


class ProjectFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Project
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"project {n}")
    tasks = factory.RelatedFactoryList(
        TaskFactory, factory_related_name="project", size=lambda: random.choice([3, 3])
    )


# %% counts
{"ProjectFactory": 4}


# %% equal
[
    "SELECT p.name, count(*) FROM project p JOIN task t ON t.project_id = p.id GROUP BY p.name",
    "SELECT t.position, count(*) FROM task t JOIN step s ON s.task_id = t.id GROUP BY t.position",
]

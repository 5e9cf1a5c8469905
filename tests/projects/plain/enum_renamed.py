"""A member of an Enum gets another name: its rows follow."""


# %% before
class Job(Base):
    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Enum("planned", "running", "done", name="job_state"))


# %% rows
{"job": [{"id": 1, "state": "planned"}, {"id": 2, "state": "done"}]}


# %% after
class Job(Base):
    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Enum("queued", "running", "done", name="job_state"))


# %% becomes
{"job.state": lambda value: "queued" if value == "planned" else value}


# %% django cannot
# An enum is text to it: the rows keep the old value.

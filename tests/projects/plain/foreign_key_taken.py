"""A foreign key that is no longer one; its column stays."""


# %% before
class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)


class Player(Base):
    __tablename__ = "player"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))


# %% rows
{"team": [{"id": 1}], "player": [{"id": 1, "team_id": 1}, {"id": 2, "team_id": None}]}


# %% after
class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)


class Player(Base):
    __tablename__ = "player"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None]


# %% django before
class Team(Model):
    pass


class Player(Model):
    team = ForeignKey(Team, on_delete=CASCADE, null=True)


# %% django after
class Team(Model):
    pass


class Player(Model):
    team = ForeignKey(Team, on_delete=CASCADE, null=True, db_constraint=False)

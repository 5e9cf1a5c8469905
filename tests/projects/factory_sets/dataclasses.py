"""Mapped dataclasses: fields without init, defaults, factories of lists."""


# %% models
class Base(MappedAsDataclass, DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    colour: Mapped[str] = mapped_column(String(20), default="red")
    players: Mapped[list["Player"]] = relationship(
        back_populates="team", default_factory=list, repr=False
    )


class Player(Base):
    __tablename__ = "player"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), init=False)
    team: Mapped[Team] = relationship(back_populates="players")
    goals: Mapped[int] = mapped_column(default=0, kw_only=True)
    nickname: Mapped[Optional[str]] = mapped_column(String(50), default=None)
    joined: Mapped[datetime.date] = mapped_column(default_factory=lambda: datetime.date(2024, 1, 1))


# %% factories
class TeamFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Team
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"team {n}")


class PlayerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Player
        sqlalchemy_session = Session

    name = factory.Faker("name")
    team = factory.SubFactory(TeamFactory)
    goals = factory.Sequence(lambda n: n * 2)


# %% counts
{"TeamFactory": 2, "PlayerFactory": 6}


# %% equal
["SELECT name, colour FROM team", "SELECT goals, nickname, joined FROM player"]

"""ON DELETE changes and an index comes, on one column."""


# %% before
class Room(Base):
    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)


class Desk(Base):
    __tablename__ = "desk"
    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))


# %% rows
{"room": [{"id": 1}], "desk": [{"id": 1, "room_id": 1}, {"id": 2, "room_id": 1}]}


# %% after
class Room(Base):
    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)


class Desk(Base):
    __tablename__ = "desk"
    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id", ondelete="CASCADE"), index=True)


# %% django before
class Room(Model):
    pass


class Desk(Model):
    room = ForeignKey(Room, on_delete=RESTRICT, db_index=False)


# %% django after
class Room(Model):
    pass


class Desk(Model):
    room = ForeignKey(Room, on_delete=CASCADE, db_index=True)

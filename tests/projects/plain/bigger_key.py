"""An integer key that becomes a big one, and what refers to it."""


# %% before
class Device(Base):
    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)


class Reading(Base):
    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))


# %% rows
{"device": [{"id": 1}, {"id": 7}], "reading": [{"id": 1, "device_id": 7}]}


# %% after
class Device(Base):
    __tablename__ = "device"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Reading(Base):
    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    device_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("device.id"))


# %% django before
class Device(Model):
    id = AutoField(primary_key=True)


class Reading(Model):
    id = AutoField(primary_key=True)
    device = ForeignKey(Device, on_delete=CASCADE)


# %% django after
class Device(Model):
    id = BigAutoField(primary_key=True)


class Reading(Model):
    id = BigAutoField(primary_key=True)
    device = ForeignKey(Device, on_delete=CASCADE)

"""Columns of several types renamed at once, one with UNIQUE, one with a foreign key."""


# %% before
class Brand(Base):
    __tablename__ = "brand"
    id: Mapped[int] = mapped_column(primary_key=True)


class Car(Base):
    __tablename__ = "car"
    id: Mapped[int] = mapped_column(primary_key=True)
    plate: Mapped[str] = mapped_column(String(12), unique=True)
    brand: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    photo: Mapped[bytes | None]
    extra: Mapped[Any | None] = mapped_column(JSON)
    weight: Mapped[float | None]


# %% rows
{
    "brand": [{"id": 1}],
    "car": [
        {"id": 1, "plate": "X1", "brand": 1, "photo": b"\x01", "extra": {"a": [1]}, "weight": 1.5}
    ],
}


# %% after
class Brand(Base):
    __tablename__ = "brand"
    id: Mapped[int] = mapped_column(primary_key=True)


class Car(Base):
    __tablename__ = "car"
    id: Mapped[int] = mapped_column(primary_key=True)
    registration: Mapped[str] = mapped_column(String(12), unique=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    picture: Mapped[bytes | None]
    options: Mapped[Any | None] = mapped_column(JSON)
    mass: Mapped[float | None]


# %% names
{
    "car.plate": "registration",
    "car.brand": "brand_id",
    "car.photo": "picture",
    "car.extra": "options",
    "car.weight": "mass",
}


# %% django cannot
# It asks on a terminal only; with --noinput it drops the columns.

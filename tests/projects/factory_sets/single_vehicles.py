"""Single-table inheritance, with columns that only a subclass has."""


# %% models
class Owner(Base):
    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    vehicles: Mapped[list["Vehicle"]] = relationship(back_populates="owner")


class Vehicle(Base):
    __tablename__ = "vehicle"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(20))
    plate: Mapped[str] = mapped_column(String(12), unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    owner: Mapped[Owner] = relationship(back_populates="vehicles")
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "vehicle"}


class Car(Vehicle):
    doors: Mapped[Optional[int]]
    __mapper_args__ = {"polymorphic_identity": "car"}


class Truck(Vehicle):
    load_kg: Mapped[Optional[int]]
    __mapper_args__ = {"polymorphic_identity": "truck"}


# %% factories
class OwnerFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Owner
        sqlalchemy_session = Session

    name = factory.Faker("name")


class VehicleFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Vehicle
        sqlalchemy_session = Session
        abstract = True

    plate = factory.Sequence(lambda n: f"ZH-{n}")
    owner = factory.SubFactory(OwnerFactory)


class CarFactory(VehicleFactory):
    class Meta:
        model = Car

    plate = factory.Sequence(lambda n: f"CAR-{n}")
    doors = factory.Iterator([2, 4, 5])


class TruckFactory(VehicleFactory):
    class Meta:
        model = Truck

    plate = factory.Sequence(lambda n: f"TRUCK-{n}")
    load_kg = fuzzy.FuzzyInteger(1000, 40000, step=500)


# %% counts
{"CarFactory": 6, "TruckFactory": 4}


# %% equal
[
    "SELECT type, plate, doors FROM vehicle",
    "SELECT type, count(load_kg), count(DISTINCT owner_id) FROM vehicle GROUP BY type",
]


# %% never
["SELECT id FROM vehicle WHERE type = 'truck' AND (load_kg % 500 <> 0 OR doors IS NOT NULL)"]

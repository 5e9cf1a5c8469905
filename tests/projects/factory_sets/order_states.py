"""Traits: states that set several attributes, also in a subclass and for a related row."""


# %% models
class Shipment(Base):
    __tablename__ = "shipment"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    sent_at: Mapped[Optional[datetime.datetime]]
    received_at: Mapped[Optional[datetime.datetime]]
    carrier: Mapped[Optional[str]] = mapped_column(String(20))
    events: Mapped[list["TrackingEvent"]] = relationship(back_populates="shipment")


class TrackingEvent(Base):
    __tablename__ = "tracking_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    place: Mapped[str] = mapped_column(String(60))
    shipment: Mapped[Shipment] = relationship(back_populates="events")


# %% factories
class TrackingEventFactory(SQLAlchemyModelFactory):
    class Meta:
        model = TrackingEvent
        sqlalchemy_session = Session

    shipment = None
    place = factory.Sequence(lambda n: f"place {n}")


class ShipmentFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Shipment
        sqlalchemy_session = Session

    class Params:
        sent = factory.Trait(
            status="sent",
            sent_at=datetime.datetime(2024, 5, 1, 8),
            carrier=factory.Iterator(["post", "bike"]),
        )
        received = factory.Trait(
            sent=True,
            status="received",
            received_at=factory.LazyAttribute(lambda o: o.sent_at + datetime.timedelta(days=2)),
        )
        tracked = factory.Trait(
            events=factory.RelatedFactoryList(TrackingEventFactory, "shipment", size=2)
        )

    status = "new"


class SentShipmentFactory(ShipmentFactory):
    sent = True


class TrackedShipmentFactory(ShipmentFactory):
    received = True
    tracked = True


# %% counts
{"ShipmentFactory": 4, "SentShipmentFactory": 3, "TrackedShipmentFactory": 2}


# %% equal
[
    "SELECT status, sent_at, received_at, carrier FROM shipment",
    "SELECT place FROM tracking_event",
    "SELECT s.status, count(e.id) FROM shipment s LEFT JOIN tracking_event e"
    " ON e.shipment_id = s.id GROUP BY s.status",
]

import datetime

import factory
from factory.alchemy import SQLAlchemyModelFactory

from staff import models


class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = None

    class Params:
        closed = factory.Trait(closed_at=datetime.datetime(2024, 1, 1))


class FirmFactory(BaseFactory):
    class Meta:
        model = models.Firm

    name = factory.Iterator(["Ant", "Bee", "Cat"], cycle=False)


class ObjectFirmFactory(BaseFactory):
    """Made one by one."""

    class Meta:
        model = models.Firm

    name = factory.Iterator(["Ant", "Bee", "Cat"], cycle=False)

    @factory.post_generation
    def seen(self, create, extracted, **kwargs):
        assert self.name != "Cat"


class EndingFirmFactory(ObjectFirmFactory):
    name = factory.Iterator(["Ant"], cycle=False)


class BillFactory(BaseFactory):
    class Meta:
        model = models.Bill

    firm = factory.SubFactory(FirmFactory, name="Dog")
    no = factory.Sequence(lambda n: n + 1)
    payer_id = 1

    class Params:
        correction = factory.Trait(
            corrects=factory.SubFactory(
                "staff.factories.BillFactory", firm=factory.SelfAttribute("..firm")
            )
        )
        other_payer = factory.Trait(payer=factory.SubFactory(FirmFactory, name="Eel"))


class NoneBillFactory(BillFactory):
    corrects = None


class CorrectionFactory(BillFactory):
    correction = True
    other_payer = True


class WagonFactory(BaseFactory):
    class Meta:
        abstract = True

    plate = factory.Sequence(lambda n: f"W{n}")

    @factory.post_generation
    def alone(self, create, extracted, **kwargs):
        pass


class TankerFactory(WagonFactory):
    class Meta:
        model = models.Tanker

    tank = factory.Sequence(lambda n: f"T{n}")


class SleeperFactory(WagonFactory):
    class Meta:
        model = models.Sleeper

    beds = "four"


class BareSleeperFactory(BaseFactory):
    class Meta:
        model = models.Sleeper

    plate = factory.Sequence(lambda n: f"B{n}")
    beds = factory.Iterator(["two", "none"])

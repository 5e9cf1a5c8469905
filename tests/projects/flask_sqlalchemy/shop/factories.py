import factory
from factory.alchemy import SQLAlchemyModelFactory

from . import db, models


class TagFactory(SQLAlchemyModelFactory):
    class Meta:
        model = models.Tag
        sqlalchemy_session = db.session

    label = factory.Sequence("tag {}".format)

"""Each way in which declarations and hooks of public projects use sessions and other factories.

PERSISTENCE and NAMED, from the environment, say how the session is declared.
"""

import os
import random

import factory
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy import select

from . import db
from .db import Session, SessionLocal
from .models import Mark, Pupil, School

NAMED = os.environ.get("NAMED", "scoped")
SESSIONS = {"scoped": Session, "plain": Session(), "none": None, "function": None}


class BaseFactory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session = SESSIONS[NAMED]
        sqlalchemy_session_factory = (lambda: Session()) if NAMED == "function" else None
        sqlalchemy_session_persistence = os.environ.get("PERSISTENCE") or None


class SchoolFactory(BaseFactory):
    class Meta:
        model = School

    name = factory.Sequence("school {}".format)


class MarkFactory(BaseFactory):
    class Meta:
        model = Mark


class PupilFactory(BaseFactory):
    class Meta:
        abstract = True
        model = Pupil


def some_school():
    return random.choice(Session.query(School).order_by(School.id).all())


class Called(PupilFactory):
    kind = "called"
    school = factory.LazyFunction(lambda: SchoolFactory())


class CalledForKey(PupilFactory):
    kind = "called for its key"
    school_id = factory.LazyAttribute(lambda o: SchoolFactory().id)


class Chosen(PupilFactory):
    kind = "chosen"
    school = factory.LazyFunction(some_school)


class ByMeta(PupilFactory):
    kind = "by the session of Meta"

    @factory.lazy_attribute
    def school(self):
        session = SchoolFactory._meta.sqlalchemy_session
        return session.query(School).order_by(School.id).first()


class Iterated(PupilFactory):
    kind = "iterated"
    school = factory.Iterator(Session.query(School).order_by(School.id))


class OwnSession(PupilFactory):
    kind = "by a session of its own"

    @factory.LazyFunction
    def school_id():
        with SessionLocal() as session:
            school = School(name="new")
            session.add(school)
            session.commit()
            return session.scalars(select(School.id).order_by(School.id.desc())).first()


_known = []


class Kept(PupilFactory):
    kind = "made once and kept"

    @factory.LazyFunction
    def school():
        if not _known:
            _known.append(SchoolFactory())
        return _known[0]


class Swallowed(PupilFactory):
    kind = "whatever is raised"

    @factory.LazyFunction
    def school():
        try:
            return some_school()
        except Exception:
            return None


class ByParameter(PupilFactory):
    class Params:
        parent = factory.SubFactory(SchoolFactory)

    kind = "key of a parameter"
    school_id = factory.SelfAttribute("parent.id")
    ref = factory.LazyAttribute(lambda o: f"T-{o.parent.id}")


class Graded(PupilFactory):
    kind = "post_generation"

    @factory.post_generation
    def marks(obj, create, extracted, **kwargs):
        MarkFactory.create_batch(3, pupil_id=obj.id)


class Saved(PupilFactory):
    kind = "saved by hooks"
    school = factory.SubFactory(SchoolFactory)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        made = super()._create(model_class, *args, **kwargs)
        session = cls._meta.sqlalchemy_session
        session.flush()
        session.refresh(made)
        made.ref = f"S-{made.id}-{made.school.id}"
        return made

    @classmethod
    def _after_postgeneration(cls, instance, create, results=None):
        super()._after_postgeneration(instance, create, results)
        cls._meta.sqlalchemy_session.commit()
        Session.remove()


class Refused(PupilFactory):
    kind = "refused"
    school = factory.LazyFunction(lambda: SchoolFactory())
    code = factory.LazyFunction(lambda: "the same")


class RollingBack(PupilFactory):
    kind = "rolled back by another session"

    @factory.LazyFunction
    def ref():
        session = SessionLocal()
        session.add(School(id=1, name="taken"))
        try:
            session.flush()
        except Exception:
            session.rollback()


class FoundAgain(PupilFactory):
    """Values of a unique column that come again: the hook takes the row that has them."""

    kind = "found again"
    code = factory.Iterator(["a", "b"])

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        session = cls._meta.sqlalchemy_session
        made = model_class(*args, **kwargs)
        session.add(made)
        try:
            session.commit()
        except Exception:
            session.rollback()
            made = session.query(model_class).filter_by(code=kwargs["code"]).one()
        return made


class Elsewhere(PupilFactory):
    kind = "written elsewhere"

    @factory.LazyFunction
    def school_id():
        with db.engine.begin() as connection:
            return connection.execute(School.__table__.insert(), {"name": "x"}).rowcount


class Looking(PupilFactory):
    kind = "looked for elsewhere"

    @factory.LazyFunction
    def school_id():
        with db.engine.connect() as connection:
            return random.choice(connection.scalars(select(School.id)).all())

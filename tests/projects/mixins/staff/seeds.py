from sqlalchemy_manage.seeding import Profile, Reference, Rows
from staff.factories import FirmFactory, ObjectFirmFactory, TankerFactory

declared = Profile(Reference(FirmFactory, [{"name": "Fox"}, {"name": "Gnu"}], key="name"))
objects = Profile(Rows(ObjectFirmFactory, 2))
wagons = Profile(Reference(TankerFactory, [{"plate": "A"}, {"plate": "B"}], key="plate"))
halves = Profile(Rows(FirmFactory, 2), Rows(ObjectFirmFactory, 3))

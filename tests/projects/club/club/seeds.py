from sqlalchemy_manage.seeding import Profile, Reference, Rows

from .factories import MemberFactory, RoomFactory, TopicFactory, VisitFactory, VoteFactory
from .models import Color

demo = Profile(
    Rows(MemberFactory, 100, loud=True),
    Rows(TopicFactory, 30),
    Rows(VoteFactory, 200),
)
reference = Profile(
    Reference(TopicFactory, [{"slug": "rules"}, {"slug": "news"}], key="slug"),
)
misspelt = Profile(Rows(MemberFactory, 5, lud=True))
rooms = Profile(Reference(RoomFactory, [{"color": Color.RED, "lockers": []}], key="color"))
nowhere = Profile(Rows(VisitFactory, 5, member_id=99))

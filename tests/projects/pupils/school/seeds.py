from sqlalchemy_manage.seeding import Profile, Rows

from . import factories as f

WAYS = (
    f.Called,
    f.CalledForKey,
    f.Chosen,
    f.ByMeta,
    f.Iterated,
    f.OwnSession,
    f.Kept,
    f.Swallowed,
    f.ByParameter,
    f.Graded,
    f.Saved,
)
ways = Profile(Rows(f.SchoolFactory, 3), *(Rows(each, 4) for each in WAYS))

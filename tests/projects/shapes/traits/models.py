from common import Row


class Perhaps(Row):
    pass


class PerhapsNot(Row):
    pass


class Parametrized(Row):
    pass


class Traited(Row):
    pass


class TraitedAlways(Row):
    pass


class TraitedBoth(Row):
    pass


class TraitDecided(Row):
    pass

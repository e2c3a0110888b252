"""Name the teachers or teams that a new event takes from the roster, as this import leaves it."""

from collections.abc import Iterable, Sequence

from webapp.services.people.manners import team_name
from webapp.services.roster.held import HeldPerson, Lists


def name_teams(lists: Lists) -> None:
    """As event/from_roster.py will take them. Call it once teachers and classes are placed: the database still has the
    roster from before."""
    lists.evenings.is_simple = not lists.classes
    teams = _teachers(lists) if lists.evenings.is_simple else (lists.teams | lists.new_teams).values()
    lists.evenings.teams = [team_name([member.name for member in team]) for team in teams if team]


def _teachers(lists: Lists) -> Iterable[Sequence[HeldPerson]]:
    return [[person] for person in lists.people.everyone if person.teacher_ref is not None]

"""Count in plain SQL, over a connection of its own and without the occupancy table, what must never be."""

from typing import Any

from sqlalchemy import create_engine, text

_HELD = """
WITH held AS (
    SELECT a.id, a.slot_id, a.seat, a.contact_id, a.student_id, a.child_key, a.resource_id, a.nth, a.act,
           a.is_virtual, a.held_until, a.event_id, s.capacity, s.starts_at, s.ends_at, s.removed_at,
           s.resource_id AS slot_resource_id
    FROM appointment a JOIN slot s ON s.id = a.slot_id
    WHERE a.cancelled_at IS NULL
)
"""
_AT_ONCE = "x.starts_at < y.ends_at AND y.starts_at < x.ends_at"
_MUST_BE_NONE = {
    "double seats": "SELECT count(*) FROM held x JOIN held y ON x.slot_id = y.slot_id AND x.seat = y.seat"
    " AND x.id < y.id",
    "slots over their capacity": "SELECT count(*) FROM (SELECT slot_id FROM held GROUP BY slot_id, capacity"
    " HAVING count(*) > capacity) AS o",
    "parents in two places": "SELECT count(*) FROM held x JOIN held y ON x.contact_id = y.contact_id"
    f" AND x.id < y.id AND {_AT_ONCE}",
    "students in two places": "SELECT count(*) FROM held x JOIN held y ON x.student_id = y.student_id"
    f" AND x.id < y.id AND {_AT_ONCE}",
    "teachers in two places": "SELECT count(*) FROM held x"
    " JOIN resourcemember mx ON mx.resource_id = x.resource_id"
    " JOIN resourcemember my ON my.contact_id = mx.contact_id"
    f" JOIN held y ON y.resource_id = my.resource_id AND x.slot_id < y.slot_id AND {_AT_ONCE}",
    "second appointments with a teacher": "SELECT count(*) FROM held x JOIN held y ON x.resource_id = y.resource_id"
    " AND x.child_key = y.child_key AND (x.contact_id = y.contact_id OR x.student_id = y.student_id)"
    " AND x.nth = y.nth AND x.id < y.id",
    "appointments on the slot of another teacher": "SELECT count(*) FROM held WHERE resource_id <> slot_resource_id",
    "appointments without their minutes": "SELECT count(*) FROM held x WHERE NOT EXISTS"
    " (SELECT 1 FROM occupancy o WHERE o.appointment_id = x.id AND o.kind = 'parent')"
    " OR NOT EXISTS (SELECT 1 FROM occupancy o WHERE o.slot_id = x.slot_id AND o.kind = 'teacher')",
    "minutes without their appointment": "SELECT count(*) FROM occupancy o WHERE NOT EXISTS"
    " (SELECT 1 FROM held x WHERE x.id = o.appointment_id OR x.slot_id = o.slot_id)",
    "acts of which a part is booked and a part is held": "SELECT count(*) FROM"
    " (SELECT act FROM held GROUP BY act HAVING count(held_until) NOT IN (0, count(*))) AS torn",
    "families that hold two plans at once": "SELECT count(*) FROM (SELECT contact_id FROM held"
    " WHERE held_until IS NOT NULL GROUP BY contact_id, event_id HAVING count(DISTINCT act) > 1) AS greedy",
    "messages of what is only held": "SELECT count(*) FROM message m WHERE EXISTS"
    " (SELECT 1 FROM held x WHERE x.act = m.act AND x.held_until IS NOT NULL)",
    "acts without exactly one confirmation": "SELECT count(*) FROM"
    " (SELECT DISTINCT act FROM held WHERE held_until IS NULL) AS x WHERE 1 <>"
    " (SELECT count(*) FROM message m WHERE m.act = x.act AND m.kind IN ('confirmation', 'changed')"
    " AND m.dropped_at IS NULL)",
    "virtual appointments without exactly one wish": "SELECT count(*) FROM held x WHERE x.is_virtual"
    " AND x.held_until IS NULL AND 1 <>"
    " (SELECT count(*) FROM meeting m WHERE m.appointment_id = x.id AND m.wish = 'present' AND m.replaced_at IS NULL)",
    "wishes of cancelled appointments": "SELECT count(*) FROM meeting m WHERE m.wish = 'present' AND NOT EXISTS"
    " (SELECT 1 FROM held x WHERE x.id = m.appointment_id AND x.is_virtual AND x.held_until IS NULL)",
}


def wrongs(url: str) -> dict[str, int]:
    """What is wrong in the whole database, and how often; empty is right."""
    queries = [f"SELECT '{name}', ({query})" for name, query in _MUST_BE_NONE.items()]
    return {name: n for name, n in ask(url, _HELD + " UNION ALL ".join(queries)) if n}


def ask(url: str, query: str, **values: Any) -> list[Any]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(query), values))
    finally:
        engine.dispose()

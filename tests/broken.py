"""Ask for the rows that break a promise of booking and meetings: written apart from the code."""

from sqlalchemy import text
from sqlmodel import Session


def broken(session: Session) -> dict[str, list[object]]:
    """What was found, by what is wrong with it; nothing, where all is well."""
    found = {name: list(session.execute(text(query))) for name, query in QUERIES.items()}
    return {name: rows for name, rows in found.items() if rows}


QUERIES = {
    "two on one seat": """SELECT slot_id, seat FROM appointment WHERE cancelled_at IS NULL
        GROUP BY slot_id, seat HAVING count(*) > 1""",
    "more than fit": """SELECT s.id FROM slot s JOIN appointment a ON a.slot_id = s.id AND a.cancelled_at IS NULL
        GROUP BY s.id, s.capacity HAVING count(*) > s.capacity""",
    "minutes held for nobody": """SELECT o.* FROM occupancy o LEFT JOIN appointment a
        ON a.cancelled_at IS NULL AND (a.id = o.appointment_id OR a.slot_id = o.slot_id) WHERE a.id IS NULL""",
    "minutes not held by a family": """SELECT a.id FROM appointment a
        JOIN slot s ON s.id = a.slot_id LEFT JOIN occupancy o ON o.appointment_id = a.id
        WHERE a.cancelled_at IS NULL GROUP BY a.id HAVING count(o.tick) <> 30""",
    "minutes not held by a teacher": """SELECT s.id FROM slot s JOIN resourcemember m ON m.resource_id = s.resource_id
        LEFT JOIN occupancy o ON o.slot_id = s.id AND o.kind = 'teacher' AND o.subject_id = m.contact_id
        WHERE EXISTS (SELECT 1 FROM appointment a WHERE a.slot_id = s.id AND a.cancelled_at IS NULL)
        GROUP BY s.id, m.contact_id HAVING count(o.tick) <> 15""",
    "two current meetings": """SELECT appointment_id FROM meeting WHERE replaced_at IS NULL
        GROUP BY appointment_id HAVING count(*) > 1""",
    "gone but still at work": """SELECT id FROM meeting WHERE gone_at IS NOT NULL
        AND (due_at IS NOT NULL OR claim IS NOT NULL)""",
    "a try forgotten": """SELECT id FROM meeting WHERE gone_at IS NOT NULL AND attempt_at IS NOT NULL""",
    "two Confirmations": """SELECT act FROM message WHERE kind IN ('confirmation', 'changed')
        GROUP BY act HAVING count(*) > 1""",
}

"""Ask, in SQL that shares nothing with the services, for each row that breaks an invariant of RELIABILITY 2.1.

A sound database answers none. What is selected are the numbers of the rows at fault, both where two clash. SPANS stands
for the slots with their first minute and the minute after their last; `:now` is the present. Where the teams, settings
and families of today are compared with times, those that are over are left out: they were made with others.
"""

SPANS = {
    "sqlite": """(SELECT id, resource_id, ends_at, CAST(strftime('%s', starts_at) AS INTEGER) / 60 AS first,
        (CAST(strftime('%s', ends_at) AS INTEGER) + 59) / 60 AS after FROM slot)""",
    "postgresql": """(SELECT id, resource_id, ends_at,
        CAST(floor(extract(epoch FROM starts_at) / 60) AS bigint) AS first,
        CAST(ceil(extract(epoch FROM ends_at) / 60) AS bigint) AS after FROM slot)""",
}

_TOGETHER = """FROM appointment a JOIN slot s ON s.id = a.slot_id
    JOIN appointment b ON b.{who} = a.{who} AND b.id > a.id JOIN slot t ON t.id = b.slot_id
    WHERE a.cancelled_at IS NULL AND b.cancelled_at IS NULL AND s.starts_at < t.ends_at AND t.starts_at < s.ends_at"""

_NOT_HELD = """SELECT a.id FROM appointment a JOIN SPANS s ON s.id = a.slot_id
    LEFT JOIN occupancy o ON o.appointment_id = a.id AND o.kind = '{kind}' AND o.subject_id = a.{who}
        AND o.tick >= s.first AND o.tick < s.after
    WHERE a.cancelled_at IS NULL AND a.{who} IS NOT NULL
    GROUP BY a.id, s.first, s.after HAVING count(DISTINCT o.tick) <> s.after - s.first"""

BOOKING = {
    # I1
    "a slot with more appointments than it has room for": """
        SELECT s.id FROM slot s JOIN appointment a ON a.slot_id = s.id
        WHERE a.cancelled_at IS NULL AND (a.held_until IS NULL OR a.held_until > :now)
        GROUP BY s.id, s.capacity HAVING count(*) > s.capacity""",
    "a seat with two appointments": """
        SELECT slot_id, min(id), max(id) FROM appointment WHERE cancelled_at IS NULL
        GROUP BY slot_id, seat HAVING count(*) > 1""",
    # I2, I3, I4: from the times alone, so that occupancy cannot vouch for itself
    "a parent in two appointments at once": f"SELECT a.id, b.id {_TOGETHER.format(who='contact_id')}",
    "a student in two appointments at once": f"SELECT a.id, b.id {_TOGETHER.format(who='student_id')}",
    "a teacher in two booked slots at once": """
        SELECT DISTINCT s.id, t.id FROM slot s JOIN resourcemember m ON m.resource_id = s.resource_id
        JOIN resourcemember n ON n.contact_id = m.contact_id
        JOIN slot t ON t.resource_id = n.resource_id AND t.id > s.id
        WHERE s.starts_at < t.ends_at AND t.starts_at < s.ends_at AND s.ends_at > :now AND t.ends_at > :now
        AND EXISTS (SELECT 1 FROM appointment a WHERE a.slot_id = s.id AND a.cancelled_at IS NULL)
        AND EXISTS (SELECT 1 FROM appointment a WHERE a.slot_id = t.id AND a.cancelled_at IS NULL)""",
    # I5
    "two appointments that count as the same one of a child with a teacher": """
        SELECT min(id), max(id) FROM appointment WHERE cancelled_at IS NULL
        GROUP BY resource_id, CASE WHEN student_id IS NULL THEN contact_id END, child_key, nth
        HAVING count(*) > 1""",
    "an appointment beyond what the class allows, and not marked as such": """
        SELECT a.id FROM appointment a LEFT JOIN class c ON c.id = a.class_id
        WHERE a.cancelled_at IS NULL AND a.problem IS NULL AND a.confirmed_at IS NULL
        AND (a.nth > c.appointments_allowed OR (a.student_id IS NULL AND a.child_key LIKE 'n%' AND a.nth > 1))""",
    "an appointment that does not count within a limit of its event": """
        SELECT a.id FROM appointment a JOIN eventsettings e ON e.event_id = a.event_id
        WHERE a.cancelled_at IS NULL AND ((e.max_per_event IS NOT NULL AND a.event_nth IS NULL)
        OR (e.max_per_child IS NOT NULL AND a.child_nth IS NULL) OR (e.max_per_day IS NOT NULL AND a.day_nth IS NULL)
        OR (e.one_per_class AND a.class_id IS NOT NULL AND a.class_nth IS NULL))""",
    "two appointments that count as the same one within a limit": """
        SELECT a.id, b.id FROM appointment a JOIN appointment b ON b.id > a.id AND b.event_id = a.event_id
        WHERE a.cancelled_at IS NULL AND b.cancelled_at IS NULL
        AND ((b.contact_id = a.contact_id AND (b.event_nth = a.event_nth
        OR (b.child_key = a.child_key AND b.child_nth = a.child_nth)
        OR (b.class_id = a.class_id AND b.class_nth = a.class_nth)))
        OR (b.resource_id = a.resource_id AND b.day = a.day AND b.day_nth = a.day_nth))""",
    # I6
    "an appointment of another event or teacher than its slot": """
        SELECT a.id FROM appointment a JOIN slot s ON s.id = a.slot_id
        WHERE a.resource_id <> s.resource_id OR a.event_id <> s.event_id""",
    "an appointment of another type than its slot": """
        SELECT a.id FROM appointment a JOIN slot s ON s.id = a.slot_id
        WHERE a.cancelled_at IS NULL AND ((s.kind = 'P' AND a.is_virtual) OR (s.kind = 'V' AND NOT a.is_virtual))""",
    "a slot of another event than its teacher": """
        SELECT s.id FROM slot s JOIN resource r ON r.id = s.resource_id WHERE r.event_id <> s.event_id""",
    # I15
    "a slot that ends before it begins": "SELECT id FROM slot WHERE ends_at <= starts_at",
}

OCCUPANCY = {
    # I2, I3, I4: both ways
    "minutes held by an appointment that is cancelled or gone": """
        SELECT DISTINCT o.appointment_id FROM occupancy o LEFT JOIN appointment a ON a.id = o.appointment_id
        WHERE o.appointment_id IS NOT NULL AND (a.id IS NULL OR a.cancelled_at IS NOT NULL)""",
    "minutes held by a slot that nobody booked": """
        SELECT DISTINCT s.id FROM occupancy o JOIN slot s ON s.id = o.slot_id WHERE s.ends_at > :now AND NOT EXISTS
        (SELECT 1 FROM appointment a WHERE a.slot_id = o.slot_id AND a.cancelled_at IS NULL)""",
    "minutes held by an appointment for somebody else, or at another time": """
        SELECT DISTINCT a.id FROM occupancy o JOIN appointment a ON a.id = o.appointment_id
        JOIN SPANS s ON s.id = a.slot_id WHERE a.cancelled_at IS NULL
        AND (o.tick < s.first OR o.tick >= s.after + CASE WHEN o.kind = 'gap' THEN
        (SELECT CASE WHEN e.allows_back_to_back THEN 0 ELSE e.gap_minutes END FROM eventsettings e
        WHERE e.event_id = a.event_id) ELSE 0 END OR o.kind NOT IN ('parent', 'student', 'gap')
        OR (o.kind IN ('parent', 'gap') AND o.subject_id <> a.contact_id)
        OR (o.kind = 'student' AND o.subject_id <> a.student_id))""",
    "minutes held by a slot for somebody else, or at another time": """
        SELECT DISTINCT s.id FROM occupancy o JOIN SPANS s ON s.id = o.slot_id
        WHERE o.tick < s.first OR o.tick >= s.after OR o.kind NOT IN ('teacher', 'room', 'host')
        OR (o.kind = 'teacher' AND s.ends_at > :now AND NOT EXISTS (SELECT 1 FROM resourcemember m
        WHERE m.resource_id = s.resource_id AND m.contact_id = o.subject_id))""",
    "an appointment whose parent's minutes are not held": _NOT_HELD.format(kind="parent", who="contact_id"),
    "an appointment whose student's minutes are not held": _NOT_HELD.format(kind="student", who="student_id"),
    "a booked slot whose teachers' minutes are not held": """
        SELECT s.id FROM SPANS s JOIN resourcemember m ON m.resource_id = s.resource_id
        LEFT JOIN occupancy o ON o.slot_id = s.id AND o.kind = 'teacher' AND o.subject_id = m.contact_id
            AND o.tick >= s.first AND o.tick < s.after
        WHERE s.ends_at > :now
        AND EXISTS (SELECT 1 FROM appointment a WHERE a.slot_id = s.id AND a.cancelled_at IS NULL)
        GROUP BY s.id, s.first, s.after, m.contact_id HAVING count(DISTINCT o.tick) <> s.after - s.first""",
}

MEETINGS = {
    # I10
    "an appointment with two current meetings": """
        SELECT appointment_id, min(id), max(id) FROM meeting WHERE replaced_at IS NULL
        GROUP BY appointment_id HAVING count(*) > 1""",
    "two rows for one meeting at the provider": """
        SELECT min(id), max(id) FROM meeting WHERE remote_id IS NOT NULL
        GROUP BY provider, remote_id HAVING count(*) > 1""",
    "two meetings with one marker": "SELECT min(id), max(id) FROM meeting GROUP BY marker HAVING count(*) > 1",
    # I11, as far as our own rows can tell
    "a meeting wished for an appointment that wants none": """
        SELECT m.id FROM meeting m JOIN appointment a ON a.id = m.appointment_id
        JOIN eventsettings e ON e.event_id = a.event_id JOIN slot s ON s.id = a.slot_id
        WHERE m.replaced_at IS NULL AND m.wish = 'present' AND s.ends_at > :now
        AND (a.cancelled_at IS NOT NULL OR a.held_until IS NOT NULL OR NOT a.is_virtual
        OR e.provider IS NULL OR e.provider <> m.provider)""",
    "a link kept for a cancelled appointment": """
        SELECT m.id FROM meeting m JOIN appointment a ON a.id = m.appointment_id
        WHERE a.cancelled_at IS NOT NULL AND m.wish = 'present' AND m.remote_id IS NOT NULL""",
    "a virtual appointment to come without a meeting": """
        SELECT a.id FROM appointment a JOIN slot s ON s.id = a.slot_id
        JOIN eventsettings e ON e.event_id = a.event_id
        WHERE a.cancelled_at IS NULL AND a.held_until IS NULL AND a.is_virtual AND e.provider IS NOT NULL
        AND s.ends_at > :now AND NOT EXISTS (SELECT 1 FROM meeting m
        WHERE m.appointment_id = a.id AND m.replaced_at IS NULL AND m.wish = 'present')""",
    "a meeting to come that nobody makes": """
        SELECT m.id FROM meeting m JOIN appointment a ON a.id = m.appointment_id JOIN slot s ON s.id = a.slot_id
        WHERE m.replaced_at IS NULL AND m.wish = 'present' AND m.remote_id IS NULL AND m.due_at IS NULL
        AND m.problem IS NULL AND s.ends_at > :now""",
    "a meeting wished away that nobody removes": """
        SELECT id FROM meeting WHERE wish = 'absent' AND gone_at IS NULL AND due_at IS NULL""",
    "a meeting wished away and still the current one": """
        SELECT id FROM meeting WHERE wish = 'absent' AND replaced_at IS NULL""",
    "a meeting that is gone and still worked on": """
        SELECT id FROM meeting WHERE gone_at IS NOT NULL
        AND (due_at IS NOT NULL OR claim IS NOT NULL OR attempt_at IS NOT NULL)""",
}

CALENDARS = {
    # I12
    "an appointment with two current entries on one link": """
        SELECT appointment_id, min(id), max(id) FROM calendarentry WHERE replaced_at IS NULL
        GROUP BY appointment_id, link_id HAVING count(*) > 1""",
    "two entries of one generation": """
        SELECT min(id), max(id) FROM calendarentry
        GROUP BY appointment_id, link_id, generation HAVING count(*) > 1""",
    "two entries with one key": "SELECT min(id), max(id) FROM calendarentry GROUP BY key HAVING count(*) > 1",
    "an appointment to come without an entry on the calendar of its teacher": """
        SELECT a.id, l.id FROM appointment a JOIN slot s ON s.id = a.slot_id
        JOIN resourcemember m ON m.resource_id = a.resource_id
        JOIN calendarlink l ON l.contact_id = m.contact_id AND l.connected_at IS NOT NULL
        AND l.disconnected_at IS NULL AND l.saved_at IS NOT NULL AND l.calendar_id <> ''
        WHERE a.cancelled_at IS NULL AND a.held_until IS NULL AND s.ends_at > :now AND NOT EXISTS
        (SELECT 1 FROM calendarentry e WHERE e.appointment_id = a.id AND e.link_id = l.id
        AND e.replaced_at IS NULL AND e.wish = 'present')""",
    "an entry wished for an appointment that does not stand": """
        SELECT e.id FROM calendarentry e JOIN appointment a ON a.id = e.appointment_id
        JOIN calendarlink l ON l.id = e.link_id AND l.disconnected_at IS NULL
        WHERE e.replaced_at IS NULL AND e.wish = 'present'
        AND (a.cancelled_at IS NOT NULL OR a.held_until IS NOT NULL)""",
    "an entry wished for somebody who is not of the appointment's teachers": """
        SELECT e.id FROM calendarentry e JOIN appointment a ON a.id = e.appointment_id
        JOIN calendarlink l ON l.id = e.link_id AND l.disconnected_at IS NULL
        JOIN slot s ON s.id = a.slot_id AND s.ends_at > :now
        WHERE e.replaced_at IS NULL AND e.wish = 'present' AND NOT EXISTS
        (SELECT 1 FROM resourcemember m WHERE m.resource_id = a.resource_id AND m.contact_id = l.contact_id)""",
    "an entry to come that nobody makes": """
        SELECT e.id FROM calendarentry e JOIN appointment a ON a.id = e.appointment_id
        JOIN slot s ON s.id = a.slot_id JOIN calendarlink l ON l.id = e.link_id AND l.connected_at IS NOT NULL
        AND l.disconnected_at IS NULL AND l.saved_at IS NOT NULL AND l.calendar_id <> ''
        WHERE e.replaced_at IS NULL AND e.wish = 'present' AND e.remote_id IS NULL AND e.due_at IS NULL
        AND e.problem IS NULL AND e.theirs = '' AND s.ends_at > :now""",
    "an entry wished away that nobody removes": """
        SELECT e.id FROM calendarentry e JOIN calendarlink l ON l.id = e.link_id AND l.disconnected_at IS NULL
        WHERE e.wish = 'absent' AND e.gone_at IS NULL AND e.due_at IS NULL""",
    "an entry wished away and still the current one": """
        SELECT id FROM calendarentry WHERE wish = 'absent' AND replaced_at IS NULL""",
    "an entry that is gone and still worked on": """
        SELECT id FROM calendarentry WHERE gone_at IS NOT NULL
        AND (due_at IS NOT NULL OR claim IS NOT NULL OR attempt_at IS NOT NULL)""",
    "busy times of a calendar that is not linked any more": """
        SELECT b.id FROM busytime b JOIN calendarlink l ON l.id = b.link_id
        WHERE l.connected_at IS NULL OR l.disconnected_at IS NOT NULL""",
}

MAIL = {
    # I9: of what the office made against a rule nobody is told before it is confirmed
    "a booking to come that no mail tells its family of": """
        SELECT a.id FROM appointment a JOIN slot s ON s.id = a.slot_id
        WHERE a.cancelled_at IS NULL AND a.held_until IS NULL AND s.ends_at > :now
        AND (a.problem IS NULL OR a.problem NOT LIKE 'rule%') AND NOT EXISTS
        (SELECT 1 FROM message m WHERE m.act = a.act AND m.kind IN ('confirmation', 'changed'))""",
    # I13
    "two mails with one key": "SELECT min(id), max(id) FROM message GROUP BY dedupe_key HAVING count(*) > 1",
    "two Confirmations of one act of booking": """
        SELECT min(id), max(id) FROM message WHERE kind IN ('confirmation', 'changed')
        GROUP BY act HAVING count(*) > 1""",
    "a mail that was sent or dropped and is due again": """
        SELECT id FROM message WHERE (sent_at IS NOT NULL OR dropped_at IS NOT NULL) AND due_at IS NOT NULL""",
    "a mail about somebody else's appointment": """
        SELECT DISTINCT m.id FROM message m JOIN appointment a ON a.act = m.act
        WHERE m.act <> '' AND m.contact_id <> a.contact_id""",
}

ERRANDS = {
    # I14: whoever holds a claim has a lease, at the end of which the row is due again
    f"a claim without a lease, of a {table}": f"SELECT id FROM {table} WHERE claim IS NOT NULL AND due_at IS NULL"  # noqa: S608 - our own names
    for table in ("calendarentry", "calendarlink", "meeting", "message", "sweep", "task", "webhookreceipt")
}

SIGN_INS = {
    # I16
    "a sign-in of a later epoch than its login": """
        SELECT s.id FROM signin s JOIN login l ON l.id = s.login_id WHERE s.epoch > l.epoch""",
    "a sign-in that acts as somebody without an end": """
        SELECT id FROM signin WHERE acting_as_id IS NOT NULL AND acting_until IS NULL""",
}

TIES = (
    "answer.appointment_id appointment",
    "answer.field_id appointmentfield",
    "appointmentfield.event_id event",
    "appointment.class_id class",
    "appointment.contact_id contact",
    "appointment.event_id event",
    "appointment.resource_id resource",
    "appointment.slot_id slot",
    "appointment.student_id student",
    "busytime.contact_id contact",
    "busytime.link_id calendarlink",
    "calendarentry.appointment_id appointment",
    "calendarentry.link_id calendarlink",
    "calendarlink.contact_id contact",
    "claimcode.student_id student",
    "classteacher.class_id class",
    "classteacher.contact_id contact",
    "connection.connected_by_id contact",
    "enrolment.class_id class",
    "enrolment.student_id student",
    "eventsettings.event_id event",
    "feed.contact_id contact",
    "formeraddress.event_id event",
    "grant.contact_id contact",
    "grant.event_id event",
    "grant.resource_id resource",
    "guardian.contact_id contact",
    "guardian.student_id student",
    "host.contact_id contact",
    "importrun.contact_id contact",
    "meeting.appointment_id appointment",
    "message.contact_id contact",
    "message.event_id event",
    "messagetext.event_id event",
    "messagetext.saved_by_id contact",
    "pace.connection_id connection",
    "resource.event_id event",
    "resourcemember.contact_id contact",
    "resourcemember.resource_id resource",
    "service.event_id event",
    "signinlink.contact_id contact",
    "slot.event_id event",
    "slot.resource_id resource",
    "task.contact_id contact",
)
"""Which rows of a school point to which others: both have to belong to the same school (RELIABILITY T6)."""


def _foreign(tie: str) -> tuple[str, str]:
    column, parent = tie.split()
    child, name = column.split(".")
    query = f"""SELECT DISTINCT p.id FROM "{child}" c JOIN "{parent}" p ON p.id = c.{name}
        WHERE c.school_id <> p.school_id"""  # noqa: S608 - our own names
    return f"a {parent} that another school's {child} points to", query


SCHOOLS = dict(map(_foreign, TIES))

ALL = BOOKING | OCCUPANCY | MEETINGS | CALENDARS | MAIL | ERRANDS | SIGN_INS | SCHOOLS

"""the gap that an event forces between two appointments of a family keeps no other event's away."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_GIVE_EACH_EVENT_ITS_OWN = """UPDATE occupancy SET lane =
    (SELECT a.event_id FROM appointment a WHERE a.id = occupancy.appointment_id) WHERE kind = 'gap'"""
_LEAVE_ONE_OF_EACH_MINUTE = """DELETE FROM occupancy WHERE kind = 'gap' AND EXISTS (SELECT 1 FROM occupancy o
    WHERE o.kind = 'gap' AND o.subject_id = occupancy.subject_id AND o.tick = occupancy.tick
    AND o.lane < occupancy.lane)"""


def upgrade() -> None:
    op.execute(_GIVE_EACH_EVENT_ITS_OWN)


def downgrade() -> None:
    op.execute(_LEAVE_ONE_OF_EACH_MINUTE)
    op.execute("UPDATE occupancy SET lane = 0 WHERE kind = 'gap'")

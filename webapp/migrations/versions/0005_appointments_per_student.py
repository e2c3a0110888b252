"""what a class allows is counted per student, whoever of the parents books."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STANDING = sa.text("cancelled_at IS NULL")


def upgrade() -> None:
    # Until now two parents could each have the first: they keep what they have, one of them as the second.
    op.execute("UPDATE appointment SET nth = 1000000 + id WHERE cancelled_at IS NULL AND student_id IS NOT NULL")
    op.execute("""
        UPDATE appointment SET nth = 1 + (
            SELECT count(*) FROM appointment AS earlier
            WHERE earlier.resource_id = appointment.resource_id AND earlier.student_id = appointment.student_id
            AND earlier.cancelled_at IS NULL AND earlier.id < appointment.id
        ) WHERE cancelled_at IS NULL AND student_id IS NOT NULL""")
    op.create_index(
        "uq_appointment_student_nth",
        "appointment",
        ["resource_id", "student_id", "nth"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )


def downgrade() -> None:
    op.drop_index("uq_appointment_student_nth", table_name="appointment")

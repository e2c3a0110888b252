"""a family's standing appointments are found without reading all that it ever gave back."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_STANDING = sa.text("cancelled_at IS NULL")
_OF = {"ix_appointment_standing_contact": "contact_id", "ix_appointment_standing_student": "student_id"}


def upgrade() -> None:
    for name, whose in _OF.items():
        op.create_index(name, "appointment", [whose], sqlite_where=_STANDING, postgresql_where=_STANDING)


def downgrade() -> None:
    for name in _OF:
        op.drop_index(name, table_name="appointment")

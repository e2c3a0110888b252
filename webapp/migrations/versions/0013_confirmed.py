"""when the office let an appointment stand that breaks a rule, and an index of those that are red."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_RED = sa.text("problem IS NOT NULL AND cancelled_at IS NULL")


def upgrade() -> None:
    op.add_column("appointment", sa.Column("confirmed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_index("ix_appointment_red", "appointment", ["school_id"], sqlite_where=_RED, postgresql_where=_RED)


def downgrade() -> None:
    op.drop_index("ix_appointment_red", "appointment")
    op.drop_column("appointment", "confirmed_at")

"""that the office confirmed what a teacher's calendar is against holds for that time alone, and for nothing else."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appointment", schema=None) as batch:
        batch.add_column(sa.Column("calendar_judged_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.execute("UPDATE appointment SET calendar_judged_at = confirmed_at WHERE confirmed_at IS NOT NULL")


def downgrade() -> None:
    op.drop_column("appointment", "calendar_judged_at")

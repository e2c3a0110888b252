"""appointments: what the calendar file said last, and how often it changed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appointment") as table:
        table.add_column(sa.Column("calendar_sequence", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(
            sa.Column("calendar_said", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False, server_default="")
        )
    with op.batch_alter_table("appointment") as table:
        table.alter_column("calendar_sequence", server_default=None)
        table.alter_column("calendar_said", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("appointment") as table:
        table.drop_column("calendar_said")
        table.drop_column("calendar_sequence")

"""how an office names the calendar file of its mails."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString(length=60)
    with op.batch_alter_table("messagetext") as table:
        table.add_column(sa.Column("file_name", text, nullable=False, server_default=""))
    with op.batch_alter_table("messagetext") as table:
        table.alter_column("file_name", server_default=None)


def downgrade() -> None:
    op.drop_column("messagetext", "file_name")

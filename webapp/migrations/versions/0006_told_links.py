"""which link a family was mailed last, so that another one is told them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("appointment") as table:
        table.add_column(sa.Column("told", sa.String(length=16), nullable=False, server_default=""))
    with op.batch_alter_table("appointment") as table:
        table.alter_column("told", server_default=None)


def downgrade() -> None:
    op.drop_column("appointment", "told")

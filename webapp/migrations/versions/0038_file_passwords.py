"""a password that a file brought remembers of which school."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("login", schema=None) as batch:
        batch.add_column(sa.Column("password_school_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("login", "password_school_id")

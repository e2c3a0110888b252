"""what a connection last did, how its grant was made, and the refresh token before the present one."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch:
        batch.add_column(sa.Column("grant_type", _TEXT(length=20), nullable=False, server_default="authorization_code"))
        batch.add_column(sa.Column("access_seconds", sa.Integer(), nullable=False, server_default="3600"))
        batch.add_column(sa.Column("former_refresh_token", _TEXT(), nullable=False, server_default=""))
        batch.add_column(sa.Column("refresh_tried_at", _INSTANT(), nullable=True))
        batch.add_column(sa.Column("clock_ahead", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("problem", _TEXT(length=500), nullable=True))
        batch.add_column(sa.Column("problem_values", _TEXT(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("problem_at", _INSTANT(), nullable=True))
    with op.batch_alter_table("connection", schema=None) as batch:
        for name in ("grant_type", "access_seconds", "former_refresh_token", "problem_values"):
            batch.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch:
        for name in (
            "problem_at",
            "problem_values",
            "problem",
            "clock_ahead",
            "refresh_tried_at",
            "former_refresh_token",
            "access_seconds",
            "grant_type",
        ):
            batch.drop_column(name)

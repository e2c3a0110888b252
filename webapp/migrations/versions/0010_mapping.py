"""the account's users as read last, mappings picked by hand, a daily mapping, and its report."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FORMER = "state IN ('mapped', 'pending', 'inactive', 'not_found', 'no_email', 'cannot_host')"
_STATES = "state IN ('mapped', 'pending', 'inactive', 'not_found', 'no_email', 'cannot_host', 'vanished', 'taken')"


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "accountuser",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("provider", text(length=20), nullable=False),
        sa.Column("remote_id", text(length=100), nullable=False),
        sa.Column("email", text(length=254), nullable=False),
        sa.Column("name", text(length=200), nullable=False),
        sa.Column("status", text(length=10), nullable=False),
        sa.Column("can_host", sa.Boolean(), nullable=False),
        sa.Column("is_basic", sa.Boolean(), nullable=False),
        sa.Column("sought", text(length=460), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_accountuser_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accountuser")),
        sa.UniqueConstraint(
            "school_id",
            "provider",
            "email",
            "remote_id",
            name=op.f("uq_accountuser_school_id_provider_email_remote_id"),
        ),
    )
    with op.batch_alter_table("accountuser", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accountuser_school_id"), ["school_id"], unique=False)
    with op.batch_alter_table("host", schema=None) as batch_op:
        batch_op.add_column(sa.Column("picked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("suggested", text(length=1000), nullable=False, server_default="[]"))
        batch_op.drop_constraint(op.f("ck_host_known_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_host_known_state"), _STATES)
    with op.batch_alter_table("host", schema=None) as batch_op:
        batch_op.alter_column("suggested", server_default=None)
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("map_due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("reported", text(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.alter_column("reported", server_default=None)
    op.create_table(
        "notificationcontact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("email", text(length=254), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_notificationcontact_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notificationcontact")),
        sa.UniqueConstraint("school_id", "email", name=op.f("uq_notificationcontact_school_id_email")),
    )
    with op.batch_alter_table("notificationcontact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notificationcontact_school_id"), ["school_id"], unique=False)


def downgrade() -> None:
    op.execute("UPDATE host SET state = 'not_found' WHERE state IN ('vanished', 'taken')")
    with op.batch_alter_table("notificationcontact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notificationcontact_school_id"))
    op.drop_table("notificationcontact")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("reported")
        batch_op.drop_column("map_due_at")
    with op.batch_alter_table("host", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_host_known_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_host_known_state"), _FORMER)
        batch_op.drop_column("suggested")
        batch_op.drop_column("picked_at")
    with op.batch_alter_table("accountuser", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_accountuser_school_id"))
    op.drop_table("accountuser")

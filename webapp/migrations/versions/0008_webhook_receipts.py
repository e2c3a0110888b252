"""what providers tell by themselves is remembered, and when they last did."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhookreceipt",
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("claim", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=True),
        sa.Column("problem", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("problem_values", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("problem_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("problem_detail", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("problem_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("remote_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("missed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_webhookreceipt_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhookreceipt")),
        sa.UniqueConstraint("school_id", "provider", "key", name=op.f("uq_webhookreceipt_school_id_provider_key")),
    )
    with op.batch_alter_table("webhookreceipt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhookreceipt_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_webhookreceipt_school_id"), ["school_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_webhookreceipt_received_at"), ["received_at"], unique=False)

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_webhook_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("last_webhook_at")

    with op.batch_alter_table("webhookreceipt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webhookreceipt_received_at"))
        batch_op.drop_index(batch_op.f("ix_webhookreceipt_school_id"))
        batch_op.drop_index(batch_op.f("ix_webhookreceipt_due_at"))

    op.drop_table("webhookreceipt")

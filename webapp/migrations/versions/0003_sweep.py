"""sweeps of what providers hold, and what they found astray."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stray",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("host_key", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("remote_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("marker", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("allowed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("kept_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("removed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_stray_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stray")),
        sa.UniqueConstraint("school_id", "provider", "remote_id", name=op.f("uq_stray_school_id_provider_remote_id")),
    )
    with op.batch_alter_table("stray", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stray_school_id"), ["school_id"], unique=False)

    op.create_table(
        "sweep",
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
        sa.Column("host_key", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("swept_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_sweep_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep")),
        sa.UniqueConstraint("school_id", "provider", "host_key", name=op.f("uq_sweep_school_id_provider_host_key")),
    )
    with op.batch_alter_table("sweep", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sweep_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sweep_school_id"), ["school_id"], unique=False)

    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.add_column(sa.Column("missed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.drop_column("missed_at")

    with op.batch_alter_table("sweep", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sweep_school_id"))
        batch_op.drop_index(batch_op.f("ix_sweep_due_at"))

    op.drop_table("sweep")
    with op.batch_alter_table("stray", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stray_school_id"))

    op.drop_table("stray")

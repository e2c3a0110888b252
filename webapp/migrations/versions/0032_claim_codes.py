"""codes on paper by which families claim children, and which ties they made themselves."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "claimcode",
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("beginning", _TEXT(length=4), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("made_at", _INSTANT(), nullable=False),
        sa.CheckConstraint("uses BETWEEN 0 AND 2", name=op.f("ck_claimcode_two_households")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_claimcode_school_id_school"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["student_id"], ["student.id"], name=op.f("fk_claimcode_student_id_student"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_claimcode")),
        sa.UniqueConstraint("school_id", "beginning", name=op.f("uq_claimcode_school_id_beginning")),
    )
    with op.batch_alter_table("claimcode", schema=None) as batch:
        batch.create_index(batch.f("ix_claimcode_school_id"), ["school_id"], unique=False)
    with op.batch_alter_table("guardian", schema=None) as batch:
        batch.add_column(sa.Column("claimed_at", _INSTANT(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("guardian", schema=None) as batch:
        batch.drop_column("claimed_at")
    op.drop_table("claimcode")

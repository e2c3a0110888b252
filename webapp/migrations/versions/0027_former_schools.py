"""short names that schools had before."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "formerschool",
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_formerschool_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_formerschool")),
    )
    op.create_index(op.f("ix_formerschool_school_id"), "formerschool", ["school_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_formerschool_school_id"), table_name="formerschool")
    op.drop_table("formerschool")

"""mails for which somebody waits at the door are found among all that are due."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_AWAITED = sa.text("kind IN ('sign_in_code', 'sign_in_link') AND due_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_message_awaited", "message", ["due_at"], sqlite_where=_AWAITED, postgresql_where=_AWAITED)


def downgrade() -> None:
    op.drop_index("ix_message_awaited", table_name="message")

"""what a school asks of new families, and the phone and address that they tell."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_TEXTS = {"phone": 40, "address": 300}
_SETTINGS = {"allows_sign_up": True, "allows_claims": True, "asks_phone": False, "asks_address": False}


def upgrade() -> None:
    texts = [sa.Column(name, _TEXT(length=n), nullable=False, server_default="") for name, n in _TEXTS.items()]
    _add("contact", texts)
    defaults = {True: sa.true(), False: sa.false()}
    _add(
        "school",
        [
            sa.Column(name, sa.Boolean(), nullable=False, server_default=defaults[is_on])
            for name, is_on in _SETTINGS.items()
        ],
    )


def _add(table: str, columns: list[sa.Column]) -> None:  # type: ignore[type-arg]  # of texts and of settings
    with op.batch_alter_table(table, schema=None) as batch:
        for column in columns:
            batch.add_column(column)
    with op.batch_alter_table(table, schema=None) as batch:
        for column in columns:
            batch.alter_column(column.name, server_default=None)


def downgrade() -> None:
    # Not by a rebuild: dropping these tables would take along all that belongs to them.
    for table, names in (("school", _SETTINGS), ("contact", _TEXTS)):
        for name in names:
            op.drop_column(table, name)

"""How grants end: families and tokens first, while their grants can still be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from idp.store.sql import schema
from idp.store.sql.statement import Statement

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def end_grants(*which: ColumnElement[bool]) -> tuple[Statement, Statement, Statement]:
    """Give the three statements that end the grants for which ``which`` holds, at ``at``.

    The last one ends the grants themselves: its row count is how many ended.
    """
    grants, tokens, families = schema.grants, schema.access_tokens, schema.families
    ending = select(grants.c.id).where(*which, grants.c.ended_at.is_(None))
    at: ColumnElement[int] = bindparam("at")
    return (
        Statement(
            update(tokens)
            .where(tokens.c.grant.in_(ending), tokens.c.revoked_at.is_(None))
            .values(revoked_at=at)
        ),
        Statement(
            update(families)
            .where(families.c.grant.in_(ending), families.c.ended_at.is_(None))
            .values(ended_at=at)
        ),
        Statement(update(grants).where(*which, grants.c.ended_at.is_(None)).values(ended_at=at)),
    )

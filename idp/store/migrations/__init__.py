"""How the Ledger's schema grew, one revision a file (Alembic)."""

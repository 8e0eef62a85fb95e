"""The Ledger in SQL: one schema, two dialects, no objects mapped."""

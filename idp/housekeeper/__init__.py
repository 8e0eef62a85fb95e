"""The background jobs: each done by one process at a time, wherever housekeepers run."""

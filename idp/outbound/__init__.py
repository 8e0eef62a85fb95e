"""Speaking to the outside: one guarded HTTP client, and the outbox that delivers through it."""

"""What is remembered: the Ledger (must survive, decides once) and the Ephemeral (may vanish)."""

"""What the provider talks about: people, clients, transactions, sessions, grants. Pure values."""

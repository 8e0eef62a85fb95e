"""One machine, no servers: the Ephemeral store in a file, and copies of the embedded pair."""

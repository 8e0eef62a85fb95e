"""Client profiles: each a named list of rules, held against everything that a client sends."""

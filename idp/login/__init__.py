"""The path of a login, from a validated request to a proof, an agreement and a completion."""

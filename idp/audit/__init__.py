"""The audit trail after it was written: sealed into a chain, exported by signed heads, verified."""

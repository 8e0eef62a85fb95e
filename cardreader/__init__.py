"""The Belgian eID card: reading it, proving it, trusting it, and a faithful card in software."""

"""The demo country's e-service: the municipality of Specimen, where citizens open their own file.

A relying party as one would write it today, and nothing of the provider in it: discovery, pushed
requests with a signed assertion, code flow with PKCE, and every check of the ID token.
"""

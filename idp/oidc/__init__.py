"""The OpenID Connect protocol: requests, codes, tokens. It knows no means of login."""

"""The OpenID Connect provider: protocol, login pages, operators, citizens."""

"""Registration by the e-services themselves: RFC 7591, RFC 7592, OpenID Connect's own additions."""

"""Login behind the browser's back (OpenID Connect CIBA Core 1.0, FAPI-CIBA): poll and ping."""

"""The virtual phone: a software authenticator and a device key that speak the app's HTTP calls."""

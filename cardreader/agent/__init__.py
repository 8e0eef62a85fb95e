"""The citizen's own program: native-messaging host and loopback agent, wallet and PIN page."""

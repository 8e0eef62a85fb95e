"""Deciding whether a card may be believed: pinned roots, an ordered pipeline, revocation."""

from cardreader.trust.anchors import TrustAnchors, load
from cardreader.trust.ports import Fetch, FetchAnswer, FetchFailed, FetchRequest
from cardreader.trust.watched import TrustChange, WatchedAnchors

__all__ = [
    "Fetch",
    "FetchAnswer",
    "FetchFailed",
    "FetchRequest",
    "TrustAnchors",
    "TrustChange",
    "WatchedAnchors",
    "load",
]

"""Domain values as JSON and back, by adapters that are built once."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from idp.store.ports import Tampered

_T = TypeVar("_T")
_BYTES: Final = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class Encoding(Generic[_T]):
    """Encodes and decodes one type; bytes inside a value stand as base64 text."""

    __slots__ = ("_adapter",)

    def __init__(self, shape: Any) -> None:  # noqa: ANN401 - a type form such as tuple[str, ...]
        # How bytes are written cannot be said for a dataclass alone, only for what holds one.
        self._adapter: TypeAdapter[tuple[_T]] = TypeAdapter(tuple[shape], config=_BYTES)

    def encode(self, value: _T) -> bytes:
        """Give the value as JSON (UTF-8)."""
        return self._adapter.dump_json((value,))[1:-1]

    def decode(self, text: bytes | str) -> _T:
        """Give the value back.

        Raises:
            Tampered: the text does not describe such a value.
        """
        held = b"[%b]" % (text.encode() if isinstance(text, str) else text)
        try:
            return self._adapter.validate_json(held)[0]
        except ValidationError as error:
            # The validation error quotes its input, which may be personal: it is not chained.
            raise Tampered(f"{error.error_count()} faults in a stored {error.title}") from None

"""Domain values as JSON and back, by adapters that are built once."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from idp.store.ports import Tampered

_T = TypeVar("_T")


class Encoding(Generic[_T]):
    """Encodes and decodes one type; bytes inside a value must be UTF-8 text."""

    __slots__ = ("_adapter",)

    def __init__(self, shape: Any) -> None:  # noqa: ANN401 - a type form such as tuple[str, ...]
        self._adapter: TypeAdapter[_T] = TypeAdapter(shape)

    def encode(self, value: _T) -> bytes:
        """Give the value as JSON (UTF-8)."""
        return self._adapter.dump_json(value)

    def decode(self, text: bytes | str) -> _T:
        """Give the value back.

        Raises:
            Tampered: the text does not describe such a value.
        """
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            # The validation error quotes its input, which may be personal: it is not chained.
            raise Tampered(f"{error.error_count()} faults in a stored {error.title}") from None

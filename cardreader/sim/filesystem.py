"""The files of a software card: a small fixed tree, and the place in it that commands speak of.

Every file may always be read. A holder may write one (the preferences of applet 1.7, with the PIN),
the municipality most, nobody the identity and the photo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from cardreader.beid import files, tlv
from cardreader.beid.cards import ID_AID, PKCS15_AID
from cardreader.sim.command import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID_LENGTH: Final = 2
_AID_LENGTHS: Final = range(5, 17)
_BY_IDENTIFIER: Final = 0x02
_BY_APPLICATION: Final = 0x04
_BY_PATH: Final = 0x08
SELECT_FORMS: Final = (0x00, 0x0C)
TLV_FILES: Final = frozenset({files.IDENTITY, files.ADDRESS})
Writer = Literal["municipality", "holder", "nobody"]
_WRITERS: Final[dict[bytes, Writer]] = {
    files.IDENTITY: "nobody",
    files.PHOTO: "nobody",
    files.CARD_KEY: "nobody",
    files.PREFERENCES: "holder",
}


@dataclass(kw_only=True, slots=True)
class Elementary:
    """A transparent file of fixed size.

    Attributes:
        records: whether READ RECORD may ask it for its tags.
        writer: who may write it.
    """

    path: bytes
    content: bytes = field(repr=False)
    records: bool
    writer: Writer


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """A directory by its path from the master file; the master file's own path is ``3F00``."""

    path: bytes


Node = Directory | Elementary


class FileSystem:
    """Every node by its path, and the three ways to select one; None stands for not found."""

    def __init__(self, contents: Mapping[bytes, bytes]) -> None:
        self.root = Directory(path=files.path())
        self._nodes: dict[bytes, Node] = {self.root.path: self.root}
        for path, content in contents.items():
            self._nodes[path] = Elementary(
                path=path,
                content=content,
                records=path in TLV_FILES,
                writer=_WRITERS.get(path, "municipality"),
            )
            for end in range(2 * _ID_LENGTH, len(path), _ID_LENGTH):
                self._nodes[path[:end]] = Directory(path=path[:end])

    def parent(self, file: Elementary) -> Directory:
        """The directory that a file lies in."""
        return Directory(path=file.path[:-_ID_LENGTH])

    def by_id(self, identifier: bytes, current: Directory) -> Node | None:
        """The master file from anywhere, or a child of the current directory."""
        if identifier == self.root.path:
            return self.root
        return self._nodes.get(current.path + identifier)

    def by_path(self, path: bytes) -> Node | None:
        """An absolute path, with or without the leading ``3F00``."""
        if path[:_ID_LENGTH] != self.root.path:
            path = self.root.path + path
        return self._nodes.get(path)

    def by_aid(self, aid: bytes) -> Node | None:
        """A directory by its whole application identifier."""
        named = {PKCS15_AID: files.path(files.DF_BELPIC), ID_AID: files.path(files.DF_ID)}
        return self._nodes.get(named.get(aid, b""))


class Selection:
    """The current directory and file, from SELECT to SELECT; the master file at first.

    Raises `Status` with the chip's own status words.
    """

    def __init__(self, tree: FileSystem) -> None:
        self._tree = tree
        self._directory = tree.root
        self._file: Elementary | None = None

    def select(self, p1: int, p2: int, data: bytes) -> None:
        """SELECT by identifier, by application or by path; a failure leaves the old place."""
        if p1 not in (_BY_IDENTIFIER, _BY_APPLICATION, _BY_PATH) or p2 not in SELECT_FORMS:
            raise Status(0x6A86)
        node: Node | None
        if p1 == _BY_IDENTIFIER:
            if len(data) != _ID_LENGTH:
                raise Status(0x6A87)
            node = self._tree.by_id(data, self._directory)
        elif p1 == _BY_APPLICATION:
            if len(data) not in _AID_LENGTHS:
                raise Status(0x6A87)
            node = self._tree.by_aid(data)
        else:
            if not data or len(data) % _ID_LENGTH:
                raise Status(0x6A87)
            node = self._tree.by_path(data)
        if node is None:
            raise Status(0x6A82)
        if isinstance(node, Directory):
            self._directory, self._file = node, None
        else:
            self._directory, self._file = self._tree.parent(node), node

    def read(self, offset: int, wanted: int) -> bytes:
        """READ BINARY: at the end of the file 6B00, past it 6Cxx with what is left."""
        content = self._current().content
        left = len(content) - offset
        if left <= 0:  # also every offset with the high bit set
            raise Status(0x6B00)
        if wanted > left:
            raise Status(0x6C00 | left)
        return content[offset : offset + wanted]

    def update(
        self, offset: int, data: bytes, *, pin: bool, municipality: bool
    ) -> tuple[bytes, bytes]:
        """UPDATE BINARY within the file's size; gives the file's path and its new content."""
        file = self._current()
        allowed = {"municipality": municipality, "holder": pin, "nobody": False}
        if not allowed[file.writer]:
            raise Status(0x6982)
        if not data or offset + len(data) > len(file.content):
            raise Status(0x6B00 if offset >= len(file.content) else 0x6700)
        file.content = file.content[:offset] + data + file.content[offset + len(data) :]
        return file.path, file.content

    def records(self, first: int, last: int) -> bytes:
        """READ RECORD: whole fields from one tag to another."""
        file = self._current()
        if not file.records:
            raise Status(0x6981)
        fields = tlv.split(file.content)
        if last < first or not {first, last} <= {field.tag for field in fields}:
            raise Status(0x6A83)
        return b"".join(field.raw for field in fields if first <= field.tag <= last)

    def _current(self) -> Elementary:
        if self._file is None:
            raise Status(0x6986)
        return self._file

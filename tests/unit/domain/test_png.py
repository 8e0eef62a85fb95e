"""Making a picture anew: the pixels stay, and nothing else."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from idp.domain.png import NotAPicture, remade
from tests.services.drawn import SIGNATURE, chunk, header, parts_of, pixels, png

ICONS = Path(__file__).parents[3] / "mobile_flow" / "pwa" / "icons"


@pytest.mark.parametrize("name", ["mark-192.png", "mark-512.png", "maskable-512.png"])
def test_a_picture_that_a_browser_drew_keeps_every_pixel(name: str) -> None:
    came = (ICONS / name).read_bytes()
    made = remade(came)
    before = b"".join(content for part, content in parts_of(came) if part == b"IDAT")
    parts = parts_of(made.body)
    assert [part for part, _ in parts] == [b"IHDR", b"IDAT", b"IEND"]
    assert parts[0] == parts_of(came)[0]
    assert zlib.decompress(parts[1][1]) == zlib.decompress(before)
    assert made.width == made.height == int(name.partition("-")[2].removesuffix(".png"))


def test_what_was_made_is_made_the_same_again() -> None:
    made = remade(png())
    assert remade(made.body) == made


def test_a_palette_is_made_whole_so_that_no_pixel_points_behind_it() -> None:
    lines = zlib.compress((b"\0" + b"\xff" * 16) * 32)
    body = b"".join((
        SIGNATURE,
        header(32, 32, depth=4, kind=3),
        chunk(b"PLTE", b"\x01\x02\x03"),
        chunk(b"tRNS", b"\x80"),
        chunk(b"IDAT", lines),
        chunk(b"IEND"),
    ))  # fmt: skip
    parts = dict(parts_of(remade(body).body))
    assert parts[b"PLTE"] == b"\x01\x02\x03".ljust(48, b"\0")
    assert parts[b"tRNS"] == b"\x80"


@pytest.mark.parametrize("size", [(16, 16), (512, 512), (512, 16)])
def test_the_bounds_are_taken(size: tuple[int, int]) -> None:
    made = remade(png(width=size[0], height=size[1]))
    assert (made.width, made.height) == size


@pytest.mark.parametrize("size", [(15, 16), (16, 15), (513, 16), (16, 513), (0, 0), (2**31, 2**31)])
def test_beyond_the_bounds_nothing_is_unpacked(size: tuple[int, int]) -> None:
    body = SIGNATURE + header(*size) + chunk(b"IDAT", b"not packed") + chunk(b"IEND")
    with pytest.raises(NotAPicture, match="its sides"):
        remade(body)


def whole(*parts: bytes) -> bytes:
    return SIGNATURE + b"".join(parts)


PACKED = chunk(b"IDAT", zlib.compress(pixels()))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (whole(header(32, 32, interlaced=1), PACKED, chunk(b"IEND")), "interlaced"),
        (whole(header(32, 32, kind=5), PACKED, chunk(b"IEND")), "broken"),
        (whole(header(32, 32, depth=3), PACKED, chunk(b"IEND")), "broken"),
        (whole(header(32, 32, kind=3), PACKED, chunk(b"IEND")), "more or fewer"),
        (whole(header(32, 32), chunk(b"IEND")), "more or fewer"),
        (whole(header(32, 31), PACKED, chunk(b"IEND")), "more or fewer"),
        (whole(header(32, 33), PACKED, chunk(b"IEND")), "more or fewer"),
        (whole(header(32, 32), PACKED), "broken"),
        (whole(PACKED, header(32, 32), chunk(b"IEND")), "beginning"),
        (whole(header(32, 32), header(32, 32), PACKED, chunk(b"IEND")), "beginning"),
        (whole(header(32, 32), PACKED, chunk(b"tIME"), PACKED, chunk(b"IEND")), "twice"),
        (whole(header(32, 32), chunk(b"EVIL"), PACKED, chunk(b"IEND")), "not known"),
        (whole(header(32, 32), chunk(b"\0\1\2\3"), PACKED, chunk(b"IEND")), "not known"),
        (whole(header(32, 32), chunk(b"tRNS", b"\0"), PACKED, chunk(b"IEND")), "broken"),
        (whole(header(32, 32), chunk(b"PLTE", b"\0"), PACKED, chunk(b"IEND")), "broken"),
        (whole(header(32, 32), chunk(b"IDAT", b"no"), chunk(b"IEND")), "broken"),
        (whole(chunk(b"IHDR", b"short"), PACKED, chunk(b"IEND")), "broken"),
        (whole(chunk(b"IEND")), "beginning"),
        (png()[:-1], "broken"),
        (png().replace(b"IDAT", b"IDAU"), "broken"),
        (png() + b"\0", "after its end"),
        (b"", "not a PNG"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_it_should_be_is_no_picture(body: bytes, why: str) -> None:
    with pytest.raises(NotAPicture, match=why):
        remade(body)


def test_a_filter_that_there_is_not_is_no_picture() -> None:
    lines = bytearray(pixels())
    lines[129] = 5
    body = whole(header(32, 32), chunk(b"IDAT", zlib.compress(bytes(lines))), chunk(b"IEND"))
    with pytest.raises(NotAPicture, match="broken"):
        remade(body)


@pytest.mark.parametrize("at", range(0, 90, 3))
def test_one_changed_byte_is_noticed(at: int) -> None:
    body = bytearray(png())
    body[at] ^= 0x10
    with pytest.raises(NotAPicture):
        remade(bytes(body))

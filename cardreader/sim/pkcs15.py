"""The PKCS #15 directory files of a Belgian card: fixed texts with few blanks, filled here.

Belgian cards carry the same bytes in millions, so these are templates, not an encoder. Lengths are
those of the issuer's content specification.
"""

from __future__ import annotations

from typing import Final, Literal

from cardreader.beid import files

DIR: Final = bytes.fromhex(
    "61234F0CA000000177504B43532D3135500642454C50494351043F00DF0073050603603802"
)
ODF: Final = bytes.fromhex(
    "A00A300804063F00DF005035A40A300804063F00DF005037A80A300804063F00DF005034"
)
AODF: Final = (
    bytes.fromhex("3033300F0C09")
    + b"Basic PIN"
    + bytes.fromhex("030206C03003040101A11B30190302020C0A01000201040201088001010401FF300404023F00")
)

_SERIAL_LENGTH: Final = 16
# Version bytes of TokenInfo: graphical, electrical, electrical interface, reserved.
_VERSIONS: Final = {"1.7": bytes.fromhex("03030000"), "1.8": bytes.fromhex("04040040")}
_CERTIFICATES: Final = (
    ("authentication", b"Authentication", "040102", files.AUTHENTICATION_CERTIFICATE),
    ("signature", b"Signature", "040103", files.SIGNATURE_CERTIFICATE),
    ("ca", b"CA", "0401040101FF", files.CA_CERTIFICATE),
    ("root", b"Root", "0401060101FF", files.ROOT_CERTIFICATE),
)


def token_info(serial: bytes, applet: Literal["1.7", "1.8"]) -> bytes:
    """EF(TokenInfo), 41 bytes, for a chip serial of 16 bytes."""
    if len(serial) != _SERIAL_LENGTH:
        raise ValueError("chip serial")
    return (
        bytes.fromhex("30270201000410")
        + serial
        + bytes.fromhex("8006")
        + b"BELPIC"
        + bytes.fromhex("030204309E04")
        + _VERSIONS[applet]
    )


def private_keys(applet: Literal["1.7", "1.8"]) -> bytes:
    """EF(PrKDF), 119 bytes: RSA-2048 keys for applet 1.7, P-384 keys for 1.8."""
    tag, bits = ("30", "0800") if applet == "1.7" else ("A0", "0180")
    place = "A10E300C300604043F00DF000202" + bits
    return (
        bytes.fromhex(tag + "3A30170C0E")
        + b"Authentication"
        + bytes.fromhex(
            "030206C0040101300F0401020302052003020 3B802020082".replace(" ", "") + place
        )
        + bytes.fromhex(tag + "3930150C09")
        + b"Signature"
        + bytes.fromhex(
            "030206C0040101020101301004010303030600400302 03B802020083".replace(" ", "")
        )
        + bytes.fromhex(place)
    )


def certificates(
    applet: Literal["1.7", "1.8"], *, authentication: bool = True, signature: bool = True
) -> bytes:
    """EF(CDF): 163 bytes (1.7) or 175 (1.8); absent certificates close up and leave zeros."""
    old = applet == "1.7"
    flags, trust = ("030206C0", b"") if old else ("03020640", bytes.fromhex("830100"))
    full = b""
    kept = b""
    for use, label, own, place in _CERTIFICATES:
        entry = (
            _tlv("30", _tlv("0C", label) + bytes.fromhex(flags + "040101"))
            + _tlv("30", bytes.fromhex(own) + trust)
            + bytes.fromhex("A10C300A30080406")
            + place
        )
        full += _tlv("30", entry)
        absent = (use == "authentication" and not authentication) or (
            use == "signature" and not signature
        )
        kept += b"" if absent else _tlv("30", entry)
    return kept.ljust(len(full), b"\x00")


def _tlv(tag: str, value: bytes) -> bytes:
    return bytes.fromhex(tag) + bytes((len(value),)) + value

"""The card's files as constants: identifiers and paths, written from the master file ``3F00``."""

from __future__ import annotations

from typing import Final

MF: Final = 0x3F00
DF_BELPIC: Final = 0xDF00
DF_ID: Final = 0xDF01


def path(*identifiers: int) -> bytes:
    """A path from the master file, two bytes for each identifier below it."""
    return b"".join(part.to_bytes(2, "big") for part in (MF, *identifiers))


DIR: Final = path(0x2F00)
ODF: Final = path(DF_BELPIC, 0x5031)
TOKEN_INFO: Final = path(DF_BELPIC, 0x5032)
AODF: Final = path(DF_BELPIC, 0x5034)
PRKDF: Final = path(DF_BELPIC, 0x5035)
CDF: Final = path(DF_BELPIC, 0x5037)
AUTHENTICATION_CERTIFICATE: Final = path(DF_BELPIC, 0x5038)
SIGNATURE_CERTIFICATE: Final = path(DF_BELPIC, 0x5039)
CA_CERTIFICATE: Final = path(DF_BELPIC, 0x503A)
ROOT_CERTIFICATE: Final = path(DF_BELPIC, 0x503B)
RRN_CERTIFICATE: Final = path(DF_BELPIC, 0x503C)
IDENTITY: Final = path(DF_ID, 0x4031)
IDENTITY_SIGNATURE: Final = path(DF_ID, 0x4032)
ADDRESS: Final = path(DF_ID, 0x4033)
ADDRESS_SIGNATURE: Final = path(DF_ID, 0x4034)
PHOTO: Final = path(DF_ID, 0x4035)
CA_ROLE_KEY: Final = path(DF_ID, 0x4038)
PREFERENCES: Final = path(DF_ID, 0x4039)
CARD_KEY: Final = path(DF_ID, 0x4040)

BELPIC: Final = path(DF_BELPIC)

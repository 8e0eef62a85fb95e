"""A Belgian eID card in software: its PKI, its files, its APDUs, its reader."""

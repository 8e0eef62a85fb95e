"""Client certificates (RFC 8705): who hands them over, in which form, and on which host."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Mtls(BaseModel):
    """Client certificates, which the proxy in front sees and hands over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    proxies: tuple[str, ...] = Field(
        default=(),
        description="Networks (CIDR) of the proxies that are believed about client certificates; "
        "nobody else's word counts. Empty: nothing works by certificate, and nothing is "
        "advertised.",
    )
    form: Literal["rfc9440", "escaped-pem"] = Field(
        default="rfc9440",
        description="How a certificate is written: `rfc9440` for `:base64:` of its DER (RFC 9440), "
        "`escaped-pem` for URL-encoded PEM (nginx `$ssl_client_escaped_cert`).",
    )
    header: str = Field(
        default="Client-Cert",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="The header that holds it; the proxy must drop what others say in it. A name "
        "without hyphens has no second spelling (`Client_Cert`) that a proxy could let through.",
    )
    chain: Literal["nobody", "proxy", "told"] = Field(
        default="nobody",
        description="Who verified its chain: `nobody` (then there is no `tls_client_auth`), "
        "`proxy` (it lets in no other certificate), or `told` (it says SUCCESS in `chain_header`).",
    )
    chain_header: str = Field(
        default="SesameClientVerify",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="Where a proxy tells whether it verified the chain (nginx "
        "`$ssl_client_verify`); it must drop what others say in it.",
    )
    url: str | None = Field(
        default=None,
        description="The host that asks for client certificates, as https://host; the machine "
        "endpoints are there too (`mtls_endpoint_aliases`). Absent: the issuer's own host asks.",
    )

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Give the networks, parsed."""
        return tuple(ip_network(network) for network in self.proxies)

    @property
    def enabled(self) -> bool:
        """Whether anybody is believed about certificates at all."""
        return bool(self.proxies)

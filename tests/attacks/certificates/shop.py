"""An e-service that proves itself by its TLS certificate, behind a proxy that hands it over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from werkzeug.test import Client as Http

from idp.domain.certificate_use import CertificateSubject, CertificateUse, SubjectPart
from idp.domain.client import ClientAuth
from tests.flows.phone.house import CALLBACK, ISSUER, VERIFIER, House
from tests.world.client_certificates import certified

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world.client_certificates import Certified

PROXY: Final = "10.0.0.1"
STRANGER: Final = "192.0.2.66"
MTLS: Final = "https://mtls.example"
NAME: Final = "CN=shop,O=The Shop,C=BE"
FORGOTTEN: Final = timedelta(minutes=15)
"""After which failures to prove oneself count no more."""
DNS: Final = "client.shop.example"


class Shop:
    """The e-service, and what its proxy says."""

    def __init__(self, folder: Path, **mtls: Any) -> None:
        settings = {"proxies": [f"{PROXY}/32"], "chain": "told", "url": MTLS, **mtls}
        settings.setdefault("chain_header", "X-SSL-Client-Verify")
        self.house = House(folder, more={"mtls": settings})
        self.authority = certified("CN=Clients CA", self.house.at, authority=True)
        self.own = certified(NAME, self.house.at, by=self.authority)
        self.selfmade = certified("CN=anything", self.house.at)

    def by_subject(
        self, part: SubjectPart = SubjectPart.SUBJECT_DN, value: str = NAME, **changes: Any
    ) -> None:
        subject = CertificateSubject(part=part, value=value)
        self.register(
            auth=ClientAuth.TLS,
            certificates=CertificateUse(subject=subject, bound=True),
            **changes,
        )

    def by_key(self, *known: Certified, bound: bool = True) -> None:
        keys = [one.jwk for one in known or (self.selfmade,)]
        self.register(
            auth=ClientAuth.SELF_SIGNED_TLS,
            jwks={"keys": keys},
            certificates=CertificateUse(bound=bound),
        )

    def register(self, **changes: Any) -> None:
        self.house.register(**changes)

    # --- messages -------------------------------------------------------------------------------

    def send(
        self,
        path: str,
        fields: dict[str, str] | None = None,
        *,
        shown: Certified | str | None = None,
        verified: str | None = "SUCCESS",
        proxy: str = PROXY,
        at: str = ISSUER,
        header: str = "Client-Cert",
        **headers: str,
    ) -> Any:
        """Ask with a certificate in the header, as what the peer ``proxy`` says."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if shown is not None:
            told[header] = shown if isinstance(shown, str) else shown.header
            if verified is not None:
                told["X-SSL-Client-Verify"] = verified
        http = Http(self.house.app, use_cookies=False)
        more: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": proxy}, "base_url": at}
        if fields is None:
            return http.get(path, headers=told, **more)
        return http.post(path, data=fields, headers=told, **more)

    def prove(self, shown: Certified | str | None, **how: Any) -> Any:
        """Ask about a token that is nobody's: whoever is proven is told that it is not active."""
        return self.send("/introspect", {"client_id": "shop", "token": "x"}, shown=shown, **how)

    def code(self) -> str:
        browser = self.house.browser().open().choose("seeded").submit("seeded", username="an")
        return (browser.agree() if "/consent" in browser.page else browser).told["code"]

    def redeem(self, shown: Certified | None, **how: Any) -> Any:
        fields = {
            "grant_type": "authorization_code",
            "client_id": "shop",
            "code": self.code(),
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return self.send("/token", fields, shown=shown, **how)

    def refresh(self, token: str, shown: Certified | None) -> Any:
        fields = {"grant_type": "refresh_token", "client_id": "shop", "refresh_token": token}
        return self.send("/token", fields, shown=shown)

    def userinfo(self, token: str, shown: Certified | None, **how: Any) -> Any:
        return self.send("/userinfo", shown=shown, Authorization=f"Bearer {token}", **how)

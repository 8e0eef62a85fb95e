"""The e-services of the demo country: what each asks of its citizens, and why.

The municipality opens a file by name and number. The library reads birthday and address of the
card. The wine house is told nothing but that the card's holder is an adult.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One e-service.

    Attributes:
        key: names its words, its cookies and its private key.
        essential: claims of userinfo that it cannot go on without.
        minimum_age: registered, so that the provider holds to it.
    """

    key: str
    client_id: str
    names: Mapping[str, str]
    scopes: tuple[str, ...]
    purposes: tuple[Mapping[str, Any], ...] = ()
    essential: tuple[str, ...] = ()
    minimum_age: int | None = None

    @property
    def visit_cookie(self) -> str:
        """Every port of a host shares its cookies: the name must be ours."""
        return "specimen_visit" if self is MUNICIPALITY else f"specimen_{self.key}_visit"


MUNICIPALITY: Final = Service(
    key="municipality",
    client_id="municipality-of-specimen",
    names={
        "nl": "Gemeente Specimen",
        "fr": "Commune de Specimen",
        "de": "Gemeinde Specimen",
        "en": "Municipality of Specimen",
    },
    scopes=("openid", "profile", "egovnrn"),
    purposes=(
        {
            "name": "greeting",
            "reason": {
                "nl": "Om u bij uw naam te noemen en uw dossier te openen.",
                "fr": "Pour vous appeler par votre nom et ouvrir votre dossier.",
                "de": "Um Sie mit Namen anzusprechen und Ihre Akte zu öffnen.",
                "en": "To call you by your name and open your file.",
            },
            "claims": ["name", "given_name", "family_name"],
        },
        {
            "name": "register",
            "reason": {
                "nl": "Om uw dossier in het bevolkingsregister terug te vinden.",
                "fr": "Pour retrouver votre dossier dans le registre de la population.",
                "de": "Um Ihre Akte im Bevölkerungsregister zu finden.",
                "en": "To find your file in the population register.",
            },
            "claims": ["egovNRN"],
            "authorisation": "Specimen 1/2026 (fictional)",
        },
    ),
)
LIBRARY: Final = Service(
    key="library",
    client_id="library-of-specimen",
    names={
        "nl": "Bibliotheek van Specimen",
        "fr": "Bibliothèque de Specimen",
        "de": "Bibliothek von Specimen",
        "en": "Library of Specimen",
    },
    scopes=("openid", "profile", "address"),
    purposes=(
        {
            "name": "member",
            "reason": {
                "nl": "Om uw lidkaart op uw naam te maken.",
                "fr": "Pour établir votre carte de membre à votre nom.",
                "de": "Um Ihren Ausweis auf Ihren Namen auszustellen.",
                "en": "To make your member's card out to your name.",
            },
            "claims": ["given_name", "family_name"],
        },
        {
            "name": "fee",
            "reason": {
                "nl": "Om te zien of u het jongeren- of seniorentarief betaalt.",
                "fr": "Pour savoir si vous payez le tarif jeune ou senior.",
                "de": "Um zu sehen, ob für Sie der Jugend- oder Seniorentarif gilt.",
                "en": "To see whether you pay the fee for the young or for seniors.",
            },
            "claims": ["birthdate"],
        },
        {
            "name": "post",
            "reason": {
                "nl": "Om u uw lidkaart op te sturen.",
                "fr": "Pour vous envoyer votre carte de membre.",
                "de": "Um Ihnen den Ausweis zuzusenden.",
                "en": "To send you your member's card.",
            },
            "claims": ["address"],
        },
    ),
    essential=("birthdate", "address"),
)
WINE_HOUSE: Final = Service(
    key="wine",
    client_id="wine-house-of-specimen",
    names={
        "nl": "Wijnhuis Specimen",
        "fr": "Maison du vin Specimen",
        "de": "Weinhaus Specimen",
        "en": "Specimen Wine House",
    },
    scopes=("openid",),
    minimum_age=18,
)
SERVICES: Final[Mapping[str, Service]] = {
    one.key: one for one in (MUNICIPALITY, LIBRARY, WINE_HOUSE)
}

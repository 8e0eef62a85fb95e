"""The templates of one language: whatever every reader of it gets alike is written once.

A text of ours and the address of a file are filters of constants, which the template compiler works
out when it reads the template (Jinja's constant folding); what is left to write for a request is
what that request alone says. Templates escape everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from idp.web.i18n import NAMES

if TYPE_CHECKING:
    from idp.web.files import StaticFiles
    from idp.web.i18n import Texts

_PARTS: Final = "parts.html"
_LINKS: Final = "languages.html"


def templates(
    language: str, *, service: str, texts: Texts, files: StaticFiles, conformance: bool = False
) -> Environment:
    """Give the templates in ``language``, ready to render.

    Their filters: ``t`` gives the text of a key, ``static`` the address of a file, ``named`` the id
    of an element, which a certification suite knows by another one (``conformance``).
    """

    def text(key: str, **values: str) -> str:
        return texts.text(language, key, **values)

    made = Environment(
        loader=PackageLoader("idp.web"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["t"] = text
    made.filters["static"] = files.address
    made.filters["named"] = _contract if conformance else _own
    # Nothing else is there to be named: none of what Jinja brings is used.
    made.globals.clear()
    made.globals.update(language=language, service=service, conformance=conformance)
    offered = [(code, NAMES[code]) for code in texts.languages]
    # Our own template escaped what is in it.
    links = Markup(made.get_template(_LINKS).render(languages=offered))  # noqa: S704
    parts = made.get_template(_PARTS).module
    made.globals.update(language_links=links, parts=parts)
    return made


def _own(own: str, contract: str) -> str:
    """Give the id that an element has."""
    del contract
    return own


def _contract(own: str, contract: str) -> str:
    """Give the id by which a certification suite's scripted browser knows an element."""
    del own
    return contract

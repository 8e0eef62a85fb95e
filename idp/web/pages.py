"""A page: a template, a language and a policy become one answer that no cache keeps.

Templates escape everything; a text of ours, an e-service's name and a citizen's name are shown the
same way, as text. What a template needs to know of the visit is gathered here, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.wrappers import Response

from idp import config, log
from idp.web import headers
from idp.web.i18n import NAMES

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.web.files import StaticFiles
    from idp.web.i18n import Texts

OWN_FORMS: Final = ("'self'",)


class Pages:
    """Renders templates; made once, shared by threads."""

    def __init__(self, settings: Settings, texts: Texts, files: StaticFiles) -> None:
        self._settings = settings
        self._texts = texts
        self._environment = Environment(
            loader=PackageLoader("idp.web"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        conformance = settings.environment is config.Environment.CONFORMANCE
        self._environment.globals["static"] = files.address
        self._environment.globals["conformance"] = conformance
        self._environment.globals["named"] = _contract if conformance else _own

    def show(  # noqa: PLR0913 - a template, and one argument for each part of its policy
        self,
        template: str,
        *,
        language: str,
        status: int = 200,
        form_actions: tuple[str, ...] = OWN_FORMS,
        connect: tuple[str, ...] = (),
        frame_sources: tuple[str, ...] = (),
        switch: bool = False,
        **context: object,
    ) -> Response:
        """Render ``template``.html.

        Args:
            template: its name.
            language: what to write it in.
            status: of the answer.
            form_actions: where its forms may end, as a policy writes it.
            connect: origins beside our own that its script may speak to.
            frame_sources: origins that it shows in frames.
            switch: the page can be asked for again in another language.
            context: what the template names.
        """

        def text(key: str, **values: str) -> str:
            return self._texts.text(language, key, **values)

        def claim(name: str) -> str:
            return self._texts.claim(language, name)

        shown = self._environment.get_template(f"{template}.html").render(
            t=text,
            claim=claim,
            language=language,
            languages=[(code, NAMES[code]) for code in self._texts.languages] if switch else [],
            service=self._settings.name,
            reference=log.request_id.get() or "",
            **context,
        )
        policy = headers.content_security_policy(
            form_actions=form_actions, connect=connect, frames=frame_sources
        )
        return Response(shown, status=status, headers=headers.of_page(policy))


def _own(own: str, contract: str) -> str:
    """Give the id that an element has."""
    del contract
    return own


def _contract(own: str, contract: str) -> str:
    """Give the id by which a certification suite's scripted browser knows an element."""
    del own
    return contract

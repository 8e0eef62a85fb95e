"""A page: a template, a language and a policy become one answer that no cache keeps.

A text of ours, an e-service's name and a citizen's name are shown the same way, as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Response

from idp import config, log
from idp.web import headers
from idp.web.writing import templates

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.web.files import StaticFiles
    from idp.web.i18n import Texts

OWN_FORMS: Final = ("'self'",)


class Pages:
    """Renders templates; made once, shared by threads."""

    def __init__(self, settings: Settings, texts: Texts, files: StaticFiles) -> None:
        self._templates = {
            language: templates(
                language,
                service=settings.name,
                texts=texts,
                files=files,
                conformance=settings.environment is config.Environment.CONFORMANCE,
            )
            for language in texts.languages
        }

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
        shown = (
            self._templates[language]
            .get_template(f"{template}.html")
            .render(switch=switch, reference=log.request_id.get() or "", **context)
        )
        policy = headers.content_security_policy(
            form_actions=form_actions, connect=connect, frames=frame_sources
        )
        return Response([shown.encode()], status=status, headers=headers.of_page(policy))

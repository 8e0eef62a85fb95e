"""An HTML page taken apart for the scripted browser: forms, buttons, and elements by their id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from html.parser import HTMLParser

EMPTY = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
TICKED = ("checkbox", "radio")
PRESSED = ("submit", "image")
SILENT = (*PRESSED, "button", "reset", "file")


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button that sends its form."""

    id: str
    name: str
    value: str
    action: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A checkbox or radio button."""

    id: str
    name: str
    value: str
    ticked: bool


@dataclass(kw_only=True, slots=True)
class Form:
    """A form: what it would send as it stands, what can be filled in, what can be pressed."""

    id: str
    method: str
    action: str
    plain: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The pairs that would be sent, without a button's."""
        return self.plain + [(box.name, box.value) for box in self.boxes if box.ticked]

    @property
    def names(self) -> set[str]:
        """Every field's name, boxes that are not ticked among them."""
        return {name for name, _ in self.plain} | {box.name for box in self.boxes}

    def pressed(self, button: str | None) -> Button | None:
        """The button of this id or value; the first where None is given; None where it has none."""
        if button is None:
            return self.buttons[0] if self.buttons else None
        for made in self.buttons:
            if button in (made.id, made.value):
                return made
        raise KeyError(f"{button}: the form has {[made.id or made.value for made in self.buttons]}")

    def ticked(self, names: tuple[str, ...]) -> Form:
        """The same form with exactly the boxes of these ids, names or values ticked."""
        known = {word for box in self.boxes for word in (box.id, box.name, box.value)}
        if not known.issuperset(names):
            raise KeyError(f"{names}: the form has {sorted(known)}")
        boxes = [
            replace(box, ticked=not {box.id, box.name, box.value}.isdisjoint(names))
            for box in self.boxes
        ]
        return replace(self, boxes=boxes)


@dataclass(kw_only=True, slots=True)
class Markup:
    """A page: its title, its forms in order, and by id each element's attributes and text."""

    title: str = ""
    language: str = ""
    forms: list[Form] = field(default_factory=list)
    elements: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=64)
def read(html: str) -> Markup:
    """Take a page apart."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.markup


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.markup = Markup()
        self._form: Form | None = None
        self._open: list[tuple[str, str | None]] = []
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        mark = given.get("id")
        if mark is not None:
            self.markup.elements[mark] = {**given, "": tag}
            self.markup.texts.setdefault(mark, "")
        if tag not in EMPTY:
            self._open.append((tag, mark))
        if tag == "html":
            self.markup.language = given.get("lang", "")
        elif tag == "form":
            self._form = Form(
                id=given.get("id", ""),
                method=given.get("method", "get").lower(),
                action=given.get("action", ""),
            )
            self.markup.forms.append(self._form)
        self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        if "disabled" in given:
            return
        form = self._form_of(given)
        if form is None:
            return
        kind, name = given.get("type", ""), given.get("name", "")
        if tag == "input" and kind in TICKED:
            value, ticked = given.get("value", "on"), "checked" in given
            box = Box(id=given.get("id", ""), name=name, value=value, ticked=ticked)
            form.boxes.append(box)
        elif tag == "input" and kind not in SILENT and name:
            form.plain.append((name, given.get("value", "")))
        elif tag == "textarea" and name:
            self._area = name
            form.plain.append((name, ""))
        elif tag == "select" and name:
            self._select = (name, [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((given.get("value", ""), "selected" in given))
        elif (tag == "button" and (kind or "submit") in PRESSED) or (
            tag == "input" and kind in PRESSED
        ):
            form.buttons.append(
                Button(
                    id=given.get("id", ""),
                    name=name,
                    value=given.get("value", ""),
                    action=given.get("formaction", ""),
                )
            )

    def _form_of(self, given: dict[str, str]) -> Form | None:
        if "form" not in given:
            return self._form
        return next((form for form in self.markup.forms if form.id == given["form"]), None)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed, _ = self._open.pop()
            if closed == tag:
                break
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select" and self._select is not None:
            name, options = self._select
            chosen = [value for value, selected in options if selected]
            if self._form is not None and options:
                self._form.plain.append((name, (chosen or [options[0][0]])[0]))
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "title":
            self.markup.title += data
        if self._area is not None and self._form is not None:
            name, text = self._form.plain[-1]
            self._form.plain[-1] = (name, text + data)
        for _, mark in self._open:
            if mark is not None:
                self.markup.texts[mark] = f"{self.markup.texts[mark]}{data}"

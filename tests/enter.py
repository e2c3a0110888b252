"""What Enter in a text field does: browsers press the first button that submits its form, also one tied by `form=`."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_TYPED = {"text", "search", "email", "tel", "url", "number", "password", "date", "time"}

Attributes = dict[str, str]


@dataclass
class _Form:
    name: str
    has_text: bool = False
    searches: bool = False
    buttons: list[Attributes] = field(default_factory=list)

    @property
    def is_misled(self) -> bool:
        """Enter presses another button than the one that the page shows as the form's own. Where a form has a search
        of its own, Enter may search."""
        if not self.has_text or not self.buttons:
            return False
        first, is_main = self.buttons[0], ["primary" in button.get("class", "").split() for button in self.buttons]
        return "formaction" in first or (any(is_main) and not is_main[0] and not self.searches)


class _Page(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.forms: dict[str, _Form] = {}
        self._within = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._within = values.get("id") or f"{len(self.forms)} to {values.get('action')}"
            self._form(self._within)
        owner = values.get("form", self._within)
        if not owner or "disabled" in values:
            return
        if tag == "button" and values.get("type", "submit") == "submit":
            self._form(owner).buttons.append(values)
        if tag == "input" and values.get("type", "text") in _TYPED:
            self._form(owner).has_text = True
        if tag == "input" and values.get("type") == "search":
            self._form(owner).searches = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._within = ""

    def _form(self, name: str) -> _Form:
        return self.forms.setdefault(name, _Form(name))


def misled(source: str) -> list[str]:
    """The forms of a page, by id or number, of which Enter in a text field does something else than their own deed."""
    return [form.name for form in _Page(source).forms.values() if form.is_misled]

"""Find people whatever the case and accents of what is typed."""

import unicodedata


def folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def holds(text: str, search: str) -> bool:
    """Every word somewhere in the text."""
    return all(word in folded(text) for word in folded(search).split())

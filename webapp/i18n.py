"""Keep the language of the reader in a context variable and make sentences, dates and times in it."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from webapp.errors import DomainError, ProviderError

LANGUAGES = {
    "en": "English",
    "es": "Español",
    "ar": "العربية",
    "fr": "Français",
    "de": "Deutsch",
    "zh": "简体中文",
}
"""Each by its own name, in the order in which families see them."""

RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur"})
_LOCALES = {"en": "en_US", "es": "es_US", "zh": "zh_Hans_CN"}
"""Of schools in the United States, where the language alone does not say whose."""

_DIRECTORY = Path(__file__).parent / "translations"
_DAYS_KEPT, _TIMES_KEPT = 1024, 2048
"""How many words for days and for times of day are remembered: Babel takes longer than all else on a page of times."""

_COMMAS = {"ar": "، ", "zh": "，"}
_STOPS = {"zh": "。"}

_language: ContextVar[str] = ContextVar("language", default="en")
_formats: ContextVar[str] = ContextVar("formats", default="")
"""Such as "dmy24": what a school wishes otherwise than the language has it."""


def language() -> str:
    return _language.get()


@contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Use a language for the block: the request's for a page, the recipient's for a mail."""
    token = _language.set(chosen if chosen in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)


def speak(chosen: str) -> None:
    """From here on; what is no language of ours is English."""
    _language.set(chosen if chosen in LANGUAGES else "en")


def first_known(tags: Iterable[str]) -> str:
    """Of language tags such as "es-MX", the language of the first that we speak, or empty."""
    languages = (tag.replace("_", "-").partition("-")[0].lower() for tag in tags)
    return next((one for one in languages if one in LANGUAGES), "")


def write_as(dates: str, times: str) -> None:
    """From here on with the day before the month ("dmy") or after it, and of 24 hours ("24") or of 12."""
    _formats.set(dates + times)


@contextmanager
def writing(dates: str, times: str) -> Iterator[None]:
    """As `write_as`, for the block."""
    token = _formats.set(dates + times)
    try:
        yield
    finally:
        _formats.reset(token)


def _manner() -> str:
    """Language and formats in one word, by which is remembered what was written."""
    return f"{_language.get()} {_formats.get()}"


def direction() -> str:
    return "rtl" if language() in RIGHT_TO_LEFT else "ltr"


@lru_cache
def _catalogue(chosen: str) -> NullTranslations:
    """Read from the text that translators write. Raises FileNotFoundError for a language without one."""
    if chosen == "en":
        return NullTranslations()
    with (_DIRECTORY / chosen / "LC_MESSAGES" / "messages.po").open("rb") as file:
        written = read_po(file, locale=chosen)
    compiled = BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    return Translations(compiled)


def gettext(message: str, **values: object) -> str:
    """The message in the reader's language, with its %(name)s places filled where values are given."""
    text = _catalogue(language()).gettext(message) if message else ""
    return text % values if values else text


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """As `gettext`, in the plural form of `n`, which fills %(n)s."""
    return plural(one, many, n) % {"n": n, **values}


def plural(one: str, many: str, n: int) -> str:
    """The bare plural form, for Jinja, which fills the places itself."""
    return _catalogue(language()).ngettext(one, many, n)


def sentence(error: DomainError | ProviderError) -> str:
    """The error in words for the person who reads it now."""
    return gettext(error.message) % error.values if error.values else gettext(error.message)


def _locale() -> Locale:
    return _locale_of(_manner())


@lru_cache
def _locale_of(chosen: str) -> Locale:
    """Plain English keeps the American order of the reference product's offices, unless the day shall come first."""
    spoken, _, formats = chosen.partition(" ")
    if spoken == "en" and formats.startswith("dmy"):
        return Locale.parse("en_GB")
    return Locale.parse(_LOCALES.get(spoken, spoken))


def long_day(day: date) -> str:
    """`Thursday, December 3`"""
    return _long_day(day, _manner())


@lru_cache(_DAYS_KEPT)
def _long_day(day: date, chosen: str) -> str:
    locale = _locale_of(chosen)
    short = str(locale.datetime_skeletons["MMMEd"].pattern)
    return format_date(day, re.sub("E+", "EEEE", short.replace("MMM", "MMMM")), locale=locale)


def short_day(day: date) -> str:
    """`Thu, Dec 3`"""
    return _short_day(day, _manner())


@lru_cache(_DAYS_KEPT)
def _short_day(day: date, chosen: str) -> str:
    return format_skeleton("MMMEd", _midnight(day), locale=_locale_of(chosen))


def month(day: date) -> str:
    """`December 2026`"""
    return format_skeleton("yMMMM", _midnight(day), locale=_locale())


def full_date(day: date) -> str:
    """`Dec 3, 2026`"""
    return format_date(day, "medium", locale=_locale())


def clock_time(instant: datetime, zone: str) -> str:
    """`4:30 PM`, of an aware instant as a wall clock in that zone shows it."""
    return _clock_time(instant.astimezone(ZoneInfo(zone)).time(), _manner())


def wall_clock(text: str) -> str:
    """`12:00 PM`, of a wall-clock time such as `12:00`."""
    return _clock_time(time.fromisoformat(text), _manner())


@lru_cache(_TIMES_KEPT)
def _clock_time(wall: time, chosen: str) -> str:
    shown = format_time(wall, _time_pattern(chosen), locale=_locale_of(chosen)).replace("\u202f", " ")
    return shown.replace("\xa0", " ", 1)


def _time_pattern(chosen: str) -> str:
    spoken, _, formats = chosen.partition(" ")
    if formats.endswith("24"):
        return "HH:mm"
    # British dates come with American hours here: the two are chosen apart.
    if spoken == "en":
        return "h:mm a"
    return str(_locale_of(chosen).datetime_skeletons["hm"].pattern) if formats.endswith("12") else "short"


def hour_mark(instant: datetime, zone: str) -> str:
    """`4 PM` on the hour and `4:15` between, or `16:00` and `16:15` where clocks show 24 hours."""
    wall = instant.astimezone(ZoneInfo(zone))
    pattern = _time_pattern(_manner())
    if "a" not in (str(_locale().time_formats["short"].pattern) if pattern == "short" else pattern):
        return clock_time(instant, zone)
    return format_time(wall, "h:mm" if wall.minute else "h a", locale=_locale())


def moment(instant: datetime, zone: str) -> str:
    """`Thu, Dec 3, 4:30 PM`"""
    return _together(short_day(local_day(instant, zone)), clock_time(instant, zone))


def long_moment(instant: datetime, zone: str) -> str:
    """`Thursday, December 3, 4:30 PM`"""
    return _together(long_day(local_day(instant, zone)), clock_time(instant, zone))


def _together(day: str, clock: str) -> str:
    pattern = str(_locale().datetime_formats["medium"]).replace(", ", comma())
    return pattern.format(clock, day)


def comma() -> str:
    """Between the parts of a line: `, `"""
    return _COMMAS.get(language(), ", ")


def stop() -> str:
    """Between the sentences of a line: `. `"""
    return _STOPS.get(language(), ". ")


@lru_cache(maxsize=4096)
def local_day(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def first_weekday() -> int:
    """On which day the reader's week begins: 0 for Monday to 6 for Sunday."""
    return int(_locale_of(language()).first_week_day)


def weekdays() -> list[tuple[str, str]]:
    """`("Sunday", "S")` and the others, in the order of the reader's week."""
    names = _locale().days["stand-alone"]
    in_order = [(first_weekday() + n) % 7 for n in range(7)]
    return [(str(names["wide"][n]), str(names["narrow"][n])) for n in in_order]


def zone_name(zone: str) -> str:
    """`Central Time`, as people in the school say it."""
    return _zone_name(zone, language())


def zone_city(zone: str) -> str:
    """`Phoenix`, which tells zones of one name apart."""
    return get_timezone_location(ZoneInfo(zone), locale=_locale(), return_city=True)


@lru_cache
def _zone_name(zone: str, chosen: str) -> str:
    return get_timezone_name(ZoneInfo(zone), width="long", locale=_locale_of(chosen), return_zone=False)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a calendar day has no zone

"""Templates call what they call as Jinja does, though by a shorter way."""

from functools import lru_cache
from typing import Any

import pytest
from jinja2 import Environment, pass_context, pass_environment, pass_eval_context
from jinja2.runtime import Context

from webapp.application import Names


class Nameless:
    def __call__(self, *args: object, **values: object) -> str:
        return f"{args} {values} <of an object>"


def plain(*args: object, **values: object) -> str:
    return f"{args} {values} <of a function>"


@pass_context
def of_context(context: Context, *args: object) -> str:
    return f"{args} {context['word']} {context.get('n')}"


@pass_eval_context
def of_escaping(context: Any, *args: object, **values: object) -> str:
    return f"{args} {values} {context.autoescape}"


@pass_environment
def of_environment(environment: Environment, *args: object) -> str:
    return f"{args} {environment.autoescape}"


CALLS = ["plain(1, self=2, known=3)", "cached(word)", "of_context(1)", "of_escaping(1, a=2)", "of_environment(1)"]
CALLS += [
    "nameless(1, a=2)",
    "macro(word)",
    "macro(b=word)",
    "caller_of('<i>')",
    "word.upper()",
    "kind(1)",
    "absent(1)",
]
PAGE = """
{% macro macro(a='<a>', b='<b>') %}{{ a }}{{ b }}{{ of_escaping() }}{% endmacro %}
{% macro caller_of(a) %}{{ caller() if caller else a }}{% endmacro %}
{% block inner %}{% for n in [1, 2] %}{% set m = n %}{{ @ }}{% endfor %}{% endblock %}
{% set k %}{{ @ }}{% endset %}{{ k }}{% call caller_of(1) %}{{ @ }}{% endcall %}{{ (@)|lower }}
"""


def made(context_class: type[Context], call: str, *, autoescape: bool) -> str:
    pages = Environment(autoescape=autoescape)
    pages.context_class = context_class
    functions = (plain, of_context, of_escaping, of_environment)
    pages.globals.update(
        {one.__name__: one for one in functions}, cached=lru_cache(plain), nameless=Nameless(), kind=str
    )
    try:
        return pages.from_string(PAGE.replace("@", call)).render(word="<b>&")
    except Exception as error:  # noqa: BLE001 - that it is the same is what counts
        return repr(error)


@pytest.mark.parametrize("autoescape", [True, False])
@pytest.mark.parametrize("call", CALLS)
def test_what_a_template_calls_says_the_same_as_when_jinja_calls_it(call: str, *, autoescape: bool) -> None:
    assert made(Names, call, autoescape=autoescape) == made(Context, call, autoescape=autoescape)

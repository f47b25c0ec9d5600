from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.core.check import ask_all
from ossmodelkit.core.finding import Place
from ossmodelkit.formats.templates import ChatTemplate
from ossmodelkit.scanning.checks.templates import CHECKS
from ossmodelkit.scanning.jinja_reach import reached
from tests.making import chat_templates
from tests.making.blobs import flagged

PYTHON, LOADS, EXHAUSTS = "template-reaches-python", "template-loads-template", "template-exhausts"


def asked(text: str) -> list[str]:
    view = ChatTemplate(at=Place(path="t"), field="chat_template", text=text)
    said = ask_all(CHECKS, [view], at=view.at)
    assert not said.gaps
    return sorted({finding.check for finding in said.findings})


@pytest.mark.parametrize("text", chat_templates.ALL)
def test_templates_of_real_families_are_left_alone(text: str) -> None:
    assert asked(text) == []


CLIMBS = {
    "attribute": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "item": "{{ x['__class__'] }}",
    "hex escapes": r"{{ x['\x5f\x5fclass\x5f\x5f'] }}",
    "unicode escapes": r"{{ x['\u005f\u005fclass__'] }}",
    "attr filter": "{{ ()|attr('__class__') }}",
    "attr filter, joined": "{{ ()|attr(['__cl','ass__']|join) }}",
    "concatenation": "{{ x['__cla' ~ 'ss__'] }}",
    "plus": "{{ x['_'+'_'+'class'+'_'*2] }}",
    "reversed": "{{ x['__ssalc__'[::-1]] }}",
    "reverse filter": "{{ x|attr('__ssalc__'|reverse) }}",
    "replace": "{{ x['@@class@@'.replace('@','_')] }}",
    "format filter": "{{ x['%c%cclass%c%c'|format(95,95,95,95)] }}",
    "percent": "{{ x['%s%s' % ('__cla','ss__')] }}",
    "variable": "{% set a = '__glo' %}{% set b = a ~ 'bals__' %}{{ lipsum[b] }}",
    "namespace": "{% set ns = namespace(a='__class__') %}{{ x[ns.a] }}",
    "loop": "{% for n in ['__class__','__base__'] %}{{ x|attr(n) }}{% endfor %}",
    "macro": "{% macro f(n) %}{{ x|attr(n) }}{% endmacro %}{{ f('__class__') }}",
    "block": "{% set n %}__class__{% endset %}{{ x[n] }}",
    "dict key": "{{ x[dict(__class__=1)|list|first] }}",
    "dict value": "{% set d = {'k': '__init__'} %}{{ x|attr(d.k) }}{{ cycler.__init__.__globals__.os }}",
    "map attribute": "{{ [x]|map(attribute='__class__')|list }}",
    "map attr": "{{ [x]|map('attr','__class__')|list }}",
    "dotted map": "{{ [x]|map(attribute='a.__class__')|list }}",
    "groupby": "{{ [x]|groupby('__class__') }}",
    "format text": "{{ '{0.__class__}'.format(x) }}",
    "format through attr": "{{ '{0.__class__}'|attr('format')(x) }}",
    "format_map": "{{ '{a}'.format_map(x) }}",
    "item of a dictionary": "{{ x[{'k': '__cl'}['k'] ~ 'ass__'] }}",
    "two names at once": "{% set a, b = '__cl', 'ass__' %}{{ x[a ~ b] }}",
    "two loop variables": "{% for a, b in [('__cl', 'ass__')] %}{{ x[a ~ b] }}{% endfor %}",
    "with": "{% with n = '__cl' %}{{ x[n ~ 'ass__'] }}{% endwith %}",
    "cut from a longer text": "{{ x['__cla,'.partition(',')[0] ~ 'ss__'] }}",
    "case swapped": "{{ x['__CLA'.swapcase() ~ 'ss__'] }}",
    "computed arguments of a filter": "{{ x|attr(*names) }}",
    "computed attribute of a filter": "{{ [x]|map(attribute=name)|list }}",
    "a text that spells an internal": "{{ f('__globals__') }}",
    "template context": "{{ self._TemplateReference__context }}",
    "name of the operating system": "{{ os.system('id') }}",
    "method that starts programs": "{{ x.system('id') }}",
    "builtin": "{{ eval('1') }}",
    "call of a computed item": "{{ x[messages[0].role](messages[0].content) }}",
    "function that only attacks name": "{{ (lipsum|string)[3] }}",
    "frame": "{{ x.gi_frame.f_globals }}",
    "builtin name": "{{ __builtins__ }}",
    "unfoldable pieces": "{{ x['__' ~ y ~ '__'] }}",
    "condition": "{{ x['__class__' if y else 'role'] }}",
    "computed attr": "{{ x|attr(y) }}",
    "join method": "{{ x[''.join(['__','class','__'])] }}",
    "in generation": "{% generation %}{{ x.__class__ }}{% endgeneration %}",
    "in a test": "{% if x.__class__ is defined %}{% endif %}",
    "default": "{{ x[y or '__class__'] }}",
    "lower": "{{ x['__CLASS__'|lower] }}",
    "call block": "{% call x() %}{{ y.__class__ }}{% endcall %}",
}


@pytest.mark.parametrize("text", CLIMBS.values(), ids=CLIMBS.keys())
def test_reaches_python_flags(text: str) -> None:
    assert PYTHON in asked(text)


@pytest.mark.parametrize(
    "text", ["{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends z %}"]
)
def test_loads_template_flags(text: str) -> None:
    assert asked(text) == [LOADS]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{% for i in range(99999999999) %}x{% endfor %}", id="one huge loop"),
        pytest.param(
            "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", id="nested loops"
        ),
        pytest.param("{{ 'a' * 999999999 }}", id="long text"),
        pytest.param("{{ range(10**9)|list }}{{ range(1000000000)|list }}", id="list of a range"),
        pytest.param("{{ 9**999999 }}", id="power"),
        pytest.param("{{ 9**999**999**99 }}", id="power of a power"),
        pytest.param("{{ ['a'] * 10**10 }}", id="long list"),
        pytest.param("{{ 10**10 * 'a' }}", id="number first"),
        pytest.param("{{ ('a' * 100000) * 100000 }}", id="text repeated twice"),
        pytest.param("{{ '{:>9999999999}'.format('x') }}", id="width in braces"),
        pytest.param("{{ 'a'.ljust(999999999) }}", id="padding"),
        pytest.param("{{ '%999999999d'|format(1) }}", id="width of a format"),
        pytest.param("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", id="brackets"),
        pytest.param("{% if 1 %}" * 3000 + "{% endif %}" * 3000, id="blocks"),
        pytest.param("{{ " + "-" * 20000 + "1 }}", id="signs"),
    ],
)
def test_exhausts_flags(text: str) -> None:
    assert asked(text) == [EXHAUSTS]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{#if user}}Dear {{user.name}}{{/if}}", id="another language"),
        pytest.param("Write def __init__(self): {task} and {% raw %}", id="a prompt about Python"),
        pytest.param("Compare {{ a }} with `x.__class__`.", id="internals outside of expressions"),
    ],
)
def test_prompts_that_climb_nowhere_are_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "prompt_template.txt").write_text(text)
    assert flagged(tmp_path) == []


def test_an_invalid_template_is_flagged() -> None:
    assert asked("{% if %}") == ["template-unreadable"]


EVIL = "{{ ''.__class__ }}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("tokenizer_config.json", {"chat_template": EVIL}, id="text"),
        pytest.param("tokenizer_config.json", {"chat_template": [{"name": "a", "template": EVIL}]}, id="list"),
        pytest.param("chat_template.json", {"chat_template": EVIL}, id="own file"),
        pytest.param("processor_config.json", {"chat_template": {"default": EVIL}}, id="processor, table"),
        pytest.param("chat_template.jinja", EVIL, id="jinja file"),
        pytest.param("additional_chat_templates/tool_use.jinja", EVIL, id="additional template"),
        pytest.param("template_chat.txt", EVIL, id="text file for a server"),
        pytest.param("config.json", {"prompt_template": EVIL}, id="field for another program"),
    ],
)
def test_templates_are_found_wherever_they_live(tmp_path: Path, name: str, content: object) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    assert flagged(tmp_path) == [PYTHON]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                " if ",
                "for",
                " in ",
                "x",
                "'_'",
                "|",
                "attr",
                "(",
                ")",
                "[",
                "]",
                "~",
                "1",
                "\\x5f",
                "*",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_text_is_survived(text: str) -> None:
    reached(text)

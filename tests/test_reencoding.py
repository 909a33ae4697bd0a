"""Every positive example of every rule is still found by that rule when its attack is wrapped in the encodings that decoding undoes.

Decoding promises that a rule written against the plain attack finds it however it is wrapped. Each test is one wrapping, applied
to all examples at once, because the start of the program (compiling the rules) costs more than the scan.
"""
import base64
import json
import os
import random
import subprocess
from pathlib import Path
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
RULES = REPOSITORY / 'rules'
WEIR = os.environ.get('WEIR', str(REPOSITORY / 'build/dev/weir'))

# (rule, wrapping): {number of a positive example that is not found: why that is right}. An entry that is found after all fails the test.
NAME_TOO_LONG = 'so wrapped, the name has more bytes than a name may have, and becomes a line of its own'
EXCEPTIONS = {
    ('crlf/wide_line_break', 'base64'): dict.fromkeys(range(3), 'base64 is opened only where nearly all of its bytes are printable ASCII'),
    ('nosql/operator_parameter', 'unicode_escape_in_html'): {1: NAME_TOO_LONG},
    ('other/orm_lookup', 'unicode_escape_in_html'): {0: NAME_TOO_LONG, 2: NAME_TOO_LONG},
    ('other/orm_lookup', 'html_in_unicode_escape'): {0: NAME_TOO_LONG, 2: NAME_TOO_LONG},
    **{('rce/prototype_pollution', wrapping): {3: NAME_TOO_LONG} for wrapping in (
        'percent_three_times', 'html_decimal', 'html_hexadecimal', 'html_without_semicolon', 'unicode_escape', 'unicode_escape_in_html',
        'html_in_unicode_escape', 'percent_in_html')},
    ('rfi/include_path_parameter', 'unicode_escape_in_html'): {0: NAME_TOO_LONG},
    ('rfi/include_path_parameter', 'html_in_unicode_escape'): {0: NAME_TOO_LONG},
    **{('cmdi/command_parameter', wrapping): {1: NAME_TOO_LONG}
       for wrapping in ('unicode_escape_in_html', 'html_in_unicode_escape', 'percent_in_html')},
    **{('rce/property_path', wrapping): {0: 'the wrapping uses up the rounds in which its own escaped backslashes are undone'}
       for wrapping in ('percent_twice', 'percent_three_times', 'html_decimal', 'html_hexadecimal', 'html_named',
                        'html_without_semicolon', 'unicode_escape', 'unicode_escape_in_html', 'html_in_unicode_escape',
                        'percent_in_html', 'hexadecimal_escape', 'percent_u', 'overlong', 'mixture', 'mixture_not_in_url')},
    # A header's scheme and credentials, and the heads of a multipart body, are not undone by any server.
    **{(rule, wrapping): dict.fromkeys(numbers, 'what is wrapped is the syntax of the protocol itself')
       for rule, numbers in (('crlf/credential_break', range(3)), ('other/multipart_field_name', range(3)), ('other/internal_header', (4,)))
       for wrapping in ('percent', 'percent_twice', 'percent_three_times', 'html_decimal', 'html_hexadecimal', 'html_named',
                        'html_without_semicolon', 'unicode_escape', 'unicode_escape_in_html', 'html_in_unicode_escape',
                        'percent_in_html', 'hexadecimal_escape', 'percent_u', 'overlong', 'mixture', 'mixture_not_in_url',
                        'mixed_case', 'spaces_for_space', 'line_feed_for_space', 'tab_for_space')},
    **{(rule, 'line_feed_for_space'): dict.fromkeys(numbers, 'a command behind a line break is told from prose by its single blanks')
       for rule, numbers in (('cmdi/mail_command', (0, 1, 2)), ('cmdi/newline_command', (2, 3)), ('crlf/mail_command', (1, 2)),
                             ('crlf/protocol_command', (1, 3, 4)))},
    ('cmdi/separator_command', 'cookie'): dict.fromkeys(
        (2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22), 'in a cookie the separators part the cookie itself (docs/rule-pack.md)'),
}

# --- The wrappings: text as the attacked program sees it -> text as sent. Bytes that are no UTF-8 are surrogates ("surrogateescape").


def octets(text):
    return text.encode('utf-8', 'surrogateescape')


def percent(text):
    return ''.join(f'%{byte:02X}' for byte in octets(text))


def each(text, encode):
    """What no character can stand for (bytes that are no UTF-8) is percent-encoded."""
    return ''.join(percent(c) if 0xDC80 <= ord(c) <= 0xDCFF else encode(c) for c in text)


def in_url(text):
    """The usual encoding of a value, so that what a wrapping consists of reaches the decoder in one piece."""
    return quote_from_bytes(octets(text), safe='')


def units(character):
    encoded = character.encode('utf-16-be')
    return [encoded[i:i + 2].hex() for i in range(0, len(encoded), 2)]


def overlong(character):
    code = ord(character)
    if character.isalnum() or code >= 0x80:
        return percent(character)
    return f'%{0xc0 | code >> 6:02x}%{0x80 | code & 0x3f:02x}'


def unicode_escape(character):
    return ''.join(f'\\u{unit}' for unit in units(character))


def mixed_case(text):
    return ''.join(c.upper() if i % 2 else c.lower() for i, c in enumerate(text))


NAMED_ENTITIES = {'<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos', '&': 'amp', '(': 'lpar', ')': 'rpar', '/': 'sol', ':': 'colon', '=': 'equals',
                  '.': 'period', ';': 'semi', '{': 'lbrace', '}': 'rbrace', '$': 'dollar', '|': 'verbar', '\\': 'bsol', '*': 'ast', '%': 'percnt'}

# One character each; what comes out still has to be put into a URL.
ENCODERS = [percent, lambda c: f'&#{ord(c)};', lambda c: f'&#x{ord(c):x};', unicode_escape, lambda c: f'\\u{{{ord(c):x}}}',
            lambda c: f'\\x{ord(c):02x}' if ord(c) < 0x80 else percent(c), lambda c: f'&{NAMED_ENTITIES[c]};' if c in NAMED_ENTITIES else c,
            lambda c: percent(c) if c in '%\\&#+' else c]


def mixture(text):
    """Each character in an encoding of its own, drawn from a generator that the text seeds: the same text gives the same wrapping."""
    draw = random.Random(octets(text))
    return each(text, lambda c: draw.choice(ENCODERS)(c))


WRAPPINGS = {
    'percent': percent,
    'percent_twice': lambda text: percent(text).replace('%', '%25'),
    'percent_three_times': lambda text: percent(text).replace('%', '%2525'),
    'html_decimal': lambda text: in_url(each(text, lambda c: f'&#{ord(c)};')),
    'html_hexadecimal': lambda text: in_url(each(text, lambda c: f'&#x{ord(c):04x};')),
    'html_named': lambda text: in_url(each(text, lambda c: f'&{NAMED_ENTITIES[c]};' if c in NAMED_ENTITIES else c)),
    'html_without_semicolon': lambda text: in_url(each(text, lambda c: f'&#{ord(c)}')),
    'unicode_escape': lambda text: in_url(each(text, unicode_escape)),
    'unicode_escape_in_html': lambda text: in_url(each(each(text, unicode_escape), lambda c: f'&#{ord(c)};')),
    'html_in_unicode_escape': lambda text: in_url(each(each(text, lambda c: f'&#{ord(c)};'), unicode_escape)),
    'percent_in_html': lambda text: in_url(each(percent(text), lambda c: f'&#{ord(c)};')),
    'hexadecimal_escape': lambda text: in_url(each(text, lambda c: f'\\x{ord(c):02x}' if ord(c) < 0x80 else c)),
    'percent_u': lambda text: each(text, lambda c: ''.join(f'%u{unit}' for unit in units(c))),
    'overlong': lambda text: each(text, overlong),
    'mixture': lambda text: in_url(mixture(text)),
    'mixture_not_in_url': lambda text: quote_from_bytes(octets(mixture(text)), safe='%\\{};$()/:'),
    'mixed_case': lambda text: in_url(mixed_case(text)),
    'spaces_for_space': lambda text: in_url(text.replace(' ', ' ' * 40)),
    'line_feed_for_space': lambda text: in_url(text.replace(' ', '\n')),
    'tab_for_space': lambda text: in_url(text.replace(' ', '\t')),
    'conditional_comment': lambda text: in_url(text.replace(' ', '/*!50000 */')),
    'comment_for_space': lambda text: in_url(text.replace(' ', '/**/')),
    'comments_for_space': lambda text: in_url(text.replace(' ', '/**/' * 40)),
    'comment_with_text_for_space': lambda text: in_url(text.replace(' ', '/*x*/')),
}

# --- The same text in the other places that a rule for parameters looks at.

PLACES = {
    'form': lambda text: {'content_type': 'application/x-www-form-urlencoded', 'body': 'q=' + percent(text)},
    'json': lambda text: {'content_type': 'application/json',
                          'body': '{"q":"' + ''.join(map(unicode_escape, text)) + '"}'},
    'cookie': lambda text: {'headers': {'Cookie': 'q=' + percent(text)}},
    'base64': lambda text: {'query': 'q=' + quote(base64.b64encode(text.encode()).decode(), safe='')},
}
# Nothing undoes this one: it shows that a miss is seen as one. Not part of the property.
CONTROL = 'turned_around'
BASE64_BYTES_MIN = 12  # decoding takes 16 letters or more for base64

# --- Examples and what can be wrapped in them.


def examples():
    """(rule's name, detection, number of the example, example) of every positive example."""
    for file in sorted(RULES.rglob('*.yml')):
        for document in yaml.safe_load_all(file.read_text()):
            if 'detection' not in document:  # a correlation: it counts hits of other rules
                continue
            for number, example in enumerate(document.get('weir', {}).get('examples', {}).get('positive', [])):
                yield f'{file.parent.name}/{file.stem}', document, number, example


def selection_keys(document):
    for name, selection in document['detection'].items():
        for part in selection if isinstance(selection, list) else [selection]:
            if name != 'condition' and isinstance(part, dict):
                yield from part


def allows(document, example, wrapping):
    """Whether the wrapping leaves the attack what it is."""
    keys = [key.split('|') for key in selection_keys(document)]
    if wrapping == 'mixed_case':
        return not any('cased' in k or 'base64' in k or 'base64offset' in k or ('re' in k and 'i' not in k) for k in keys)
    if wrapping.endswith(('_for_space', '_comment')):
        sql_only = 'comment' in wrapping
        return ' ' in decoded(str(example)) and (not sql_only or document['weir']['category'] == 'sqli')
    if wrapping in PLACES:
        wide = any(k[0] in ('weir.param', 'weir.text') for k in keys)
        return isinstance(example, str) and wide and (wrapping != 'base64' or len(example.encode()) >= BASE64_BYTES_MIN)
    return True


def decoded(text):
    return unquote_to_bytes(text).decode('utf-8', 'surrogateescape')


def wrap_pairs(text, wrap):
    return '&'.join('='.join(wrap(decoded(piece.replace('+', ' '))) for piece in pair.split('=', 1)) for pair in text.split('&'))


def wrap_json(value, wrap):
    if isinstance(value, dict):
        return {wrap(key): wrap_json(item, wrap) for key, item in value.items()}
    if isinstance(value, list):
        return [wrap_json(item, wrap) for item in value]
    return wrap(value) if isinstance(value, str) else value


def wrap_fields(example, wrap):
    """The example's record with all its text wrapped, names of parameters too, but not what gives a request its structure."""
    if isinstance(example, str):
        return {'query': 'q=' + wrap(example)}
    record = dict(example)
    for field, value in example.items():
        if field == 'query':
            record[field] = wrap_pairs(value, wrap)
        elif field == 'path':
            record[field] = '/' + wrap(decoded(value[1:]))
        elif field in ('user_agent', 'referer'):
            record[field] = wrap(value)
        elif field == 'headers':
            record[field] = {name: wrap(text) for name, text in value.items()}
        elif field == 'body' and example.get('content_type') == 'application/json':
            record[field] = json.dumps(wrap_json(json.loads(value), wrap))
        elif field == 'body' and 'form' in example.get('content_type', ''):
            record[field] = wrap_pairs(value, wrap)
    return record


def scan(records, directory):
    """The set of rule ids that hit, for each record."""
    config = directory / 'weir.yaml'
    config.write_text('rules: {security_level: strict}\n')
    required = {'ts': '2026-01-01T00:00:00Z', 'ip': '192.0.2.1', 'path': '/'}
    lines = [json.dumps(required | {'method': 'POST' if 'body' in record else 'GET'} | record) for record in records]
    result = subprocess.run([WEIR, 'scan', '--config', config, '--rules', RULES, '--output', 'verdicts', '-'],
                            input='\n'.join(lines) + '\n', capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(verdicts) == len(records) and not any('rejected' in v for v in verdicts), result.stderr
    return [set(verdict['rules']) for verdict in verdicts]


@pytest.fixture(scope='module')
def outcomes(tmp_path_factory):
    """For each wrapping: [(rule, number of the example, record, found)]."""
    cases = []
    for rule, document, number, example in examples():
        for wrapping, wrap in WRAPPINGS.items():
            if allows(document, example, wrapping):
                cases.append((wrapping, rule, number, wrap_fields(example, wrap), document['id']))
        cases.append((CONTROL, rule, number, wrap_fields(example, lambda text: in_url(text[::-1])), document['id']))
        for place, put in PLACES.items():
            if allows(document, example, place):
                cases.append((place, rule, number, put(example), document['id']))
    by_wrapping = {name: [] for name in [*WRAPPINGS, *PLACES, CONTROL]}
    for (wrapping, rule, number, record, rule_id), hits in zip(cases, scan([case[3] for case in cases], tmp_path_factory.mktemp('scan'))):
        by_wrapping[wrapping].append((rule, number, record, rule_id in hits))
    return by_wrapping


@pytest.mark.parametrize('wrapping', [*WRAPPINGS, *PLACES])
def test_a_wrapped_attack_is_still_found(outcomes, wrapping):
    cases = outcomes[wrapping]
    assert cases
    missed = {(rule, number): record for rule, number, record, found in cases if not found}
    excepted = {(rule, number) for (rule, name), numbers in EXCEPTIONS.items() if name == wrapping for number in numbers}
    unexpected = [f'{rule}, positive example {number}: {json.dumps(missed[rule, number])}'
                  for rule, number in sorted(missed.keys() - excepted)]
    assert not unexpected, f'{len(missed)} of {len(cases)} are not found:\n' + '\n'.join(unexpected)
    assert not excepted - missed.keys(), f'exceptions that are found, or whose example is gone: {sorted(excepted - missed.keys())}'


def test_what_is_not_undone_is_not_found(outcomes):
    found = [case for case in outcomes[CONTROL] if case[3]]
    assert len(outcomes[CONTROL]) > 300 and len(found) < len(outcomes[CONTROL]) / 4

"""What weir decodes is what Python's standard library decodes: HTML's named characters one by one, and generated values in one to three
encodings.
"""
import base64
import html
import html.entities
import json
import os
import random
import re
import subprocess
import unicodedata
import urllib.parse

import pytest

WEIR = os.environ.get('WEIR', 'build/dev/weir')
TOGETHER = 60  # values that one record holds, each in a parameter of its own
ROUNDS = 12
SIGNS = '<>\'"();=/|{}[],:!?.*$#@ '
LETTERS = 'abcdefghijklmnopqrstuvwxyz'


def decoded(values):
    """The lines that weir makes of each value, in parameters that are written as they are."""
    query = '&'.join(f'p{number}={value}' for number, value in enumerate(values))
    record = {'ts': '2025-01-15T00:00:00Z', 'ip': '192.0.2.1', 'method': 'GET', 'path': '/', 'query': query}
    told = subprocess.run([WEIR, 'explain', '--record', json.dumps(record)], capture_output=True, text=True, check=True).stdout
    lines = [[] for _ in values]
    for number, text in re.findall(r'^  query      p(\d+)=(.*?)(?:   \[[a-z_, 0-9]*\])?$', told.split('Decoded text')[1].split('\n\n')[0], re.M):
        lines[int(number)].append(text)
    return lines


def in_groups(items):
    return [items[begin:begin + TOGETHER] for begin in range(0, len(items), TOGETHER)]


def test_every_named_character_of_ascii_is_read():
    names = sorted(name for name, text in html.entities.html5.items() if len(text) == 1 and text.isascii() and name.endswith(';'))
    assert len(names) > 40
    wrong = []
    for group in in_groups(names):
        written = [urllib.parse.quote(f'x&{name}y', safe='') for name in group]
        for name, lines in zip(group, decoded(written)):
            wanted = re.sub(r'\s', ' ', html.unescape(f'x&{name}y'))  # a control character is shown as a blank
            if lines[0] != wanted:
                wrong.append((name, lines[0]))
    assert wrong == []


@pytest.mark.parametrize('name', ['ZeroWidthSpace;', 'NoBreak;', 'InvisibleTimes;', 'zwj;', 'shy;'])
def test_named_characters_that_nobody_sees_are_gone(name):
    assert decoded([urllib.parse.quote(f'scr&{name}ipt', safe='')])[0][0] == 'script'


def percent(text, _):
    return ''.join(f'%{byte:02x}' for byte in text.encode())


def percent_some(text, chance):
    return ''.join(f'%{ord(c):02X}' if chance.random() < 0.5 or not c.isalnum() else c for c in text)


def html_numbers(text, chance):
    return ''.join(chance.choice([f'&#{ord(c)};', f'&#x{ord(c):x};', f'&#{ord(c):07d};', f'&#X{ord(c):04X};']) for c in text)


def json_escapes(text, _):
    return ''.join(f'\\u{ord(c):04x}' for c in text)


def full_width(text, _):
    return ''.join(chr(ord(c) + 0xFEE0) if 0x21 <= ord(c) <= 0x7e else c for c in text)


# How each is undone by the standard library: the encoder is held to it.
DECODERS = {
    percent: urllib.parse.unquote,
    percent_some: urllib.parse.unquote,
    html_numbers: html.unescape,
    json_escapes: lambda text: json.loads(f'"{text}"'),
    full_width: lambda text: unicodedata.normalize('NFKC', text),
}


def value_of(chance):
    parts = [chance.choice(LETTERS)]
    for _ in range(chance.randint(3, 14)):
        parts.append(chance.choice(LETTERS) if chance.random() < 0.6 or parts[-1] in SIGNS else chance.choice(SIGNS))
    return ''.join(parts) + chance.choice(LETTERS)


def encoded(value, chance):
    """One to three encodings, the innermost first; the last is always one that a query can hold."""
    text, names = value, []
    for _ in range(chance.randint(0, 2)):
        encoder = chance.choice([percent, percent_some, html_numbers, json_escapes, full_width])
        written = encoder(text, chance)
        if DECODERS[encoder](written) != text or len(written) > 2000:
            break
        text, names = written, [*names, encoder.__name__]
    return percent(text, chance), [*names, 'percent']


@pytest.mark.parametrize('seed', range(ROUNDS))
def test_values_read_as_the_standard_library_reads_them(seed):
    chance = random.Random(seed)
    values = [value_of(chance) for _ in range(TOGETHER)]
    written = [encoded(value, chance) for value in values]
    lines = decoded([text for text, _ in written])
    wrong = [(value, names, read[0]) for value, (_, names), read in zip(values, written, lines) if read[0].lower() != value.lower()]
    assert wrong == []


@pytest.mark.parametrize('encode', [base64.b64encode, base64.urlsafe_b64encode, lambda octets: octets.hex().encode()],
                         ids=['base64', 'base64url', 'hexadecimal'])
def test_words_that_hold_text_get_a_line_of_it(encode):
    chance = random.Random(7)
    values = [value_of(chance) + ' <and so on>' for _ in range(TOGETHER)]
    read = decoded([urllib.parse.quote(encode(value.encode()).decode(), safe='') for value in values])
    assert [value for value, lines in zip(values, read) if value not in [line.strip() for line in lines[1:]]] == []

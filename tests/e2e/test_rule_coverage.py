"""weir rules coverage: which techniques the rules look for, against the tags in their files."""
import json
import re
from collections import Counter

import yaml

from command import run
from weir_process import REPOSITORY


def tags_in_files():
    """{technique: how many documents below rules/ name it}."""
    found, documents = Counter(), 0
    for path in sorted((REPOSITORY / 'rules').rglob('*.yml')):
        for document in yaml.safe_load_all(path.read_text()):
            if not document or 'title' not in document:
                continue
            documents += 1
            found.update({match[1].upper() for tag in document.get('tags', []) if (match := re.fullmatch(r'attack\.(t\d+(?:\.\d+)?)', tag))})
    return found, documents


def test_the_table_and_the_layer_say_what_the_files_say(tmp_path):
    wanted, documents = tags_in_files()
    layer_file = tmp_path / 'layer.json'
    result = run('rules', 'coverage', '--layer', layer_file, REPOSITORY / 'rules')
    assert result.code == 0, result.err
    rows = {fields[0]: int(fields[1]) for line in result.out.splitlines() if (fields := line.split())[0].startswith('T')}
    assert rows == wanted
    assert result.out.splitlines()[-1].startswith(f'{documents} rules, {len(wanted)} techniques')
    layer = json.loads(layer_file.read_text())
    assert {one['techniqueID']: one['score'] for one in layer['techniques']} == wanted
    assert layer['gradient']['maxValue'] == max(wanted.values())
    printed = run('rules', 'coverage', '--layer', '-', REPOSITORY / 'rules')
    assert json.loads(printed.out) == layer


def test_a_layer_that_cannot_be_written_is_an_error(tmp_path):
    result = run('rules', 'coverage', '--layer', tmp_path / 'none' / 'layer.json', REPOSITORY / 'rules')
    assert result.code == 1
    assert 'layer.json' in result.err

"""scripts/mutate-attacks: what it changes, and that what it changes is found."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPT = REPOSITORY / 'scripts/mutate-attacks'
WEIR = os.environ.get('WEIR', str(REPOSITORY / 'build/dev/weir'))
MISSED_PERCENT_MAX = 3.0  # of the rules' own examples, most of which are as short as an attack can be


def mutate(*arguments):
    return subprocess.run([sys.executable, SCRIPT, '--weir', WEIR, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope='module')
def figures(tmp_path_factory):
    out = tmp_path_factory.mktemp('mutations') / 'figures.json'
    result = mutate('--rounds', '6', '--missed', '3', '--at-most', str(MISSED_PERCENT_MAX), '--json', str(out))
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(out.read_text()), result.stdout


def test_mutated_examples_are_found(figures):
    numbers, text = figures
    assert numbers['attacks'] > 300 and numbers['mutations'] > 1000, text
    assert {kind['category'] for kind in numbers['kinds']} >= {'sqli', 'xss', 'cmdi', 'traversal', 'rce', 'ssti', 'nosql'}


def test_the_same_seed_gives_the_same_mutations(figures, tmp_path):
    assert mutate('--rounds', '6', '--missed', '3').stdout == figures[1]
    assert mutate('--rounds', '6', '--missed', '3', '--seed', '2').stdout != figures[1]


def test_too_many_missed_fail(tmp_path):
    corpus = tmp_path / 'corpus.jsonl'
    corpus.write_text(json.dumps({'label': 'malicious', 'category': 'sqli', 'payload': "1' or '1'='1"}) + '\n')
    assert mutate('--corpus', str(corpus), '--at-most', '0').returncode == 1
    assert mutate('--corpus', str(tmp_path / 'none.jsonl')).returncode == 1

"""Secrets that are planted in requests, in every field and every wrapping, are in no output of the commands."""
import os
import random

import pytest

from command import run
from planted_secrets import FIELDS, KINDS, WRAPPINGS, Planting

# In CI a sample that takes seconds; WEIR_PLANTED_SECRETS=10000 for all of them.
COUNT = int(os.environ.get('WEIR_PLANTED_SECRETS', '1500'))


@pytest.fixture(scope='module')
def planted():
    return Planting(COUNT)


@pytest.fixture(scope='module')
def file(planted, tmp_path_factory):
    path = tmp_path_factory.mktemp('secrets') / 'requests.ndjson'
    path.write_bytes(b'\n'.join(planted.records) + b'\n')
    return path


def test_sixty_kinds_are_planted_in_all_fields_and_wrappings():
    assert len(KINDS) >= 60
    notes = '\n'.join(Planting(6000).notes)
    assert all(f', {field}: ' in notes for field in FIELDS) and all(f', {wrapping}, ' in notes for wrapping in WRAPPINGS)


def test_the_search_finds_what_is_not_hidden():
    planted = Planting(len(KINDS) * 12)
    text = '\n'.join(record.decode() for record in planted.records)
    found = planted.found_in(text)
    assert len(found) > 0.95 * len(planted.records), [note for number, note in enumerate(planted.notes) if number not in found][:20]


@pytest.mark.parametrize('output', ['alerts', 'verdicts', 'table', 'summary'])
def test_no_secret_is_in_what_a_scan_prints(planted, file, output):
    ran = run('scan', '--profile', 'flat', '--output', output, str(file), timeout=600)
    assert ran.code == 0, ran
    if output == 'alerts':
        assert ran.out.count('"attack"') > COUNT / 3      # or there was nothing to hide
    planted.assert_hidden(ran.out + ran.err, output)


def test_no_secret_is_in_what_explain_prints(planted):
    # One process each, so a sample of the sample.
    chosen = random.Random(3).sample(range(COUNT), min(COUNT // 30, 60))
    shown = ''.join(run('explain', '--profile', 'flat', '--record', planted.records[number].decode()).out for number in chosen)
    assert shown.count('Decoded text') == len(chosen)
    planted.assert_hidden(shown, 'explain')

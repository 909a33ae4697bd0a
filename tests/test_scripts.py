"""The scripts' own command lines. None of these calls builds or installs anything."""
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPTS = ['demo', 'test', 'bench', 'fuzz', 'format', 'install-deps', 'sigma-oracle', 'faults', 'package', 'soak', 'docs', 'dashboard-pictures',
           'coverage', 'mutants', 'analyse']


def run(script, *arguments):
    return subprocess.run([REPOSITORY / 'scripts' / script, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, cwd='/')


@pytest.mark.parametrize('script', SCRIPTS)
def test_help_explains_the_script(script):
    result = run(script, '--help')
    assert result.returncode == 0 and result.stdout.startswith(f'usage: scripts/{script}')


@pytest.mark.parametrize('script, arguments', [
    ('demo', ['--seconds', 'soon']), ('demo', ['--seconds']), ('test', ['--part', 'nothing']), ('test', ['--frobnicate']),
    ('bench', ['--runs', '0']), ('bench', ['--frobnicate']), ('bench', ['peers', '--frobnicate']), ('bench', ['limits', '--rounds', '0']), ('bench', ['limits', '--frobnicate']), ('bench', ['peers', '--records', 'many']), ('fuzz', []), ('fuzz', ['--minutes', '-1']),
    ('format', ['--frobnicate']), ('install-deps', ['--frobnicate']),
    ('sigma-oracle', ['--frobnicate']), ('sigma-oracle', ['--generic', 'many']), ('sigma-oracle', ['/no/such/directory']),
    ('faults', ['--frobnicate']), ('faults', ['--seed']), ('package', ['--frobnicate']), ('package', ['--preset']),
    ('soak', ['--seed', '1']), ('soak', ['--hours', 'long']),
    ('docs', ['--frobnicate']), ('docs', ['--serve', 'here']), ('docs', ['--output']),
    ('coverage', ['--frobnicate']), ('coverage', ['--fail-under', 'all']), ('coverage', ['--with', 'tests/none.py']), ('mutants', ['--count', '0']),
    ('mutants', ['--frobnicate']), ('mutants', ['--module', 'nothing']), ('analyse', ['--frobnicate']), ('analyse', ['/no/such/file']),
    ('dashboard-pictures', ['--frobnicate']), ('dashboard-pictures', ['--minutes', 'long'])])
def test_wrong_usage_is_code_2_with_a_message(script, arguments):
    result = run(script, *arguments)
    assert result.returncode == 2 and result.stderr.strip() and not result.stdout


def test_the_parts_that_are_listed_are_those_that_exist():
    listed = [line.split()[0] for line in run('test', '--list').stdout.splitlines()]
    functions = re.findall(r'^part_(\w+)\(\)', (REPOSITORY / 'scripts/test').read_text(), re.M)
    assert sorted(listed) == sorted(functions)
    for part in listed:
        assert part in run('test', '--part', 'nothing').stderr


def test_nothing_is_missing_after_the_installation():
    """Of the packages that the tests need, which are running."""
    result = run('install-deps', '--test', '--print')
    assert result.returncode == 0 and result.stdout == ''


def test_every_test_file_belongs_to_a_part():
    named = set(re.findall(r'tests(?:/\w+)+(?:\.py)?', (REPOSITORY / 'scripts' / 'test').read_text()))
    for file in sorted((REPOSITORY / 'tests').rglob('test_*.py')):
        path = file.relative_to(REPOSITORY)
        assert {str(path), str(path.parent)} & named, f'no part of scripts/test runs {path}'

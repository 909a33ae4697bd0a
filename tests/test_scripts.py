"""The scripts' own command lines. None of these calls builds or installs anything."""
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPTS = ['demo', 'test', 'bench', 'fuzz', 'format', 'install-deps', 'sigma-oracle', 'faults', 'package', 'soak', 'docs', 'dashboard-pictures',
           'coverage', 'mutants', 'analyse', 'distribution']


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
    ('distribution', []), ('distribution', ['sarge']), ('distribution', ['trixie', '--frobnicate']), ('distribution', ['trixie', 'noble']),
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


def test_what_is_shown_of_failed_tests_holds_what_they_said(tmp_path):
    """By a log as ctest writes it: the failed tests first, then quiet ones."""
    said = [f'line {i}' for i in range(300)]
    log = ['      Start  1: base', '      Start  2: score', ' 1/90 Test  #1: base ....   Passed    0.1 sec', ' 2/90 Test  #2: score ...***Failed    9.1 sec',
           *said, '', '      Start  3: kafka', ' 3/90 Test  #3: kafka ...***Exception: SegFault  2.1 sec', 'it fell here', '      Start  4: x4']
    log += [line for i in range(4, 90) for line in (f' {i}/90 Test #{i}: x{i} ...   Passed', f'      Start {i + 1}: x{i + 1}')]
    log += ['', '98% tests passed, 2 tests failed out of 90', '', 'The following tests FAILED:']
    (tmp_path / 'log').write_text('\n'.join(log) + '\n')
    shown = subprocess.run(['bash', '-c', 'source "$1/scripts/lib.sh"; failure_of "$2"', '-', REPOSITORY, tmp_path / 'log'],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown[0] == log[3] and shown[1:60] == said[-58:] + [''] and shown[60:62] == [log[306], 'it fell here']
    assert shown[62:] == log[-80:]


def test_nothing_is_missing_after_the_installation():
    """Of the packages that the tests need, which are running."""
    result = run('install-deps', '--test', '--print')
    assert result.returncode == 0 and result.stdout == ''


def test_every_test_file_belongs_to_a_part():
    named = set(re.findall(r'tests(?:/\w+)+(?:\.py)?', (REPOSITORY / 'scripts' / 'test').read_text()))
    for file in sorted((REPOSITORY / 'tests').rglob('test_*.py')):
        path = file.relative_to(REPOSITORY)
        assert {str(path), str(path.parent)} & named, f'no part of scripts/test runs {path}'

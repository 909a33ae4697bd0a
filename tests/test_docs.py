"""The documentation names what is there: files, links between pages, and a rule that passes its own examples."""
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / 'e2e'))

from weir_process import binary           # noqa: E402

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = sorted([*REPOSITORY.glob('*.md'), *(REPOSITORY / 'docs').rglob('*.md')])
FOLDERS = 'src|docs|rules|tests|scripts|dashboards|cmake|config|systemd|packaging|fuzz|benchmarks|examples|profiles'
# Names of things to come are written in capitals or as my_thing.
PATH = re.compile(rf'(?<![\w/.$])((?:{FOLDERS})/[\w./{{}},*-]*[\w}}*/])')
MADE_UP = re.compile(r'[A-Z]{3,}|/my_')
# Decision records tell what was, too.
HISTORY = {REPOSITORY / 'CHANGELOG.md'} | set((REPOSITORY / 'docs/adr').glob('*.md'))


def spelled_out(name):
    """a/{b,c}.h is two names."""
    match = re.search(r'\{([^{}]*)\}', name)
    if not match:
        return [name]
    return [one for choice in match[1].split(',') for one in spelled_out(name[:match.start()] + choice + name[match.end():])]


def anchors(page):
    titles = re.findall(r'^#+ (.*)$', page.read_text(encoding='utf-8'), re.M)
    return {re.sub(r'[^\w\- ]', '', title.lower().replace('`', '')).replace(' ', '-') for title in titles}


@pytest.mark.parametrize('page', [page for page in PAGES if page not in HISTORY], ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page):
    missing = set()
    for found in PATH.findall(page.read_text(encoding='utf-8')):
        for name in spelled_out(found):
            if MADE_UP.search(name):
                continue
            if not any(REPOSITORY.glob(name.rstrip('/'))):
                missing.add(name)
    assert not missing


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page):
    broken = set()
    for target in re.findall(r'\]\(([^)\s]+)\)', re.sub(r'```.*?```', '', page.read_text(encoding='utf-8'), flags=re.S)):
        if re.match(r'[a-z]+:', target):
            continue
        name, _, anchor = target.partition('#')
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == '.md' and anchor not in anchors(file)):
            broken.add(target)
    assert not broken


def test_the_rule_of_the_recipe_passes_its_examples(tmp_path):
    text = (REPOSITORY / 'docs/extending.md').read_text(encoding='utf-8')
    (tmp_path / 'recipe.yml').write_text(re.search(r'```yaml\n(title: .*?)```', text, re.S)[1], encoding='utf-8')
    done = subprocess.run([binary(), 'rules', 'test', tmp_path], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0 and '6 passed, 0 failed' in done.stdout, done.stdout + done.stderr


def commands(text):
    """The words of every call of weir in a page's blocks of code."""
    for language, fenced, indented in re.findall(r'^```(\w*)\n(.*?)^```|((?:^ {4}[^\n]*\n)+)', text, re.S | re.M):
        if language not in ('', 'sh', 'bash'):
            continue
        for line in (fenced + indented).replace('\\\n', ' ').splitlines():
            for part in re.split(r'\||&&|;', re.sub(r'\s#.*|<<.*', '', line)):
                words = re.sub(r'\s\d?>.*', '', part).split()
                if words[:1] == ['sudo']:
                    words = words[1:]
                if words and re.fullmatch(r'(?:[\w./]+/)?weir', words[0]) and len(words) > 1:
                    yield words[1:]


@functools.cache
def told_by_help(*command):
    """(subcommands, options) of a command."""
    text = subprocess.run([binary(), *command, '--help'], capture_output=True, text=True, check=True, timeout=60).stdout
    subcommands = re.search(r'^Subcommands:\n((?:  .*\n)+)', text, re.M)
    return (set(re.findall(r'^  (\w+)', subcommands[1], re.M)) if subcommands else set(),
            {name for line in re.findall(r'^ +(-.*)$', text, re.M) for name in re.findall(r'(?:^|,)(--?[a-z][\w-]*)', line)})


def fault_of(words):
    """What the program would not know of a call; nothing where all is well."""
    command = []
    while told_by_help(*command)[0] and words and words[0].islower():
        if words[0] not in told_by_help(*command)[0]:
            return f'there is no weir {" ".join([*command, words[0]])}'
        command.append(words.pop(0))
    options = told_by_help(*command)[1]
    unknown = [word for word in words if re.match(r'--?[a-z]', word) and word.split('=')[0] not in options]
    return f'weir {" ".join(command)} has no {", ".join(unknown)}' if unknown else None


@pytest.mark.parametrize('page', [page for page in PAGES if page not in HISTORY], ids=lambda page: page.name)
def test_every_call_of_weir_that_a_page_shows_is_one(page):
    faults = [fault for words in commands(page.read_text(encoding='utf-8')) if (fault := fault_of(words))]
    assert not faults


def test_a_call_that_is_none_is_noticed():
    shown = '```sh\nweir alerts tail --config x   # fine\nsudo weir alerts tale\nx | weir scan --frobnicate - && build/dev/weir top -q\n```\n    weir rulez\n'
    assert [fault_of(words) for words in commands(shown)] == [
        None, 'there is no weir alerts tale', 'weir scan has no --frobnicate', 'weir top has no -q', 'there is no weir rulez']


@pytest.mark.parametrize('page, rows_at_least', [('threat-model.md', 25), ('supply-chain.md', 5)])
def test_every_claim_of_a_page_names_tests_that_are_there(page, rows_at_least):
    sources = [*(REPOSITORY / 'tests').rglob('*.py'), *(REPOSITORY / 'src').rglob('*_test.cc')]
    there = '\n'.join(source.read_text(encoding='utf-8') for source in sources if source.name != 'test_docs.py')
    text = (REPOSITORY / 'docs' / page).read_text(encoding='utf-8')
    # The tables whose last column says by what a claim is shown.
    tables = re.findall(r'^\|.*\| shown by \|\n\|[ -|]*\|\n((?:\|.*\|\n)+)', text, re.M)
    rows = [row.strip().strip('|').split('|') for table in tables for row in table.splitlines()]
    assert len(rows) >= rows_at_least
    named = {row[0].strip(): re.findall(r'`([^`]+)`', row[-1]) for row in rows}
    assert not [claim for claim, tests in named.items() if not tests]
    assert not [name for tests in named.values() for name in tests if f'def {name}(' not in there and f'"{name}"' not in there]

"""docs/owasp.md is what its script makes of rules and sources, and nothing that weir finds is missing in it."""
import importlib.machinery
import importlib.util
import subprocess

import pytest

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SCRIPT = REPOSITORY / 'scripts' / 'owasp-table'


@pytest.fixture(scope='module')
def table():
    loader = importlib.machinery.SourceFileLoader('owasp_table', str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('owasp_table', loader))
    loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_prints(table):
    assert (REPOSITORY / 'docs' / 'owasp.md').read_text(encoding='utf-8') == table.page(), 'scripts/owasp-table > docs/owasp.md'


def test_every_rule_that_weighs_something_has_its_place(table):
    homeless = [rule['title'] for _, rule in table.rules() if rule.get('weir', {}).get('weight', 1) > 0 and not table.owasp_of(rule)]
    homeless += [rule['title'] for _, rule in table.correlations() if not table.owasp_of(rule)]
    assert not homeless
    assert all(table.attack_of(rule) or table.cwe_of(rule) for _, rule in table.rules())


def test_every_check_signal_and_burst_of_the_sources_has_its_place(table):
    checks = [name for name in table.names_in('src/policy/policy_rule.cc', 'kRules{{') if name.startswith('weir-policy-')]
    assert sorted(checks) == sorted(table.CHECKS)
    assert sorted(table.names_in('src/alert/alert.h', 'kBitNamesOf<AbuseReason>')) == sorted(table.SIGNALS)
    assert sorted(table.names_in('src/alert/alert.h', 'kBitNamesOf<BurstReason>')) == sorted(table.BURSTS)


@pytest.mark.parametrize('year, column', [(2021, 2), (2025, 3)])
def test_every_category_is_found_or_said_why_not(table, year, column):
    top = table.TOP_2021 if year == 2021 else table.TOP_2025
    found = {code for entry in table.entries() for code in entry[column]}
    assert found <= set(top) and len(top) == 10
    assert all(code in found or f'{year} {code}' in table.BY_OTHER_MEANS for code in top)


def test_the_script_says_what_it_is_for():
    assert 'usage' in subprocess.run([SCRIPT, '--help'], capture_output=True, text=True, check=True).stdout
    assert subprocess.run([SCRIPT, 'nonsense'], capture_output=True, check=False).returncode == 2

"""The gate on the cost of rules: what "weir rules cost --fail-above" lets pass and what not."""
import json
import shutil

from command import run
from weir_process import REPOSITORY

CHEAP_ID = 'd0b6f3f0-7c1e-4d8e-9a51-31b0d6f1c001'
DEAR_ID = 'd0b6f3f0-7c1e-4d8e-9a51-31b0d6f1c002'
RULE = '''
title: {title}
id: {id}
status: test
logsource:
  category: webserver
detection:
  selection:
    weir.text|re|i: '{expression}'
  condition: selection
level: high
'''


def rules_with(tmp_path, expressions):
    """The shipped rules and one for each expression."""
    rules = tmp_path / 'rules'
    shutil.copytree(REPOSITORY / 'rules', rules)
    for rule_id, (title, expression) in expressions.items():
        (rules / f'{title}.yml').write_text(RULE.format(title=title, id=rule_id, expression=expression))
    return rules


def test_a_dear_rule_fails_the_gate_by_name_and_a_cheap_one_passes(tmp_path):
    # Wide gaps between common characters: nothing to look for, and alive at every byte.
    rules = rules_with(tmp_path, {DEAR_ID: ('dear', r'\w.{3,90}\w{2}.{3,90}[0-9][x-z]'),
                                    CHEAP_ID: ('cheap', 'quuxalpha')})
    figures = tmp_path / 'cost.json'
    result = run('rules', 'cost', '--fail-above', '3', '--rule', DEAR_ID, '--rule', CHEAP_ID, '--json', figures, rules)
    assert result.code == 1
    lines = result.out.splitlines()
    assert [line for line in lines if DEAR_ID in line][0].endswith('<- too dear')
    assert not [line for line in lines if CHEAP_ID in line][0].endswith('<- too dear')
    assert '2 rules measured' in lines[-1] and '1 above 3.0 %' in lines[-1]
    judged = {rule['id']: rule for rule in json.loads(figures.read_text())['rules']}
    assert judged[DEAR_ID]['too_dear'] and judged[DEAR_ID]['percent_low'] > 3
    assert not judged[CHEAP_ID]['too_dear'] and judged[CHEAP_ID]['percent_low'] < 3


def test_without_a_dear_rule_the_gate_passes(tmp_path):
    rules = rules_with(tmp_path, {CHEAP_ID: ('cheap', 'quuxalpha')})
    result = run('rules', 'cost', '--fail-above', '3', '--rule', CHEAP_ID, rules)
    assert result.code == 0
    assert '0 above 3.0 %' in result.out


def test_a_rule_that_is_not_there_is_wrong_usage():
    result = run('rules', 'cost', '--rule', 'nobody', REPOSITORY / 'rules')
    assert result.code == 2
    assert "no rule has the id 'nobody'" in result.err

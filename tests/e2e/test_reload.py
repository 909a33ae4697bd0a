"""Reloads: a good rule set is taken up while records flow, a broken one is refused with file and line; on SIGHUP, and unasked
when files change."""
import json
import shutil
import urllib.request

import pytest

import traffic
from test_cli import GOOD_RULE
from waiting import wait_for
from weir_process import OBSERVATIONS, RECORDS, REPOSITORY


@pytest.fixture
def rules(tmp_path):
    """A copy of the shipped rules to change."""
    folder = tmp_path / 'rules'
    shutil.copytree(REPOSITORY / 'rules', folder)
    return folder


def put(path, text):
    """In one step: files are watched, and one that is half written may be taken up."""
    new = path.with_name(f'.{path.name}.new')
    new.write_text(text)
    new.rename(path)


WEIGHTY_RULE = GOOD_RULE.replace('  category: sqli\n', '  category: sqli\n  weight: 20\n')
OFTEN = {'requests_per_minute': 1_000_000}      # waiting asks again and again


def strange(number):
    """A request that only the test's own rule finds."""
    return traffic.record(number, number, f'strange-{number}', traffic.address(number), query='id=quuxalpha')


def analyzed(weir, record):
    """What the running weir makes of one record."""
    request = urllib.request.Request(f'{weir.url}/api/v1/analyze', record, {'Content-Type': 'application/json'})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def alerted(pipeline):
    return {one['key'].split(':')[-1] for one in pipeline.alerts()}


def test_a_new_rule_works_after_a_reload_and_no_record_is_lost(pipeline, rules):
    weir = pipeline.start(rules={'directories': [str(rules)]})
    pipeline.broker.produce(pipeline.requests, [strange(1)])
    weir.wait_for_metric(OBSERVATIONS, 1)

    put(rules / 'strange.yml', WEIGHTY_RULE)
    weir.reload()
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='success')
    count = 20_000
    pipeline.broker.produce(pipeline.requests, traffic.benign(count, first=100), 'lz4')
    pipeline.broker.produce(pipeline.requests, [strange(2)])
    weir.wait_for_metric(OBSERVATIONS, count + 2)
    wait_for(lambda: 'strange-2' in alerted(pipeline), 30, 'the alert by the new rule', 0.3)
    assert 'strange-1' not in alerted(pipeline)
    assert weir.metrics().sum(RECORDS) == count + 2


@pytest.mark.parametrize('broken', ['title: [unclosed', GOOD_RULE.replace('condition: selection', 'condition: nowhere'),
                                    GOOD_RULE.replace('cs-uri-query|contains: quuxalpha', 'cs-uri-query|re: "(unclosed"')],
                         ids=['no YAML', 'unknown selection', 'wrong pattern'])
def test_a_broken_rule_set_is_refused_and_the_old_one_goes_on(pipeline, rules, broken):
    weir = pipeline.start(rules={'directories': [str(rules)]})
    log_before = len(weir.log())
    (rules / 'broken.yml').write_text(broken)
    weir.reload()
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='failure')
    weir.wait_for_log('broken.yml:', after=log_before)

    pipeline.broker.produce(pipeline.requests, [traffic.record(1, 1, 'attacker-1', '81.64.0.1', **traffic.ATTACKS['sqli'])])
    wait_for(lambda: 'attacker-1' in alerted(pipeline), 30, 'the alert by the old rules', 0.3)
    assert weir.ready()

    (rules / 'broken.yml').unlink()
    weir.reload()
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='success')


def test_a_reload_keeps_what_is_known_of_the_clients(pipeline, rules):
    """Half of an abuser's requests before the reload, half after: only both together are suspicious."""
    weir = pipeline.start(rules={'directories': [str(rules)]})
    requests = traffic.abuser()
    pipeline.broker.produce(pipeline.requests, requests[:4], keys=[b'k'] * 4)
    weir.wait_for_metric(OBSERVATIONS, 4)
    weir.reload()
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='success')
    pipeline.broker.produce(pipeline.requests, requests[4:], keys=[b'k'] * 6)
    wait_for(lambda: any('rapid_ip_changes' in one['alert']['unmapped'].get('reasons', []) for one in pipeline.alerts()),
             30, 'the abuse alert', 0.3)


def test_changed_rule_files_are_taken_up_unasked(pipeline, rules):
    weir = pipeline.start(rules={'directories': [str(rules)]}, http=OFTEN)
    assert not analyzed(weir, strange(1))['malicious']
    put(rules / 'strange.yml', WEIGHTY_RULE)
    wait_for(lambda: analyzed(weir, strange(1))['malicious'], 30, 'the new rule to be in force', 0.2)

    put(rules / 'strange.yml', 'title: [unclosed')
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='failure')
    weir.wait_for_log('strange.yml:')
    assert analyzed(weir, strange(1))['malicious']

    (rules / 'strange.yml').unlink()
    wait_for(lambda: not analyzed(weir, strange(1))['malicious'], 30, 'the rule to be gone', 0.2)


def test_without_watching_changed_files_wait_for_the_signal(pipeline, rules):
    weir = pipeline.start(rules={'directories': [str(rules)], 'watch': False})
    (rules / 'strange.yml').write_text(WEIGHTY_RULE)
    weir.reload()
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='success')
    assert weir.metrics().sum('weir_rule_reloads_total') == 1
    assert analyzed(weir, strange(1))['malicious']


def test_a_changed_policy_file_is_taken_up_unasked(pipeline, rules):
    attack = traffic.record(1, 1, 'attacker-1', '81.64.0.1', **traffic.ATTACKS['sqli'])
    weir = pipeline.weir(rules={'directories': [str(rules)]}, policy={'files': ['policy.yaml']}, http=OFTEN)
    policy = weir.folder / 'policy.yaml'
    policy.write_text('allow: []\n')
    weir.start()
    assert analyzed(weir, attack)['malicious']
    policy.write_text('allow:\n  - {clients: [81.64.0.1], comment: a scanner of our own}\n')
    wait_for(lambda: not analyzed(weir, attack)['malicious'], 30, 'the policy to be in force', 0.2)

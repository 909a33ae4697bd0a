"""Correlations: `weir scan` and the daemon find the same, across partitions, restarts and reloads."""
import json
import signal

import pytest

import ocsf
from command import run
from waiting import wait_for
from weir_process import OBSERVATIONS, REPOSITORY

RULES = '''
title: Refused
id: 5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d01
name: refused
logsource: {category: webserver}
detection: {sel: {sc-status: 401}, condition: sel}
level: low
---
title: Three refused
id: 5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d02
name: three_refused
level: high
tags: [attack.t1110]
correlation: {type: event_count, rules: [refused], group-by: [c-ip], timespan: 10m, condition: {gte: 3}}
---
title: Six accounts refused
id: 5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d03
level: critical
correlation: {type: value_count, rules: [refused], group-by: [c-ip], timespan: 10m, condition: {field: cs-username, gte: 6}}
---
title: Groups with two waves of refusals
id: 5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d04
level: medium
generate: true
correlation: {type: event_count, rules: [three_refused], group-by: [c-ip], timespan: 1h, condition: {gte: 2}}
'''


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / 'rules'
    folder.mkdir()
    (folder / 'correlations.yml').write_text(RULES)
    return folder


def refused(second, ip, account):
    """Each account is a client of its own, so that the clients of one address are spread over the partitions."""
    return json.dumps({'ts': 1_700_000_000 + second, 'ip': ip, 'method': 'POST', 'path': '/login', 'status': 401,
                       'client_id': account, 'user_agent': 'Mozilla/5.0'}).encode()


def shown(alerts):
    """What the correlations said, in no order."""
    found = []
    for alert in alerts:
        weir = alert['unmapped']['weir']
        if weir['kind'] == 'correlation':
            ocsf.assert_valid(alert)
            found.append((weir['correlation']['title'], weir['phase'], weir['client'], alert['count'],
                          weir['correlation']['value']))
    return sorted(found)


def opened(alerts):
    return {(title, client) for title, phase, client, _, _ in shown(alerts) if phase == 'opened'}


def daemon_alerts(pipeline):
    return [one['alert'] for one in pipeline.alerts()]


WAVES = [refused(wave * 900 + i, f'198.51.100.{address}', f'user-{address}-{i % (3 + address)}')
         for wave in range(2) for i in range(8) for address in range(1, 6)]
WANTED = ({('Three refused', f'198.51.100.{n}') for n in range(1, 6)}
          | {('Groups with two waves of refusals', f'198.51.100.{n}') for n in range(1, 6)}
          | {('Six accounts refused', f'198.51.100.{n}') for n in (3, 4, 5)})


def scanned(rules, tmp_path, records, *options):
    path = tmp_path / 'records.ndjson'
    path.write_bytes(b'\n'.join(records) + b'\n')
    done = run('scan', '--rules', str(rules), '--output', 'alerts', *options, str(path))
    assert done.code == 0, done
    return done.json_lines()


def test_scan_raises_what_the_correlations_say(rules, tmp_path):
    alerts = scanned(rules, tmp_path, WAVES, '--close-episodes')
    assert opened(alerts) == WANTED
    three = [one for one in shown(alerts) if one[0] == 'Three refused' and one[2] == '198.51.100.1']
    # Two waves of 8 in one address: the third to eighth of each fulfil the condition.
    assert [(phase, count) for _, phase, _, count, _ in three] == [('closed', 6), ('closed', 6), ('opened', 1), ('opened', 1)]


def related_of(alert):
    """{(kind, id of the alert that opened it)}; the schema's list says the same."""
    related = alert['unmapped']['weir'].get('related', [])
    assert [one['uid'] for one in alert['finding_info'].get('related_events', [])] == [one['opened_by'] for one in related]
    return {(one['kind'], one['opened_by']) for one in related}


def opening(alerts, kind, client, title=None):
    found = [one for one in alerts if one['unmapped']['weir']['phase'] == 'opened' and one['unmapped']['weir']['kind'] == kind
             and one['unmapped']['weir']['client'] == client and title in (None, one['finding_info']['title'])]
    assert found, (kind, client, title)
    return found[-1]


def test_a_chain_names_the_results_it_is_made_of(rules, tmp_path):
    alerts = scanned(rules, tmp_path, WAVES)
    for number in range(1, 6):
        client = f'198.51.100.{number}'
        chain, source = (opening(alerts, 'correlation', client, title) for title in ('Groups with two waves of refusals', 'Three refused'))
        assert ('correlation', source['metadata']['uid']) in related_of(chain)
        assert chain['unmapped']['weir']['related'][0]['title'] == 'Three refused'


ATTACK = '''
---
title: Asked for by name
id: 5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d05
logsource: {category: webserver}
detection: {sel: {cs-uri-query|contains: attack-me}, condition: sel}
level: high
weir: {category: other, weight: 10, examples: {positive: ['attack-me'], negative: ['a', 'b', 'c']}}
'''


def test_the_alert_of_an_address_names_its_attacks_in_whichever_partition_it_is(pipeline, rules):
    path = rules / 'correlations.yml'
    path.write_text(RULES + ATTACK)
    pipeline.start(rules={'directories': [str(rules)]})
    addresses = [f'198.51.100.{number}' for number in range(1, 13)]
    for address in addresses:
        attack = json.dumps({'ts': 1_700_000_000, 'ip': address, 'method': 'GET', 'path': '/', 'query': 'q=attack-me', 'status': 200})
        records = [attack.encode(), *(refused(second, address, '') for second in (1, 2, 3))]
        pipeline.broker.produce(pipeline.requests, records, keys=[address] * 4)
    wanted = {('Three refused', address) for address in addresses}
    wait_for(lambda: opened(daemon_alerts(pipeline)) == wanted, 30, lambda: opened(daemon_alerts(pipeline)), 0.3)
    wait_for(pipeline.all_scored, 60, 'all alerts', 0.3)     # those of one transaction are not visible all at once
    alerts = daemon_alerts(pipeline)
    for address in addresses:
        attack = opening(alerts, 'attack', address)
        assert related_of(opening(alerts, 'correlation', address)) == {('attack', attack['metadata']['uid'])}
    partitions = pipeline.ends(pipeline.topics['observations'], 'read_committed')
    assert sum(end > 0 for end in partitions.values()) > 1, partitions


def test_refused_sets_name_file_and_line(rules):
    path = rules / 'correlations.yml'
    path.write_text(RULES.replace('rules: [refused], group-by: [c-ip], timespan: 10m, condition: {gte: 3}',
                                  'rules: [nobody], group-by: [c-ip], timespan: 10m, condition: {gte: 3}'))
    done = run('rules', 'lint', str(rules))
    assert done.code == 1
    assert f'{path}:14: error: the correlation takes in the rule \'nobody\', which is not loaded' in done.err


def test_the_daemon_finds_what_scan_finds_however_the_input_is_partitioned(pipeline, rules, tmp_path):
    weir = pipeline.start(rules={'directories': [str(rules)]}, lanes={'detect': 1, 'score': 2})
    pipeline.broker.produce(pipeline.requests, WAVES[:40], keys=[f'k{i}' for i in range(40)])
    weir.wait_for_metric(OBSERVATIONS, 40)
    pipeline.broker.produce(pipeline.requests, WAVES[40:], keys=[f'k{i}' for i in range(40)])
    weir.wait_for_metric(OBSERVATIONS, 80)
    wait_for(lambda: opened(daemon_alerts(pipeline)) == WANTED, 30,
             lambda: f'the alerts {WANTED - opened(daemon_alerts(pipeline))}', 0.3)
    ids = [one['metadata']['uid'] for one in daemon_alerts(pipeline)]
    assert len(ids) == len(set(ids))
    assert opened(scanned(rules, tmp_path, WAVES)) == WANTED


@pytest.mark.parametrize('end', ['stopped', 'killed'])
def test_counts_go_on_over_a_restart(pipeline, rules, end):
    first = pipeline.start(rules={'directories': [str(rules)]})
    pipeline.broker.produce(pipeline.requests, [refused(i, '198.51.100.9', f'user-{i}') for i in range(2)])
    first.wait_for_metric(OBSERVATIONS, 2)
    if end == 'killed':
        first.kill()
    else:
        first.stop()
    assert not opened(daemon_alerts(pipeline))
    second = pipeline.start(rules={'directories': [str(rules)]})
    pipeline.broker.produce(pipeline.requests, [refused(5, '198.51.100.9', 'user-5')])
    second.wait_for_metric(OBSERVATIONS, 1)
    wait_for(lambda: opened(daemon_alerts(pipeline)) == {('Three refused', '198.51.100.9')}, 30,
             'the alert that needs what came before the restart', 0.3)


def test_a_reload_keeps_the_state_of_an_unchanged_correlation(pipeline, rules):
    weir = pipeline.start(rules={'directories': [str(rules)]})
    pipeline.broker.produce(pipeline.requests, [refused(i, '198.51.100.9', f'user-{i}') for i in range(2)])
    weir.wait_for_metric(OBSERVATIONS, 2)
    changed = RULES.replace('title: Six accounts refused', 'title: Six different accounts refused')
    (rules / 'changed').write_text(changed)
    (rules / 'changed').rename(rules / 'correlations.yml')     # in one step, since files are watched
    weir.process.signal(signal.SIGHUP)
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='success')
    pipeline.broker.produce(pipeline.requests, [refused(5, '198.51.100.9', 'user-5')])
    weir.wait_for_metric(OBSERVATIONS, 3)
    wait_for(lambda: opened(daemon_alerts(pipeline)) == {('Three refused', '198.51.100.9')}, 30,
             'the alert that needs what came before the reload', 0.3)


def test_the_shipped_correlations_pass_their_examples():
    done = run('rules', 'test', str(REPOSITORY / 'rules'), str(REPOSITORY / 'examples/correlation'), timeout=300)
    assert '/correlation/' not in '\n'.join(line for line in done.err.splitlines() if ': error:' in line), done

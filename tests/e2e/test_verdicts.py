"""Verdicts of people on alerts: weir alerts mark, what becomes of them in the metrics, and weir rules scorecard."""
import json

import traffic
from command import run
from waiting import wait_for

EVER = ('--since', '2000-01-01')


def attack(number):
    return traffic.record(number, number * 0.01, f'attacker-{number}', f'81.64.0.{number}', **traffic.ATTACKS['sqli'])


def opened(pipeline, count):
    def those():
        return [one['alert'] for one in pipeline.alerts() if one['alert']['unmapped']['weir']['phase'] == 'opened']
    wait_for(lambda: len(those()) == count, 60, lambda: f'{count} alerts: {len(those())}', interval=0.3)
    return those()


def test_marked_alerts_are_counted_by_rule_until_they_are_taken_back(pipeline):
    topic = pipeline.group + '.verdicts'
    pipeline.broker.create_topic(topic, 1)      # there when the process starts: it looks for it once a minute
    weir = pipeline.start(kafka={'topics': {'verdicts': topic}})
    config = ('--config', str(weir.config_path))
    pipeline.broker.produce(pipeline.requests, [attack(number) for number in (1, 2, 3)])
    first, second, _ = opened(pipeline, 3)
    ids = [one['metadata']['uid'] for one in (first, second)]

    marked = run('alerts', 'mark', ids[0][:18], 'false', '--note', 'our scanner', '--by', 'anna', *config)
    assert marked.code == 0 and f"{first['finding_info']['uid']} is marked false" in marked.out, marked
    assert run('alerts', 'mark', ids[1], 'true', *config).code == 0

    verdicts = run('alerts', 'verdicts', '--json', *config).json_lines()
    assert [(one['alert'], one['verdict']) for one in verdicts] == [(ids[0], 'false'), (ids[1], 'true')]
    assert (verdicts[0]['note'], verdicts[0]['by']) == ('our scanner', 'anna')
    rule = first['finding_info']['analytic']['uid']
    assert rule in [one['id'] for one in verdicts[0]['causes']]
    assert 'our scanner' in run('alerts', 'verdicts', *config).out

    def counted():
        samples = weir.metrics().samples      # none before the first verdict
        return [sum(value for name, labels, value in samples if name == 'weir_rule_verdicts' and labels['rule_id'] == rule
                    and labels['verdict'] == verdict) for verdict in ('false', 'true')]
    wait_for(lambda: counted() == [1, 1], 60, lambda: f'both verdicts in the metrics: {counted()}', interval=0.3)

    card = json.loads(run('rules', 'scorecard', '--json', *EVER, *config).out)
    assert (card['episodes'], card['judged']) == (3, 2)
    score = next(one for one in card['rules'] if one['rule_id'] == rule)
    assert (score['episodes'], score['false'], score['true']) == (3, 1, 1)
    assert any(one['advice'] == 'quiet' and one['techniques'] for one in card['rules'])

    assert run('alerts', 'mark', ids[0], 'undecided', *config).code == 0
    wait_for(lambda: counted() == [0, 1], 60, lambda: f'one verdict is left: {counted()}', interval=0.3)
    assert weir.stop() == 0


def test_the_first_mark_makes_the_topic_and_a_wrong_one_is_refused(pipeline):
    topic = pipeline.group + '.verdicts'
    weir = pipeline.start(kafka={'topics': {'verdicts': topic}})
    config = ('--config', str(weir.config_path))
    assert run('alerts', 'verdicts', *config).out == ''
    pipeline.broker.produce(pipeline.requests, [attack(1), attack(2)])
    first, _ = opened(pipeline, 2)
    unknown = run('alerts', 'mark', 'nothing-like-it', 'false', *config)
    assert unknown.code == 1 and 'no alert whose id begins with nothing-like-it' in unknown.err, unknown
    unclear = run('alerts', 'mark', '', 'false', *config)
    assert unclear.code == 1 and 'several alerts' in unclear.err, unclear
    assert run('alerts', 'mark', first['metadata']['uid'], 'perhaps', *config).code == 2
    assert run('alerts', 'verdicts', *config).out == ''
    assert run('alerts', 'mark', first['metadata']['uid'], 'true', *config).code == 0
    assert len(run('alerts', 'verdicts', *config).out.splitlines()) == 1
    assert weir.stop() == 0


def test_a_scorecard_of_files_needs_no_broker(tmp_path):
    (tmp_path / 'log').write_bytes(b'\n'.join([attack(1), attack(2)]) + b'\n')
    scanned = run('scan', '--profile', 'flat', '--output', 'alerts', str(tmp_path / 'log'))
    (tmp_path / 'alerts').write_text(scanned.out)
    alert = scanned.json_lines()[0]
    verdict = {'episode': alert['finding_info']['uid'], 'alert': alert['metadata']['uid'], 'verdict': 'false',
               'causes': [{'id': alert['finding_info']['analytic']['uid'], 'title': 'It'}]}
    (tmp_path / 'verdicts').write_text(json.dumps(verdict) + '\n')
    (tmp_path / 'costs').write_text(json.dumps({'rules': [{'id': verdict['causes'][0]['id'], 'percent': 1.25}]}))
    shown = run('rules', 'scorecard', '--alerts', str(tmp_path / 'alerts'), '--verdicts', str(tmp_path / 'verdicts'),
                '--costs', str(tmp_path / 'costs'), *EVER)
    assert shown.code == 0, shown
    row = next(line for line in shown.out.splitlines() if line.endswith(verdict['causes'][0]['id']))
    assert row.startswith('keep') and '100 %' in row and '1.25 %' in row
    assert '2 episodes, 1 with a verdict' in shown.out
    (tmp_path / 'costs').write_text('[]')
    refused = run('rules', 'scorecard', '--alerts', str(tmp_path / 'alerts'), '--costs', str(tmp_path / 'costs'))
    assert refused.code == 2 and 'rules cost --json' in refused.err, refused

"""weir alerts and weir decrypt on the topic of a running weir, encrypted and not."""
import json
import os
import signal
import subprocess

import pytest

import traffic
from command import run
from waiting import wait_for
from weir_process import OBSERVATIONS, binary, environment

KEY = 'A' * 43 + '='


def attack(number):
    return traffic.record(number, number, f'attacker-{number}', f'81.64.0.{number}', **traffic.ATTACKS['sqli'])


@pytest.mark.parametrize('key', [None, KEY], ids=['plain', 'encrypted'])
def test_alerts_of_a_topic_are_listed_shown_and_tailed(pipeline, tmp_path, key):
    secrets = {'alerts': {'encryption_keys': key}} if key else {}
    weir = pipeline.start(**secrets)
    pipeline.broker.produce(pipeline.requests, [attack(1), attack(2)])
    weir.wait_for_metric(OBSERVATIONS, 2)
    wait_for(lambda: len(pipeline.alerts()) == 2, 30, lambda: pipeline.alerts(), interval=0.3)
    config = tmp_path / 'reader.yaml'
    config.write_text(json.dumps({'kafka': {'bootstrap_servers': pipeline.broker.bootstrap, 'topics': {'alerts': pipeline.topics['alerts']}},
                                  **secrets}))

    listed = run('alerts', 'list', '--config', str(config), '--json')
    assert listed.code == 0 and len(listed.json_lines()) == 2, listed
    first = listed.json_lines()[0]
    shown = run('alerts', 'show', first['metadata']['uid'], '--config', str(config))
    assert shown.code == 0 and first['evidences'][0]['data']['hits'][0]['rule_id'] in shown.out, shown
    if key:
        decrypted = run('decrypt', '--config', str(config), '--alerts')
        assert decrypted.code == 0 and sorted(decrypted.out.splitlines()) == sorted(listed.out.splitlines()), decrypted

    out = tmp_path / 'out'
    with open(out, 'wb') as file:
        tail = subprocess.Popen([binary(), 'alerts', 'tail', '--config', str(config)], stdout=file, env={**os.environ, **environment()})
        try:
            number = 2

            # The tail begins at the topic's end as it finds it: one of these comes after that.
            def one_more():
                nonlocal number
                number += 1
                pipeline.broker.produce(pipeline.requests, [attack(number)])
                return 'attacker-' in out.read_text()
            wait_for(one_more, 60, lambda: out.read_text(), interval=1)
            assert 'attacker-1 ' not in out.read_text() and 'attacker-2 ' not in out.read_text()
            tail.send_signal(signal.SIGINT)
            assert tail.wait(90) == 0
        finally:
            tail.kill()


def test_a_topic_that_does_not_exist_is_named(broker):
    ran = run('alerts', 'list', '--topic', 'no.such.topic', env={'WEIR_KAFKA__BOOTSTRAP_SERVERS': broker.bootstrap})
    assert ran.code == 1 and 'no.such.topic' in ran.err, ran

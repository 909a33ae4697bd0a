"""Secrets that are planted in requests are in no topic of a running weir but the dead letters' bodies, nor in its log, its metrics and
the answers of its admin API."""
import http.client
import os
import random
import re

import pytest

from conftest import Pipeline
from planted_secrets import Planting
from waiting import wait_for
from weir_process import DEAD_LETTERS, OBSERVATIONS

COUNT = int(os.environ.get('WEIR_PLANTED_SECRETS', '1500'))


@pytest.fixture(scope='module')
def planted():
    return Planting(COUNT, seed=11)


@pytest.fixture(scope='module')
def running(broker, planted, tmp_path_factory):
    """weir, after it has worked on all of them and on some that it cannot read."""
    folder = tmp_path_factory.mktemp('secrets')
    pipeline = Pipeline(broker, folder)
    weir = pipeline.start(log={'level': 'trace'}, http={'requests_per_minute': 1_000_000},
                          score={'snapshot_round_ms': 1000})
    path = folder / 'requests.ndjson'
    broken = [b'no request: ' + re.sub(rb'[{}\[\]]', b'', record) for record in planted.records[:100]]
    path.write_bytes(b'\n'.join(planted.records + broken) + b'\n')
    broker.produce_file(pipeline.requests, path, 'lz4')
    weir.wait_for_metric(OBSERVATIONS, COUNT)
    weir.wait_for_metric(DEAD_LETTERS, 1)
    wait_for(pipeline.all_scored, 60, lambda: f'all observations\n{weir.process.log_tail()}', 0.2)
    wait_for(pipeline.dead_letters, 60, 'a dead letter', 0.2)
    wait_for(lambda: broker.raw_records(pipeline.topics['state']), 60, 'a snapshot of the state', 0.2)
    yield pipeline, weir
    pipeline.close()


@pytest.mark.parametrize('role', ['alerts', 'observations', 'state'])
def test_no_secret_is_in_a_topic(planted, running, role):
    pipeline, _ = running
    records = pipeline.broker.raw_records(pipeline.topics[role])
    assert records
    text = '\n'.join(repr(one) for one in records)
    planted.assert_hidden(text, role)


def test_no_secret_is_in_the_headers_of_dead_letters(planted, running):
    pipeline, _ = running
    letters = pipeline.dead_letters()
    assert letters
    planted.assert_hidden('\n'.join(repr(headers) for _, _, headers in letters), 'headers of dead letters')


def test_no_secret_is_in_what_the_admin_api_says(planted, running):
    _, weir = running
    said = []
    connection = http.client.HTTPConnection('127.0.0.1', weir.port, timeout=60)
    for number in random.Random(5).sample(range(COUNT), min(COUNT, 400)):
        connection.request('POST', '/api/v1/analyze', planted.records[number], {'Content-Type': 'application/json'})
        said.append(connection.getresponse().read().decode())
    connection.close()
    assert sum('"hits"' in one for one in said) == len(said)
    planted.assert_hidden('\n'.join(said), 'admin API')


def test_no_secret_is_in_log_and_metrics(planted, running):
    _, weir = running
    connection = http.client.HTTPConnection('127.0.0.1', weir.port, timeout=60)
    connection.request('GET', '/metrics')
    metrics = connection.getresponse().read().decode()
    connection.close()
    assert 'weir_records_total' in metrics and weir.log()
    planted.assert_hidden(metrics, 'metrics')
    planted.assert_hidden(weir.log(), 'log')

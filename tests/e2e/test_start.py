"""Starting without brokers: the HTTP port answers at once and says what is waited for."""
import json
import socket
import urllib.request

import pytest

import traffic
from conftest import Pipeline
from kafka_broker import KafkaBroker
from processes import free_ports
from waiting import wait_for
from weir_process import OBSERVATIONS, REPOSITORY, WeirProcess

TOPICS = {role: f'start.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter')}
RULES = {'directories': [str(REPOSITORY / 'tests' / 'faults' / 'rules')]}
ONE_LANE = {'detect': 1, 'score': 1}


@pytest.fixture
def starting(tmp_path, request):
    """A weir whose configuration names a broker, which may be down."""
    made = []

    def make(bootstrap, start_timeout_ms, env=None):
        view = type('Bootstrap', (), {'bootstrap': bootstrap})
        one = WeirProcess(tmp_path / 'weir', view, TOPICS, 'start', {
            'kafka': {'start_timeout_ms': start_timeout_ms}, 'rules': RULES, 'lanes': ONE_LANE}, env)
        made.append(one)
        return one
    yield make
    for one in made:
        one.kill()


def nobody():
    return f'127.0.0.1:{free_ports(1)[0]}'


def waits(weir):
    weir.process.wait_until(lambda: 'waiting for a broker' in weir.get('/-/ready')[2], 60, 'weir said what it waits for')


def test_the_port_answers_while_the_brokers_are_away_and_work_begins_when_they_come(tmp_path, starting):
    broker = KafkaBroker(tmp_path / 'broker').start()
    broker.create_topic(TOPICS['requests'])
    broker.stop()
    weir = starting(broker.bootstrap, 0)
    weir.launch()
    waits(weir)
    status, _, body = weir.get('/-/ready')
    assert status == 503 and 'is waiting for a broker' in body and broker.bootstrap in body, body
    assert weir.get('/-/healthy')[::2] == (200, 'is starting\n')
    assert 'weir_build_info' in weir.get('/metrics')[2]
    status, _, body = weir.get('/-/status')
    assert status == 200 and '"ready":false' in body and 'waiting for a broker' in body and '"lanes":[]' in body, body
    weir.wait_for_log('is waiting for a broker')
    try:
        broker.start()
        weir.process.wait_until(weir.ready, 90, 'weir was ready')
        assert weir.get('/-/healthy')[::2] == (200, 'every lane is alive\n')
        broker.produce(TOPICS['requests'], [traffic.record(1, 1, 'attacker-1', traffic.address(1), query='q=zqhigh')])
        weir.wait_for_metric(OBSERVATIONS, 1)
        wait_for(lambda: broker.records(TOPICS['alerts']), 30, 'the alert', interval=0.3)
        assert weir.stop() == 0, weir.process.log_tail()
    finally:
        weir.kill()
        broker.stop()


def test_a_stop_ends_the_waiting(starting):
    weir = starting(nobody(), 0)
    weir.launch()
    waits(weir)
    assert weir.stop(20) == 0, weir.process.log_tail()


def test_rules_can_be_reloaded_while_the_brokers_are_away(starting):
    weir = starting(nobody(), 0)
    weir.launch()
    waits(weir)
    with urllib.request.urlopen(urllib.request.Request(weir.url + '/-/reload', method='POST'), timeout=60) as answer:
        assert b'"reloaded":true' in answer.read()


def test_the_time_for_a_start_can_be_bounded(starting):
    weir = starting(nobody(), 1500)
    weir.launch()
    wait_for(lambda: not weir.process.running(), 60, 'weir ended')
    assert weir.process.child.returncode == 1
    assert 'no broker of 127.0.0.1' in weir.log() and 'check that the broker runs' in weir.log(), weir.log()


def test_under_a_service_manager_it_waits_and_says_so(tmp_path, starting):
    """What systemd hears on its socket."""
    path = str(tmp_path / 'notify')
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(path)
    heard.settimeout(60)
    weir = starting(nobody(), -1, {'NOTIFY_SOCKET': path})
    weir.launch()
    while True:
        message = heard.recv(65536).decode()
        if 'EXTEND_TIMEOUT_USEC=' in message and 'STATUS=Waiting for a broker: ' in message:
            break
    assert weir.process.running()
    assert weir.stop(20) == 0
    heard.close()


# --- the log

def test_a_start_says_what_runs_and_each_json_line_what_it_is_about(broker, tmp_path):
    pipeline = Pipeline(broker, tmp_path)
    weir = pipeline.start(log={'format': 'json'}, rules=RULES, lanes=ONE_LANE)
    weir.reload()
    weir.wait_for_log('the rules are reloaded')
    assert weir.stop() == 0
    pipeline.close()
    lines = [json.loads(line) for line in weir.log().splitlines() if line.startswith('{')]
    assert all({'ts', 'level', 'component', 'message'} <= line.keys() for line in lines)
    by_text = lambda text: next(line for line in lines if text in line['message'])
    summary = by_text('stages detect, score; delivery')
    assert 'lanes: detect 1, score 1' in summary['message'] and 'crash journal off' in summary['message']
    assert pipeline.topics['alerts'] in by_text(f'kafka: {broker.bootstrap} by plaintext')['message']
    assert 'threshold 10' in by_text('the rules are ')['message']
    assert by_text('is asked for by SIGHUP')['component'] == 'rules'
    assert by_text('the rules are reloaded')['rule_set']
    lane = by_text('kafka: lane detect-0 has')
    assert (lane['component'], lane['lane']) == ('kafka', 'detect-0')

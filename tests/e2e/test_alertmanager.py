"""What reaches a person: the shipped alert rules in a real Prometheus, whose alerts a real Alertmanager hands on.

The rules' durations (`for:`) are five seconds here, so that an idle time of some twenty scrapes is longer than any of them.
"""
import collections
import http.server
import json
import re
import shutil
import threading

import pytest

from prometheus_server import Alertmanager, PrometheusServer
from waiting import wait_for
from weir_process import RECORDS, REPOSITORY

RULES = REPOSITORY / 'dashboards' / 'alerts.rules.yml'


class Phone:
    """Takes Alertmanager's posts."""

    def __init__(self):
        self.calls, calls = [], self
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                calls.calls += [(one['status'], one['labels'], one['annotations']) for one in body['alerts']]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}/'

    def names(self, status):
        return {labels['alertname'] for its, labels, _ in self.calls if its == status}

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def phone():
    one = Phone()
    yield one
    one.close()


def evaluations(prometheus):
    """Times at which every group of rules was evaluated last."""
    return {group['name']: group['lastEvaluation'] for group in prometheus.rules()}


def wait_for_evaluations(prometheus, times):
    """Until each group of rules was evaluated so often from now on."""
    seen = collections.defaultdict(set)

    def often_enough():
        for name, at in evaluations(prometheus).items():
            seen[name].add(at)
        return all(len(ats) > times for ats in seen.values())
    wait_for(often_enough, 60 + 3 * times, f'{times} evaluations of every rule', 0.3)


def test_a_person_hears_of_a_fault_and_of_its_end_and_of_nothing_else(pipeline, phone, tmp_path):
    quick = tmp_path / 'alerts.rules.yml'
    text, count = re.subn(r'^( +for:) \w+$', r'\1 5s', RULES.read_text(), flags=re.M)
    assert count > 20
    quick.write_text(text)
    rules = tmp_path / 'rules'
    shutil.copytree(REPOSITORY / 'rules', rules)
    weir = pipeline.start(rules={'directories': [str(rules)]})
    alertmanager = Alertmanager(tmp_path / 'alertmanager', phone.url).start()
    prometheus = PrometheusServer(tmp_path / 'prometheus', [f'127.0.0.1:{weir.port}'], [quick], alertmanager=alertmanager.address).start()
    try:
        # Some traffic, then a quiet night.
        pipeline.broker.produce(pipeline.requests, [json.dumps({'ip': '192.0.2.1', 'method': 'GET', 'path': '/', 'status': 200,
                                                                'ts': '2025-01-15T12:00:00Z'}).encode()] * 20)
        weir.wait_for_metric(RECORDS, 20)
        wait_for_evaluations(prometheus, 20)
        assert phone.calls == []

        # Rules that do not compile, and their end.
        (rules / 'broken.yml').write_text('title: [unclosed')
        weir.reload()
        wait_for(lambda: 'WeirReloadFailed' in phone.names('firing'), 60, 'the alert of a refused reload', 0.3)
        (rules / 'broken.yml').unlink()
        weir.reload()
        wait_for(lambda: 'WeirReloadFailed' in phone.names('resolved'), 60, 'its end', 0.3)
        assert phone.names('firing') == {'WeirReloadFailed'}

        # A process that is gone, and its return.
        weir.kill()
        wait_for(lambda: 'WeirDown' in phone.names('firing'), 60, 'the alert of a process that is gone', 0.3)
        weir.start()
        wait_for(lambda: 'WeirDown' in phone.names('resolved'), 60, 'its end', 0.3)

        wait_for_evaluations(prometheus, 10)
        # Of a start alone: it may take longer than five seconds, though not the minutes that these rules wait.
        of_start = {'WeirNotReady', 'WeirNoPartitions'}
        assert phone.names('firing') - of_start == {'WeirReloadFailed', 'WeirDown'}
        wait_for(lambda: phone.names('resolved') == phone.names('firing'), 60, 'the end of all', 0.3)
        for _, labels, annotations in phone.calls:
            assert labels['severity'] in ('warning', 'critical')
            assert labels['alertname'] in of_start or labels['instance'] in annotations['summary']
            assert annotations['runbook_url'].endswith('#' + labels['alertname'].lower())
    finally:
        prometheus.stop()
        alertmanager.stop()

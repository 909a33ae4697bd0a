"""What reaches a person: the shipped alert rules in a real Prometheus, whose alerts a real Alertmanager hands on.

The rules' durations (`for:`) are twelve seconds here: longer than a busy machine keeps the servers from their scrapes, and shorter than an idle
time of some twenty of them.
"""
import collections
import json
import re
import shutil

import pytest

from prometheus_server import Alertmanager, PrometheusServer
from waiting import wait_for
from webhook import Webhook
from weir_process import RECORDS, REPOSITORY

RULES = REPOSITORY / 'dashboards' / 'alerts.rules.yml'


class Phone(Webhook):
    """Takes Alertmanager's posts."""

    @property
    def alerts(self):
        return [alert for body in self.bodies for alert in body['alerts']]

    def names(self, status):
        return {alert['labels']['alertname'] for alert in self.alerts if alert['status'] == status}


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
    text, count = re.subn(r'^( +for:) \w+$', r'\1 12s', RULES.read_text(), flags=re.M)
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
        assert phone.alerts == []

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

        wait_for_evaluations(prometheus, 20)
        # Of a start alone: it may take longer than that, though not the minutes that these rules wait.
        of_start = {'WeirNotReady', 'WeirNoPartitions'}
        assert phone.names('firing') - of_start == {'WeirReloadFailed', 'WeirDown'}
        wait_for(lambda: phone.names('resolved') == phone.names('firing'), 60, 'the end of all', 0.3)
        for alert in phone.alerts:
            labels, annotations = alert['labels'], alert['annotations']
            assert labels['severity'] in ('warning', 'critical')
            assert labels['alertname'] in of_start or labels['instance'] in annotations['summary']
            assert annotations['runbook_url'].endswith('#' + labels['alertname'].lower())
    finally:
        prometheus.stop()
        alertmanager.stop()

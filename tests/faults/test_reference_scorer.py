"""The reference scorer agrees with `weir scan`, and the comparison sees what differs."""
import copy
import json
import subprocess
from pathlib import Path

import pytest
import yaml

import input_records
import published
from reference_scorer import Options, alerts_of
from weir_process import binary, environment
from workload import Workload

RULES = Path(__file__).resolve().parent / 'rules'
RECORDS = 100_000
FREQUENT = Options(update_counts=(5, 20, 50), update_interval_ms=5_000, idle_close_ms=10_000, client_idle_ms=60_000)


def configuration(options):
    """The part of weir.yaml that says the same as the options."""
    abuse = {name: getattr(options, name) for name in (
        'window_requests', 'addresses_min', 'addresses_points', 'user_agents_min', 'user_agents_points', 'bot_points',
        'regular_timing_points', 'regular_timing_intervals_min', 'regular_timing_mean_min_ms', 'suspicious_score')}
    abuse['regular_timing_variation_max'] = options.regular_timing_variation_max_percent / 100
    return {'abuse': abuse, 'bursts': {'enabled': False}, 'client_idle_ms': options.client_idle_ms, 'lateness_ms': options.lateness_ms,
            'episodes': {'update_counts': list(options.update_counts), 'update_interval_ms': options.update_interval_ms,
                         'idle_close_ms': options.idle_close_ms, 'opened_per_minute_max': 100_000_000}}


def scanned(values, options, folder):
    """The facts of the alerts that weir scan prints."""
    path, config = folder / 'requests.ndjson', folder / 'weir.yaml'
    path.write_bytes(b'\n'.join(values) + b'\n')
    config.write_text(yaml.safe_dump({'score': configuration(options)}))
    done = subprocess.run([binary(), 'scan', '--config', config, '--rules', RULES, '--output', 'alerts', '--close-episodes',
                           path], capture_output=True, check=True, env=environment())
    return [published.facts_of(json.loads(line)) for line in done.stdout.splitlines()]


def reference(values, options):
    return alerts_of((input_records.read('http.requests', 0, offset, value) for offset, value in enumerate(values)), options)


@pytest.mark.parametrize('seed, options', [
    (1, Options()), (2, FREQUENT), (3, FREQUENT), (4, Options(window_requests=5, regular_timing_intervals_min=4, idle_close_ms=20_000)),
    (5, Options(lateness_ms=0, idle_close_ms=3_000, update_counts=(2, 3), client_idle_ms=60_000)),
])
def test_weir_scan_and_the_reference_scorer_raise_the_same_alerts(tmp_path, seed, options):
    values = [value for _, value in Workload(seed, 1).records(RECORDS)]
    found = published.Comparison(reference(values, options), scanned(values, options, tmp_path))
    assert found.exact, '\n'.join(found.examples())
    assert found.expected > 1000


def test_the_workload_has_alerts_of_every_kind_phase_reason_and_severity():
    values = [value for _, value in Workload(7, 1).records(30_000)]
    alerts = reference(values, FREQUENT)
    assert {(one['kind'], one['phase']) for one in alerts} == {
        (kind, phase) for kind in ('attack', 'abuse') for phase in ('opened', 'updated', 'closed')}
    assert {reason for one in alerts for reason in one.get('reasons', ())} == {
        'rapid_ip_changes', 'user_agent_rotation', 'bot_user_agent', 'regular_timing'}
    assert {one['severity'] for one in alerts} >= {2, 3, 4, 5}
    assert {one['client_kind'] for one in alerts} == {'customer', 'api_key', 'address'}


def test_how_partitions_are_interleaved_changes_no_alert():
    by_partition = {0: [], 1: []}
    for partition, value in Workload(8, 2).records(20_000):
        by_partition[partition].append(value)
    read = {partition: [input_records.read('http.requests', partition, offset, value) for offset, value in enumerate(values)]
            for partition, values in by_partition.items()}
    options = copy.copy(FREQUENT)
    options.lateness_ms = 7_200_000
    one_after_the_other = alerts_of(read[0] + read[1], options)
    reverse = alerts_of(read[1] + read[0], options)
    assert published.Comparison(one_after_the_other, reverse).exact


@pytest.fixture(scope='module')
def alerts():
    return reference([value for _, value in Workload(9, 1).records(5_000)], FREQUENT)


def test_a_missing_alert_is_lost(alerts):
    assert published.Comparison(alerts, alerts[1:]).figures() == {
        'expected': len(alerts), 'published': len(alerts) - 1, 'lost': 1, 'duplicated': 0, 'different': 0}


def test_a_repeated_alert_is_duplicated(alerts):
    found = published.Comparison(alerts, alerts + alerts[:1])
    assert found.figures()['duplicated'] == 1 and not found.exact


@pytest.mark.parametrize('name', ['count', 'severity', 'time', 'address', 'record', 'start'])
def test_a_changed_fact_is_different(alerts, name):
    changed = [dict(alerts[0], **{name: 'changed'})] + alerts[1:]
    found = published.Comparison(alerts, changed)
    assert found.figures()['different'] == 1 and name in found.examples()[0]


def test_an_alert_that_must_not_exist_is_different(alerts):
    assert published.Comparison(alerts, alerts + [dict(alerts[0], id='another')]).figures()['different'] == 1

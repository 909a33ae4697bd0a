"""The alert rules for Prometheus: a whole system with one fault at a time fires the alert of that fault and no other, and the
alert ends with the fault. Judged by promtool, a value a minute."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
RULES = REPOSITORY / 'dashboards/alerts.rules.yml'
NAMES = [rule['alert'] for group in yaml.safe_load(RULES.read_text())['groups'] for rule in group['rules']]
STAGES = ('detect', 'score')


# --- a value a minute, as pieces of (minutes, what happens)

def counter(*pieces):
    """Growth by so much a minute, piece after piece."""
    values = [0]
    for minutes, growth in pieces:
        values += [values[-1] + growth * (i + 1) for i in range(minutes)]
    return values


def gauge(*pieces):
    """A constant, piece after piece; a pair grows evenly from its first value to its second."""
    values = []
    for minutes, value in pieces:
        first, last = value if isinstance(value, tuple) else (value, value)
        values += [first + (last - first) * i / max(1, minutes - 1) for i in range(minutes)]
    return values + values[-1:]


QUIET, FAULT, AFTER = 40, 40, 80          # minutes before, with, and after a fault
ALL = QUIET + FAULT + AFTER


def fault_counter(growth):
    return counter((QUIET, 0), (FAULT, growth), (AFTER, 0))


def fault_gauge(normal, wrong):
    return gauge((QUIET, normal), (FAULT, wrong), (AFTER, normal))


def system(minutes=ALL, busy=True):
    """{series: values} of two instances that do well; idle ones consume nothing."""
    per_minute = 600 if busy else 0
    series = {}
    for name in ('one:9464', 'two:9464'):
        def add(metric, values, host=name, **labels):
            chosen = ', '.join(f'{key}="{value}"' for key, value in {'job': 'weir', 'instance': host, **labels}.items())
            series[f'{metric}{{{chosen}}}'] = values
        add('up', gauge((minutes, 1)))
        add('process_start_time_seconds', gauge((minutes, 1000)))
        add('process_open_fds', gauge((minutes, 80)))
        add('process_max_fds', gauge((minutes, 65536)))
        add('weir_ready', gauge((minutes, 1)))
        add('process_resident_memory_bytes', gauge((minutes, 300e6)))
        add('weir_memory_limit_bytes', gauge((minutes, 1e9)))
        add('weir_certificate_end_timestamp_seconds', gauge((minutes, 90 * 86400)))
        add('weir_rules_last_reload_successful', gauge((minutes, 1)))
        add('weir_rules_info', gauge((minutes, 1)), fingerprint='aa')
        add('weir_records_total', counter((minutes, per_minute)))
        add('weir_observations_total', counter((minutes, per_minute)))
        add('weir_parse_errors_total', counter((minutes, per_minute / 1000)), reason='invalid_json')
        for metric in ('truncated_records', 'scan_failures', 'dead_letters_truncated', 'quarantined_records', 'bad_observation_blocks', 'foreign_observation_blocks',
                       'clients_evicted', 'capped_scans', 'expression_limits', 'exclusions_left_out', 'wrong_clock_records', 'order_late_records', 'order_early_records', 'alerts_trimmed', 'state_chunks_lost', 'state_chunks_damaged', 'state_restores', 'state_restore_seconds'):
            add(f'weir_{metric}_total', counter((minutes, 0)))
        add('weir_decisions_skipped_total', counter((minutes, 0)), why='budget')
        served = name.replace('9464', '8080')
        add('up', gauge((minutes, 1)), served, job='weir-decisions')
        add('weir_decisions_ready', gauge((minutes, 1)), served, job='weir-decisions')
        add('weir_decisions_behind_records', gauge((minutes, 0)), served, job='weir-decisions')
        add('weir_decisions_asked_timestamp_seconds', gauge((minutes, (0, 60 * (minutes - 1)))), served, job='weir-decisions')
        add('weir_sources_stuck', gauge((minutes, 0)))
        for lane in ('detect-0', 'score-0'):
            add('weir_clock_skew_seconds', gauge((minutes, 0.002)), lane=lane)
        for stage, topic in zip(STAGES, ('http.requests', 'weir.observations')):
            add('weir_consumed_messages_total', counter((minutes, per_minute)), stage=stage)
            add('weir_consumer_lag_records', gauge((minutes, 7 if busy else 0)), topic=topic, partition='0')
            add('weir_assigned_partitions', gauge((minutes, 4)), stage=stage)
            add('weir_unguarded_lanes', gauge((minutes, 0)), stage=stage)
            add('weir_lane_stalls_total', counter((minutes, 0)), stage=stage)
            add('weir_transactions_committed_total', counter((minutes, per_minute / 10)), stage=stage)
            for metric in ('commit_failures', 'transactions_aborted', 'delivery_errors', 'rebalances', 'records_lost'):
                add(f'weir_{metric}_total', counter((minutes, 0)), stage=stage)
        for bound in ('1', '60', '+Inf'):
            add('weir_end_to_end_seconds_bucket', counter((minutes, per_minute / 100)), le=bound)
    return series


def changed(series, changes):
    """The system with the series that begin so replaced: "metric" on every instance, "metric one" on the first."""
    result = dict(series)
    for wanted, values in changes.items():
        metric, _, rest = wanted.partition(' ')
        hits = [key for key in series if key.startswith(metric + '{') and all(word in key for word in rest.split())]
        assert hits, wanted
        result.update({key: values for key in hits})
    return result


def firing(series, minutes, tmp_path):
    """{minute: alerts that fire then}. promtool tells what it found when something else was expected."""
    test = {'interval': '1m', 'input_series': [{'series': key, 'values': ' '.join(map(str, values))} for key, values in series.items()],
            'promql_expr_test': [{'expr': 'count by (alertname) (ALERTS{alertstate="firing"})', 'eval_time': f'{minute}m',
                                  'exp_samples': [{'labels': 'nothing{}', 'value': 0}]} for minute in minutes]}
    file = tmp_path / 'alerts.test.yml'
    file.write_text(yaml.safe_dump({'rule_files': [str(RULES)], 'evaluation_interval': '1m', 'tests': [test]}))
    done = subprocess.run(['promtool', 'test', 'rules', file], capture_output=True, text=True, check=False, timeout=120)
    output = done.stdout + done.stderr
    found = {(int(days or 0) * 24 + int(hours or 0)) * 60 + int(minute or 0): set(re.findall(r'alertname="(\w+)"', got))
             for days, hours, minute, got in re.findall(
                 r'time: (?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:0s)?,\s*exp:.*?\bgot:(.*?)(?=\n\s*expr:|\Z)', output, re.S)}
    assert set(found) == set(minutes), output
    return found


needs_promtool = pytest.mark.skipif(not shutil.which('promtool'), reason='there is no promtool')

ONE = 'one:9464'
FAULTS = {
    'WeirDown': {f'up {ONE}': fault_gauge(1, 0)},
    'WeirRestarting': {f'process_start_time_seconds {ONE}': gauge((QUIET, 1000), (FAULT, (1100, 9000)), (AFTER, 9000))},
    'WeirReloadFailed': {f'weir_rules_last_reload_successful {ONE}': fault_gauge(1, 0)},
    'WeirDescriptorsLow': {f'process_open_fds {ONE}': fault_gauge(80, 60000)},
    'WeirNotReady': {f'weir_ready {ONE}': fault_gauge(1, 0)},
    'WeirMemoryNearLimit': {f'process_resident_memory_bytes {ONE}': fault_gauge(300e6, 950e6)},
    'WeirUnreadableRecords': {'weir_parse_errors_total': fault_counter(20)},
    'WeirDeadLettersTruncated': {'weir_dead_letters_truncated_total': fault_counter(1)},
    'WeirScanFailures': {f'weir_scan_failures_total {ONE}': fault_counter(1)},
    'WeirTruncatedRecords': {'weir_truncated_records_total': fault_counter(60)},
    'WeirScansCapped': {f'weir_capped_scans_total {ONE}': fault_counter(3)},
    'WeirExpressionLimits': {f'weir_expression_limits_total {ONE}': fault_counter(3)},
    'WeirExclusionsLeftOut': {f'weir_exclusions_left_out_total {ONE}': fault_counter(3)},
    'WeirLaneStalls': {f'weir_lane_stalls_total {ONE} score': counter((QUIET, 0), (FAULT, 1), (AFTER, 0))},
    'WeirSourceStuck': {f'weir_sources_stuck {ONE}': fault_gauge(0, 2)},
    'WeirWrongClocks': {f'weir_wrong_clock_records_total {ONE}': fault_counter(12)},
    'WeirOutOfOrder': {f'weir_order_late_records_total {ONE}': fault_counter(12)},
    'WeirClockSkew': {f'weir_clock_skew_seconds {ONE} score': fault_gauge(0, -45)},
    'WeirUnguardedLanes': {f'weir_unguarded_lanes {ONE} detect': fault_gauge(0, 2)},
    'WeirAlertsTrimmed': {f'weir_alerts_trimmed_total {ONE}': fault_counter(1)},
    'WeirDecisionsLeftOut': {f'weir_decisions_skipped_total {ONE}': fault_counter(5)},
    'WeirDecisionsNotServed': {'weir_decisions_ready one:8080': fault_gauge(1, 0)},
    'WeirLagGrowing': {'weir_consumer_lag_records http.requests': fault_gauge(7, (200_000, 900_000))},
    'WeirStalled': {f'weir_consumer_lag_records {ONE} http.requests': fault_gauge(0, (50, 5000)),
                    f'weir_consumed_messages_total {ONE}': counter((QUIET - 10, 600), (FAULT + 10, 0), (AFTER, 600))},
    'WeirNoPartitions': {'weir_assigned_partitions detect': fault_gauge(4, 0)},
    'WeirCommitsFail': {f'weir_commit_failures_total {ONE} score': fault_counter(12)},
    'WeirTransactionsAborted': {f'weir_transactions_aborted_total {ONE} score': fault_counter(30)},
    'WeirDeliveryErrors': {f'weir_delivery_errors_total {ONE} detect': fault_counter(2)},
    'WeirRebalancing': {'weir_rebalances_total score': fault_counter(1)},
    'WeirRecordsLost': {f'weir_records_lost_total {ONE} detect': fault_counter(50)},
    'WeirBadBlocks': {f'weir_bad_observation_blocks_total {ONE}': fault_counter(1)},
    'WeirForeignBlocks': {f'weir_foreign_observation_blocks_total {ONE}': fault_counter(1)},
    'WeirAlertsLate': {'weir_end_to_end_seconds_bucket le="1"': counter((QUIET, 6), (FAULT, 0), (AFTER, 6)),
                       'weir_end_to_end_seconds_bucket le="60"': counter((QUIET, 6), (FAULT, 5), (AFTER, 6))},
    'WeirClientsEvicted': {'weir_clients_evicted_total': fault_counter(120)},
    'WeirStateLost': {'weir_state_chunks_lost_total': counter((QUIET, 0), (FAULT, 1), (AFTER, 0))},
    'WeirStateRestoreSlow': {'weir_state_restores_total': fault_counter(1), 'weir_state_restore_seconds_total': fault_counter(50)},
}
# These do not end with their fault, or take a day, and have tests of their own.
OTHERS = {'WeirCertificateEnds', 'WeirRecordsQuarantined', 'WeirNoInput', 'WeirDifferentRules'}


@needs_promtool
def test_promtool_accepts_the_rules():
    done = subprocess.run(['promtool', 'check', 'rules', RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize('busy', [True, False], ids=['busy', 'idle'])
def test_a_system_without_faults_is_silent(tmp_path, busy):
    minutes = 30 * 60
    series = system(minutes, busy)
    assert firing(series, [0, 1, 5, 20, 90, 600, 1500, 1790], tmp_path) == {at: set() for at in [0, 1, 5, 20, 90, 600, 1500, 1790]}


@needs_promtool
@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_fires_its_alert_alone_and_its_end_resolves_it(name, tmp_path):
    before, during, after = QUIET - 1, QUIET + FAULT - 1, ALL - 1
    assert firing(changed(system(), FAULTS[name]), [before, during, after], tmp_path) == {before: set(), during: {name}, after: set()}


@needs_promtool
def test_a_quarantined_record_is_told_until_the_process_is_restarted(tmp_path):
    series = changed(system(), {f'weir_quarantined_records_total {ONE}': gauge((QUIET, 0), (FAULT, 1), (AFTER, 0)),
                                f'process_start_time_seconds {ONE}': gauge((QUIET + FAULT, 1000), (AFTER, 6000))})
    assert firing(series, [QUIET - 1, QUIET + 2, QUIET + FAULT - 1, ALL], tmp_path) == {
        QUIET - 1: set(), QUIET + 2: {'WeirRecordsQuarantined'}, QUIET + FAULT - 1: {'WeirRecordsQuarantined'}, ALL: set()}


@needs_promtool
def test_a_certificate_is_told_of_two_weeks_before_its_end_until_a_new_one_lies_there(tmp_path):
    days, hour = 14 * 24 * 60, 60
    end = days + 2 * hour         # minutes from the start: two hours until two weeks are left
    series = changed(system(8 * hour), {f'weir_certificate_end_timestamp_seconds {ONE}': gauge((6 * hour, end * 60), (2 * hour, 400 * 86400))})
    assert firing(series, [hour, 2 * hour + 30, 4 * hour, 7 * hour], tmp_path) == {
        hour: set(), 2 * hour + 30: set(), 4 * hour: {'WeirCertificateEnds'}, 7 * hour: set()}


@needs_promtool
def test_rule_sets_that_differ_for_long_are_told(tmp_path):
    series = system()
    for values, fingerprint in ((gauge((QUIET, 1), (FAULT, 0), (AFTER, 1)), 'aa'), (gauge((QUIET, 0), (FAULT, 1), (AFTER, 0)), 'bb')):
        key = f'weir_rules_info{{job="weir", instance="{ONE}", fingerprint="{fingerprint}"}}'
        series[key] = [value if value else 'stale' for value in values]
    assert firing(series, [QUIET - 1, QUIET + 10, QUIET + FAULT - 1, ALL], tmp_path) == {
        QUIET - 1: set(), QUIET + 10: set(), QUIET + FAULT - 1: {'WeirDifferentRules'}, ALL: set()}


@needs_promtool
def test_no_input_is_told_only_when_there_was_some_at_this_time_yesterday(tmp_path):
    """Days of twelve busy hours and twelve quiet ones; on the third morning nothing comes."""
    hours = 60
    records = counter((12 * hours, 600), (12 * hours, 0), (12 * hours, 600), (12 * hours, 0), (4 * hours, 0), (2 * hours, 600))
    series = changed(system(54 * hours), {'weir_records_total': records, 'weir_parse_errors_total': counter((54 * hours, 0)),
                                          'weir_consumed_messages_total detect': records})
    at = [20 * hours, 30 * hours, 44 * hours, 50 * hours, 54 * hours - 1]
    assert firing(series, at, tmp_path) == {at[0]: set(), at[1]: set(), at[2]: set(), at[3]: {'WeirNoInput'}, at[4]: set()}


@needs_promtool
def test_an_idle_topic_with_a_record_now_and_then_is_not_stalled(tmp_path):
    lag = [1 if minute % 4 == 0 else 0 for minute in range(ALL + 1)]
    series = changed(system(busy=False), {'weir_consumer_lag_records': lag})
    at = list(range(0, ALL, 7))
    assert firing(series, at, tmp_path) == {minute: set() for minute in at}


NOT_SERVED = {'no answer': {'up one:8080': fault_gauge(1, 0)},
              'behind': {'weir_decisions_behind_records one:8080': fault_gauge(0, 3)},
              'no broker': {'weir_decisions_asked_timestamp_seconds one:8080': gauge((QUIET, (0, 60 * (QUIET - 1))), (FAULT, 60 * QUIET),
                                                                                     (AFTER, (60 * (QUIET + FAULT), 60 * (ALL - 1))))}}


@needs_promtool
@pytest.mark.parametrize('why', NOT_SERVED)
def test_decisions_that_are_not_told_are_noticed_whatever_keeps_them(why, tmp_path):
    before, during, after = QUIET - 1, QUIET + FAULT - 1, ALL - 1
    assert firing(changed(system(), NOT_SERVED[why]), [before, during, after], tmp_path) == {
        before: set(), during: {'WeirDecisionsNotServed'}, after: set()}


@needs_promtool
def test_one_instance_without_partitions_is_a_reserve_not_a_fault(tmp_path):
    series = changed(system(), {f'weir_assigned_partitions {ONE}': gauge((ALL, 0))})
    assert firing(series, [ALL - 1], tmp_path) == {ALL - 1: set()}


def test_every_rule_has_a_test():
    assert set(FAULTS) | OTHERS == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)


def test_every_rule_has_its_runbook_and_every_runbook_its_rule():
    runbooks = (REPOSITORY / 'docs/runbooks.md').read_text(encoding='utf-8')
    assert set(re.findall(r'^## (Weir\w+)$', runbooks, re.M)) == set(NAMES)
    for group in yaml.safe_load(RULES.read_text())['groups']:
        for rule in group['rules']:
            assert rule['annotations']['runbook_url'] == f'file:///usr/share/doc/weir/runbooks.md#{rule["alert"].lower()}'
            assert rule['labels']['severity'] in ('warning', 'critical')

"""The reference for bursts, by hand-made observations; scripts/faults compares it with weir."""
import random

import pytest

from burst_reference import BurstOptions, alerts_of
from observation_blocks import Observation
from reference_scorer import Options

START = 1_736_942_400_000        # the beginning of an hour


def observed(count, status=200, every_ms=1_000, kind='address', is_count=False, client_hash=7, path_hash=None, rules=0,
             start=START):
    return [Observation('http.requests', 0, number, start + number * every_ms, kind, '192.0.2.7', client_hash, '192.0.2.7',
                        number * 0x1234567890abcdef & (1 << 64) - 1 if path_hash is None else path_hash, status, is_count,
                        rules != 0, 1 << number % rules if rules else 0) for number in range(count)]


def alerts(observations, **options):
    return alerts_of(observations, Options(lateness_ms=3_600_000), BurstOptions(**options))


def reasons(observations, **options):
    return {one['reasons'] for one in alerts(observations, **options)}


def test_more_than_the_limit_within_a_window_is_a_burst():
    assert not alerts(observed(100, every_ms=500))
    opened, closed = alerts(observed(101, every_ms=500))
    assert (opened['phase'], opened['count'], opened['requests'], opened['retry_after']) == ('opened', 101, 101, 60)
    assert (closed['phase'], closed['count'], closed['start'], closed['end']) == ('closed', 101, START, START + 59_999)


def test_a_window_is_four_panes():
    later = observed(41, every_ms=0, start=START + 60_000)
    assert reasons(observed(60, every_ms=0, start=START + 15_000) + later) == {('request_rate',)}
    assert not reasons(observed(60, every_ms=0, start=START + 14_999) + later)


def test_retry_after_is_the_time_until_one_more_request_would_fit():
    # 30 in the oldest pane, 25 in each of the others: without the oldest 75 are left.
    spread = observed(30, every_ms=0) + [one for pane in (1, 2, 3) for one in observed(25, every_ms=0, start=START + pane * 15_000)]
    assert alerts(spread)[-1]['retry_after'] == 15


@pytest.mark.parametrize('observations, reason', [
    (observed(10, status=401, kind='customer'), 'failed_authentication'),
    (observed(60, status=404, kind='customer'), 'enumeration'),
    (observed(20, rules=5, kind='customer'), 'scanning'),
])
def test_failures_errors_and_hits_are_counted_for_all_clients(observations, reason):
    assert reasons(observations) == {(reason,)}


def test_accounts_that_fail_at_one_address_are_stuffed_and_sprayed():
    found = alerts(observed(40, status=401, is_count=True), auth_failures=1_000)
    assert {one['reasons'] for one in found} == {('credential_stuffing',), ('password_spraying',)}
    assert {one['severity'] for one in found} == {4}


def test_updates_come_at_the_counts_beyond_what_makes_a_burst():
    assert [(one['phase'], one['count']) for one in alerts(observed(1_200, every_ms=10))] == \
        [('opened', 101), ('updated', 1_000), ('closed', 1_200)]


def test_the_order_does_not_matter():
    observations = observed(700, status=401, every_ms=200, is_count=True)
    shuffled = random.Random(1).sample(observations, len(observations))
    assert sorted(map(repr, alerts(shuffled))) == sorted(map(repr, alerts(observations)))


def test_malicious_requests_of_few_rules_are_no_scanning():
    assert not reasons(observed(40, rules=4, kind='customer'))


def test_bursts_of_an_hour_are_one_incident():
    found = alerts(observed(1_200, every_ms=500) + observed(200, every_ms=100, start=START + 1_800_000))
    assert [(one['phase'], one['count']) for one in found] == [('opened', 101), ('updated', 1_000), ('closed', 1_400)]
    assert (found[-1]['start'], found[-1]['end']) == (START, START + 1_859_999)

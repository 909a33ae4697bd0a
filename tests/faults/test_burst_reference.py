"""The reference for bursts, by hand-made observations; scripts/faults compares it with weir."""
import pytest

from burst_reference import BurstOptions, alerts_of
from observation_blocks import Observation
from reference_scorer import Options

START = 1_736_942_400_000        # the beginning of a minute


def observed(count, status=200, every_ms=1_000, kind='address', is_count=False, client_hash=7, path_hash=None, rule_hits=0,
             start=START):
    return [Observation('http.requests', 0, number, start + number * every_ms, kind, '192.0.2.7', client_hash, '192.0.2.7',
                        number * 0x1234567890abcdef & (1 << 64) - 1 if path_hash is None else path_hash, status, is_count,
                        rule_hits) for number in range(count)]


def opened(observations, **options):
    """[(number of the record, reasons)] of the opening alerts."""
    return [(one['record'][2] + 1, one['reasons']) for one in alerts_of(observations, Options(), BurstOptions(**options))
            if one['phase'] == 'opened']


def test_the_request_after_the_limit_opens_a_burst():
    assert opened(observed(101, every_ms=500)) == [(101, ('request_rate',))]
    assert opened(observed(100, every_ms=500)) == []


def test_the_previous_period_counts_by_its_part_of_the_window():
    # 100 in a minute, then 15 s into the next one: 75 of them still count, so the 26th more is too many.
    later = observed(40, every_ms=0, start=START + 75_000)
    alerts = alerts_of(observed(100, every_ms=500) + later, Options(), BurstOptions())
    assert alerts[0]['record'][2] + 1 == 26
    assert alerts[0]['requests'] == 101


def test_retry_after_is_the_time_until_one_more_request_would_fit():
    # The 101st at 50 s: 10 s to the end of the period, then until 101 weigh no more than 99: 1.2 s.
    assert alerts_of(observed(101, every_ms=500), Options(), BurstOptions())[0]['retry_after'] == 12


@pytest.mark.parametrize('observations, reason', [
    (observed(10, status=401, kind='customer'), 'failed_authentication'),
    (observed(80, status=404, kind='customer'), 'enumeration'),
    (observed(5, rule_hits=10, kind='customer'), 'scanning'),
])
def test_failures_errors_and_hits_are_counted_for_all_clients(observations, reason):
    assert [reasons for _, reasons in opened(observations)] == [(reason,)]


def test_accounts_that_fail_at_one_address_are_stuffed_and_sprayed():
    alerts = alerts_of(observed(40, status=401, is_count=True), Options(), BurstOptions(auth_failures=1_000))
    assert alerts[-1]['phase'] == 'closed'
    assert alerts[-1]['reasons'] == ('credential_stuffing', 'password_spraying')
    assert alerts[-1]['severity'] == 4


def test_many_tries_for_each_account_are_no_spraying():
    tries = [one._replace(path_hash=one.offset % 12 * 0x1234567890abcdef & (1 << 64) - 1)
             for one in observed(400, status=401, is_count=True, every_ms=20)]
    alerts = alerts_of(tries, Options(), BurstOptions(auth_failures=1_000, requests_max=1_000, accounts=8))
    assert alerts[0]['reasons'] == ('credential_stuffing', 'password_spraying')        # as long as there are few
    assert alerts[0]['record'][2] < 12
    alerts = alerts_of(tries, Options(), BurstOptions(auth_failures=1_000, requests_max=1_000, accounts=8, spraying_tries=0))
    assert alerts[-1]['reasons'] == ('credential_stuffing',)


def test_a_late_record_is_counted_but_not_judged():
    late = observed(1, start=START - 1)
    assert opened(observed(100, every_ms=0) + late) == []

"""A record that crashes the process is found and set aside; everything else is worked on once."""
import collections
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import traffic
from test_pipeline import client_of
from waiting import wait_for
from weir_process import DEAD_LETTERS, binary

sys.path.append(str(Path(__file__).resolve().parents[1] / 'faults'))
from observation_blocks import observations_of    # noqa: E402

POISON = 'poison-client'
QUARANTINED = 'weir_quarantined_records_total'


@pytest.fixture(autouse=True)
def crash_points():
    if subprocess.run([binary(), '--crash-points'], capture_output=True, check=False).returncode != 0:
        pytest.skip('this build cannot be made to crash')


def restarted_until_it_stays(weir, broker_done, crashes_max=10):
    """Starts it again and again as a service manager does; how often it crashed until everything was done."""
    for crashes in range(crashes_max):
        weir.launch()
        wait_for(lambda: not weir.process.running() or broker_done(), 60, 'a crash, or all records')
        if weir.process.running():
            return crashes
        assert weir.process.child.returncode == -signal.SIGSEGV, weir.process.log_tail()
    raise AssertionError(f'it crashed {crashes_max} times\n{weir.process.log_tail()}')


def test_a_record_that_crashes_the_detect_stage_is_set_aside_after_three_crashes(pipeline, tmp_path):
    records, attackers = traffic.with_attacks(3000)
    poison = traffic.record(1, 1.5, POISON, traffic.address(77))
    records.insert(1700, poison)
    pipeline.broker.produce(pipeline.requests, records)
    weir = pipeline.weir(quarantine={'directory': str(tmp_path)}, kafka={'instance_id': 'host-1', 'session_timeout_ms': 6000})
    weir._env = {'WEIR_CRASH_ON': f'detect:{POISON}'}
    # A group that does not exist yet must not be asked for its offsets.
    done = lambda: weir.ready() and sum(pipeline.committed('detect').values()) == len(records)
    assert restarted_until_it_stays(weir, done) == 3
    wait_for(lambda: pipeline.all_scored() and pipeline.decided('dead_letter'), 60, 'all alerts and dead letters')

    metrics = weir.metrics()
    assert metrics.sum(QUARANTINED) == 1 and metrics.sum(DEAD_LETTERS) == 1
    (key, value, headers), = pipeline.dead_letters()
    assert value == poison
    assert headers['__connect.errors.exception.class.name'] == b'quarantined'
    assert b'crashed 3 times' in headers['__connect.errors.exception.message']
    where = int(headers['__connect.errors.partition']), int(headers['__connect.errors.offset'])
    observed = collections.Counter()
    for _, block, _ in pipeline.broker.raw_records(pipeline.topics['observations']):
        observed.update((one.partition, one.offset) for one in observations_of(block, [pipeline.requests]) if not one.is_count)
    wanted = {(number % 4, number // 4) for number in range(len(records))} - {where}
    assert observed == collections.Counter(wanted)
    assert attackers <= {client_of(one) for one in pipeline.alerts()}
    assert 'signal 11' in weir.log() and 'time 3 of 3: the record is quarantined' in weir.log()
    assert weir.stop() == 0, weir.process.log_tail()


def test_a_block_that_crashes_the_score_stage_is_set_aside_and_the_rest_is_scored(pipeline, tmp_path):
    weir = pipeline.weir(quarantine={'directory': str(tmp_path)}, kafka={'instance_id': 'host-1', 'session_timeout_ms': 6000})
    weir._env = {'WEIR_CRASH_ON': f'score:{POISON}'}
    pipeline.broker.produce(pipeline.requests, [traffic.record(1, 1.5, POISON, traffic.address(77))])
    assert restarted_until_it_stays(weir, lambda: weir.ready() and weir.metric(QUARANTINED) == 1) == 3
    records, attackers = traffic.with_attacks(3000)
    pipeline.broker.produce(pipeline.requests, records)
    wait_for(lambda: attackers <= {client_of(one) for one in pipeline.alerts()}, 60, 'all alerts')
    wait_for(lambda: pipeline.decided('dead_letter'), 60, 'the dead letter')
    (_, value, headers), = pipeline.dead_letters()
    assert POISON.encode() in value
    assert headers['__connect.errors.stage'] == b'score'
    assert weir.stop() == 0
    weir.start()     # nothing crashes when the state is restored
    assert weir.stop() == 0, weir.process.log_tail()

"""A stop while the brokers give no answer: it takes as long as the documents say, and tells what it could not commit."""
import re
import signal
import time

import pytest

import traffic
from conftest import Pipeline
from kafka_broker import KafkaBroker
from weir_process import REPOSITORY

RULES = {'directories': [str(REPOSITORY / 'tests' / 'faults' / 'rules')]}
# 8 s for an answer and 2 s for the library to let go; what a busy machine adds stays far below the next time-out, a minute.
STOP_SECONDS = 30
# A transaction lasts 30 s at most.
INTERVAL_MS = {'exactly_once': 20_000, 'at_least_once': 60_000}


@pytest.fixture
def broker(tmp_path):
    """One that the test may bring to a halt. Nobody asks it anything after that: it has lost its session with itself."""
    one = KafkaBroker(tmp_path / 'broker').start()
    yield one
    one._process.signal(signal.SIGCONT)
    one.kill()


@pytest.mark.parametrize('delivery', ['exactly_once', 'at_least_once'])
def test_a_stop_ends_in_time_though_a_commit_has_no_answer(broker, tmp_path, delivery):
    pipeline = Pipeline(broker, tmp_path)
    # So long an interval that the stop itself commits.
    changes = {'delivery': delivery, 'rules': RULES, 'lanes': {'detect': 1, 'score': 1}, 'batch': {'commit_interval_ms': INTERVAL_MS[delivery]},
               'kafka': {'instance_id': 'host-1', 'session_timeout_ms': 6000}}
    weir = pipeline.weir(**changes)
    try:
        weir.start()
        broker.produce(pipeline.requests, list(traffic.benign(300)))
        weir.wait_for_metric('weir_records_total', 300)
        broker._process.signal(signal.SIGSTOP)
        # On a slow machine the interval may have ended before; now nothing can be committed any more.
        is_committed = weir.metrics().sum('weir_commits_total') > 0
        begin = time.monotonic()
        assert weir.stop(120) == 0, weir.process.log_tail()
        took = time.monotonic() - begin
        assert took < STOP_SECONDS, f'{took:.1f} s\n{weir.process.log_tail()}'
        if delivery == 'at_least_once' and not is_committed:
            assert re.search('not committed|without committing', weir.log()), weir.process.log_tail()
    finally:
        broker._process.signal(signal.SIGCONT)
        pipeline.close()

"""weir replay --from-state: what it says of the records that the daemons have not read is what they say when they read them, with the
episodes that were open and the windows that were half full."""
import json
import re
from collections import Counter
from datetime import datetime, timezone

import pytest
from confluent_kafka import Consumer, TopicPartition

import traffic
from command import run
from conftest import Pipeline
from test_replay import BURSTS, PARTITIONS, QUIET, produce, ten_minutes
from waiting import wait_for

EVENING = 2_000
CUT = 18    # seconds: attackers and people are in the midst of it


def new_pipeline(broker, folder):
    one = Pipeline(broker, folder)
    one.requests = one.topics['requests'] = f'{one.group}.replayed'
    broker.create_topic(one.requests, PARTITIONS, {'retention.ms': '-1'})
    return one


def daemon(pipeline, **changes):
    changes = {'lanes': {'detect': 2, 'score': 2}, **changes}
    return pipeline.weir(score={'bursts': BURSTS, 'watermarks': True, 'snapshot_round_ms': 1_000}, **changes)


def evening():
    """Long after everything else, so many people in each partition that its time goes there: what is open closes before them."""
    return [(number % PARTITIONS, int((traffic.START + EVENING + number / 10) * 1000),
             traffic.record(3_000_000 + number, EVENING + number / 10, f'late-{number}', traffic.address(400_000 + number)))
            for number in range(60 * PARTITIONS)]


def parts(*cuts):
    """The records of the first busy minutes before, between and behind these seconds of event time."""
    bounds = [-1, *(int((traffic.START + cut) * 1000) for cut in (*cuts, QUIET))]
    records = ten_minutes()
    return [[one for one in records if begin <= one[1] < end] for begin, end in zip(bounds, bounds[1:])]


def feed(pipeline, records, before=0):
    """As it comes: no partition far ahead of another."""
    for begin in range(0, len(records), 250):
        produce(pipeline.broker, pipeline.requests, records[begin:begin + 250])
        wanted = before + min(begin + 250, len(records))
        wait_for(lambda: pipeline.observed() >= wanted, 60, 'the records to be read')


def published(pipeline):
    return [value.decode() for _, value, _ in pipeline.broker.raw_records(pipeline.topics['alerts'])]


def chunks_stored(pipeline):
    """Of each partition of the observations that has had some."""
    keys = [key.decode() for key, _, _ in pipeline.broker.raw_records(pipeline.topics['state'])]
    found = {key.split('/')[1] for key in keys if not key.endswith('/genesis')}
    return found and found == {key.split('/')[1] for key in keys if key.endswith('/genesis')}


def replay(weir, *arguments):
    done = run('replay', '--config', weir.config_path, *arguments, '-o', 'alerts')
    assert done.code == 0, done
    return done


def wait_until_said(pipeline, lines, before):
    """The daemons have published these besides `before`, and nothing else. What closes may do so when they are told that every source is at
    its end, seconds after the last record."""
    wanted = Counter(before) + Counter(lines)

    def difference():
        now = Counter(published(pipeline))
        return {'missing': list((wanted - now).elements())[:3], 'more': list((now - wanted).elements())[:3]}
    wait_for(lambda: Counter(published(pipeline)) == wanted, 60, lambda: str(difference())[:2000])


@pytest.fixture(scope='module')
def halted(broker, tmp_path_factory):
    """Daemons that were stopped in the midst of it, and what came afterwards: (pipeline, a daemon to be started, alerts so far, records
    before and after)."""
    one = new_pipeline(broker, tmp_path_factory.mktemp('from-state'))
    first, second = parts(CUT)
    try:
        weir = daemon(one)
        weir.start()
        feed(one, first)
        wait_for(one.all_scored, 60, 'all observations', 0.2)
        wait_for(lambda: chunks_stored(one), 60, 'a round of snapshots')
        assert weir.stop() == 0, weir.process.log_tail()
        so_far = published(one)
        assert len(so_far) > 5
        produce(broker, one.requests, second)
        yield one, weir, so_far, len(first), len(second)
    finally:
        one.close()


def groups_and_ends(pipeline):
    groups = pipeline.broker.admin.list_consumer_groups().result(60).valid
    return ({name: pipeline.broker.end_offsets(name) for name in pipeline.topics.values() if name in pipeline.broker.topics()},
            pipeline.committed(), pipeline.committed('score'), {group.group_id for group in groups if 'tests' not in group.group_id})


def test_what_stopped_daemons_have_before_them(halted):
    pipeline, weir, so_far, first, second = halted
    before = groups_and_ends(pipeline)
    done = replay(weir, '--from-state')
    after = groups_and_ends(pipeline)
    assert after[:-1] == before[:-1] and not after[-1] - before[-1]      # groups of other tests may end at any time
    lines = done.out.splitlines()
    assert f'{second:,} offsets of {PARTITIONS} partitions' in done.err and 'begins with the daemons' in done.err, done.err
    assert replay(weir, '--from-state', '-j', '1').out == done.out
    cold = replay(weir, '--from', traffic_time(CUT)).out.splitlines()
    assert Counter(cold) != Counter(lines), 'episodes that were open begin again without the state'
    assert uids(lines) & uids(so_far), 'an episode that was open goes on'
    run_until_read(pipeline, weir, first + second)
    wait_until_said(pipeline, lines, so_far)
    # Beside a daemon that has read everything there is nothing to say.
    done = replay(weir, '--from-state')
    assert done.out == '' and '0 offsets of' in done.err, done
    assert weir.stop() == 0, weir.process.log_tail()
    # Everything that is open ends with the evening.
    late = evening()
    produce(pipeline.broker, pipeline.requests, late)
    ends = replay(weir, '--from-state').out.splitlines()
    assert len(ends) > 10 and uids(ends) <= uids(so_far + lines)
    run_until_read(pipeline, weir, first + second + len(late))
    wait_until_said(pipeline, ends, so_far + lines)
    assert weir.stop() == 0, weir.process.log_tail()
    assert Counter(replay(weir, '--from', 'beginning').out.splitlines()) == Counter(so_far + lines + ends)


def uids(lines):
    return {json.loads(line)['finding_info']['uid'] for line in lines}


def run_until_read(pipeline, weir, records):
    weir.start()
    wait_for(lambda: pipeline.observed() == records, 60, 'all records')
    wait_for(pipeline.all_scored, 60, 'all observations', 0.2)


def commit(pipeline, offsets):
    """For the detect group, which has no member now."""
    consumer = Consumer({'bootstrap.servers': pipeline.broker.bootstrap, 'group.id': f'{pipeline.group}-detect'})
    try:
        consumer.commit(offsets=[TopicPartition(pipeline.requests, partition, offset) for partition, offset in offsets.items()],
                        asynchronous=False)
    finally:
        consumer.close()


def traffic_time(seconds):
    return datetime.fromtimestamp(traffic.START + seconds, timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def test_what_was_observed_and_not_yet_scored_belongs_to_the_state(broker, tmp_path):
    pipeline = new_pipeline(broker, tmp_path)
    first, second, third = parts(CUT, CUT + 6)
    try:
        whole = daemon(pipeline)
        whole.start()
        feed(pipeline, first)
        wait_for(pipeline.all_scored, 60, 'all observations', 0.2)
        assert whole.stop() == 0, whole.process.log_tail()
        detects = daemon(pipeline, stages=['detect'])
        detects.start()
        read = pipeline.committed()
        feed(pipeline, second, len(first))
        assert detects.stop() == 0, detects.process.log_tail()
        scored = pipeline.committed('score')
        produce(broker, pipeline.requests, third)
        done = replay(whole, '--from-state')
        again = int(re.search(r'([\d,]+) observations of it read again', done.err)[1].replace(',', ''))
        assert again >= len(second) and f'{len(third):,} offsets' in done.err, done.err
        assert pipeline.committed('score') == scored
        # As if the replay had looked before the second part was observed: what is of the replay is not of the state as well.
        everything, first_part = (Counter(replay(whole, '--from', 'beginning', *until).out.splitlines())
                                  for until in ([], ['--to', traffic_time(CUT)]))
        now = pipeline.committed()
        commit(pipeline, read)
        looked_before = replay(whole, '--from-state')
        assert f'{len(second) + len(third):,} offsets' in looked_before.err
        assert Counter(looked_before.out.splitlines()) == everything - first_part
        assert uids(looked_before.out.splitlines()) & uids(first_part), 'an episode that was open goes on'
        commit(pipeline, now)
        run_until_read(pipeline, whole, len(first) + len(second) + len(third))
        # The daemon says of the second part what the replay takes for said.
        earlier = replay(whole, '--from', 'beginning', '--to', traffic_time(CUT + 6)).out.splitlines()
        assert done.out
        wait_until_said(pipeline, done.out.splitlines(), earlier)
    finally:
        pipeline.close()


def test_what_makes_the_start_inexact_is_told(halted):
    pipeline, _, _, _, _ = halted
    other = pipeline.weir(delivery='at_least_once', score={'bursts': BURSTS})
    other.write_config()
    done = replay(other, '--from-state')
    assert "alerts may differ from the daemons': delivery is at_least_once" in done.err, done.err


@pytest.mark.parametrize('arguments, message', [
    (['--from', '-1h'], '--warm-up'),
    (['--warm-up', '1h'], '--warm-up'),
    (['--partitions', '1'], 'of all topics and partitions'),
    (['--topic', 'any'], 'of all topics and partitions'),
])
def test_wrong_usage_is_told(halted, arguments, message):
    _, weir, _, _, _ = halted
    done = run('replay', '--config', weir.config_path, '--from-state', *arguments)
    assert done.code == 2 and message in done.err, done


@pytest.mark.parametrize('changed, message', [
    ({'kafka': {'group_id': 'nobody'}}, 'has committed nothing'),
    ({'hash_key': 'another-key-than-before'}, 'another hash_key'),
    ({'kafka': {'topics': {'state': ''}}}, 'kafka.topics.state'),
    ({'score': {'clients_max': 4_000_000}}, 'another score.clients_max'),
])
def test_a_state_that_is_not_there_or_does_not_fit_is_refused(halted, changed, message):
    pipeline, weir, _, _, _ = halted
    other = pipeline.weir(**{**changed, 'score': {'bursts': BURSTS, **changed.get('score', {})}})
    other.write_config()
    done = run('replay', '--config', other.config_path, '--from-state')
    assert done.code in (1, 2) and message in done.err and done.out == '', done

"""score.order event_time: a client's records are spread over the partitions of the input, and however they are read, and whoever dies
meanwhile, the alerts are the same, byte for byte."""
import random

import pytest

import traffic
from test_backlog import group_of_its_own, nameless, produce
from test_exactly_once import PROCESS, assert_same, long_stories
from test_pipeline import kind_of, phase_of
from waiting import wait_for

PARTITIONS = 4
DISORDER_MS = 6_000
AT_ONCE = 40           # records that come at once: a second or two of event time, far below the disorder
SCORE = {'order': 'event_time', 'disorder_ms': DISORDER_MS, 'snapshot_round_ms': 1000,
         'bursts': {'requests_max': 20, 'scanning_requests': 4, 'scanning_rules': 2}}
BY_ARRIVAL = {**SCORE, 'order': 'arrival'}


def spread(seed=5, count=2_000):
    """[(partition, record)] by time: no key orders a client's records, which come from several servers."""
    _, records = long_stories(count=count, seed=seed)
    chance = random.Random(seed)
    return [(chance.randrange(PARTITIONS), record) for record in records]


def topic_of(pipeline, name):
    pipeline.requests = pipeline.topics['requests'] = f'{pipeline.group}.{name}'
    pipeline.broker.create_topic(pipeline.requests, PARTITIONS)


def told_whole(group):
    """{(client, kind, phase, id): payload} of all alerts, closing ones and the times of bursts included."""
    found = {}
    for one in group.alerts():
        key = (one['key'], kind_of(one), phase_of(one), one['headers']['ce_id'])
        assert key not in found, f'twice: {key}'
        found[key] = PROCESS.sub('', one['payload'])
    return found


def await_scored(group, weirs, count):
    """All records are observed, and none waits for its turn any more."""
    tail = lambda: f'{group.observed()} of {count}\n{weirs[0].process.log_tail()}'
    wait_for(lambda: group.observed() == count, 120, tail, 0.2)
    wait_for(group.all_scored, 90, tail, 0.2)
    if weirs[0].config['score']['order'] == 'arrival':
        return
    # The gauge is set about once a second by a lane that gets on, so that it counts only when that has committed since: how far the sources are
    # is told again and again. What came last may have had its turn before anybody looked.
    zeros, committed = [0], [[0] * len(weirs)]

    def nothing_waits():
        seen = [weir.metrics() for weir in weirs]
        now = [one.sum('weir_last_commit_timestamp_seconds', lane='score-0') for one in seen]
        if sum(one.sum('weir_waiting_records') for one in seen):
            zeros[0] = 0
        elif all(at > before for at, before in zip(now, committed[0])):
            zeros[0] += 1
            committed[0] = now
        return zeros[0] == 4
    wait_for(nothing_waits, 120, tail, 1)
    wait_for(group.all_scored, 90, tail, 0.2)


def end(group, weirs):
    """The alerts, after the processes have ended; none came too late or before its turn."""
    for weir in weirs:
        if weir.config['score']['order'] == 'event_time':
            assert weir.metrics().sum('weir_order_late_records_total') == 0, weir.process.log_tail()
        assert weir.metrics().sum('weir_order_early_records_total') == 0, weir.process.log_tail()
        assert weir.stop() == 0, weir.process.log_tail()
    return told_whole(group)


def read_all(pipeline, name, count, processes=1, score=SCORE, **changes):
    """What a group of its own makes of all that is there."""
    group = group_of_its_own(pipeline, name)
    weirs = [group.weir(score=score, kafka={'instance_id': f'host-{i}', 'session_timeout_ms': 6000}, **changes) for i in range(processes)]
    try:
        for weir in weirs:
            weir.start()
        await_scored(group, weirs, count)
        return end(group, weirs)
    finally:
        group.close()


def read_live(pipeline, name, numbered, score=SCORE):
    """What a group of its own makes of the records when they come while it reads, in the order of their times."""
    group = group_of_its_own(pipeline, name)
    weir = group.weir(score=score)
    try:
        weir.start()
        for begin in range(0, len(numbered), AT_ONCE):
            produce(group.broker, group.requests, numbered[begin:begin + AT_ONCE])
            wait_for(lambda: group.observed() == min(begin + AT_ONCE, len(numbered)), 60, 'what came', 0.02)
        await_scored(group, [weir], len(numbered))
        return end(group, [weir])
    finally:
        group.close()


def differing(one, other):
    return one.keys() ^ other.keys() | {key for key in one.keys() & other.keys() if one[key] != other[key]}


def test_however_the_partitions_are_read_the_alerts_are_the_same(pipeline):
    numbered = spread()
    topic_of(pipeline, 'live')
    live = read_live(pipeline, 'live', numbered)
    kinds = {key[1:3] for key in live}
    assert {('attack', 'opened'), ('abuse', 'opened'), ('burst', 'opened')} <= kinds and len(live) > 300
    one_lane = read_all(pipeline, 'one', len(numbered), lanes={'detect': 1, 'score': 1}, batch={'records_max': 7, 'commit_interval_ms': 20})
    assert_same(one_lane, live)
    assert_same(read_all(pipeline, 'two', len(numbered), processes=2), live)
    # By arrival they depend on it, or nothing is shown.
    assert differing(read_all(pipeline, 'arrival', len(numbered), score=BY_ARRIVAL), live)

    # The same partitions, filled one after the other.
    was = pipeline.requests
    topic_of(pipeline, 'backlog')
    produce(pipeline.broker, pipeline.requests, sorted(numbered, key=lambda one: one[0]))
    backlog = read_all(pipeline, 'backlog', len(numbered))
    assert nameless(backlog, pipeline.requests) == nameless(live, was)


def test_alerts_after_kills_are_those_of_an_undisturbed_run(pipeline):
    numbered = spread(seed=6)
    topic_of(pipeline, 'killed')
    weir = pipeline.weir(score=SCORE, kafka={'instance_id': 'host-1', 'session_timeout_ms': 6000})
    step = -(-len(numbered) // 6)
    for begin in range(0, len(numbered), step):
        weir.start()
        end_of_life = min(begin + step, len(numbered))
        for part in range(begin, end_of_life, AT_ONCE):
            produce(pipeline.broker, pipeline.requests, numbered[part:min(part + AT_ONCE, end_of_life)])
            wait_for(lambda: pipeline.observed() > part, 60, weir.process.log_tail, 0.02)
        assert weir.metrics().sum('weir_order_late_records_total') == 0
        weir.kill()     # in the middle: the last records are not scored, and thousands wait
    weir.start()
    await_scored(pipeline, [weir], len(numbered))
    assert 'restoring the state' in weir.log(), 'no restore was needed, so nothing is shown'
    found = end(pipeline, [weir])
    assert_same(found, read_all(pipeline, 'undisturbed', len(numbered)))
    assert len(found) > 300


def test_the_last_attack_before_a_pause_is_told_of(pipeline):
    """Nothing comes behind it that would move the clock."""
    weir = pipeline.weir(score=SCORE)
    weir.start()
    pipeline.broker.produce(pipeline.requests, [traffic.record(1, 1, 'attacker', traffic.address(1), **traffic.ATTACKS['sqli'])])
    wait_for(lambda: [one for one in pipeline.alerts() if kind_of(one) == 'attack'], 60, weir.process.log_tail, 0.5)
    assert weir.stop() == 0


def test_without_watermarks_it_is_refused(pipeline):
    weir = pipeline.weir(score={**SCORE, 'watermarks': False})
    with pytest.raises(AssertionError, match='ended with'):
        weir.start()
    assert 'score.order: event_time needs score.watermarks: true' in weir.log()

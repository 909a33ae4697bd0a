"""An hour of requests is there at once, in partitions of very different length: the alerts are those of reading them as they came."""
import os
import random
import re
import signal
import time
from collections import Counter

import pytest

import traffic
from test_exactly_once import told
from waiting import wait_for
from weir_process import OBSERVATIONS

WHOLE = bool(os.environ.get('WEIR_TESTS_WHOLE'))    # every seed and share: ten minutes more
HOUR = 3600
YEAR = 365 * 86_400
BURSTS = {'requests_max': 20, 'scanning_requests': 8}
BY_DEFAULT = {'snapshot_round_ms': 1000, 'bursts': BURSTS}
WRONG_CLOCKS = 'WeirClock'
STANDS_STILL_SECONDS = 6    # more than an interruption takes to be one (end_trust.h)
ID = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')


def an_hour(seed, wrong_clocks=0, ahead=YEAR):
    """{partition: [(moment, record)]}: each client's in one partition; partition 0 has by far the most, partition 7 few.
    So many records come from clients of their own whose clocks are `ahead`, by seconds."""
    chance = random.Random(seed)
    moments = []
    for number in range(12_000):
        moments.append((chance.random(), f'customer-{chance.randrange(700)}', None, {}))
    for number in range(120):
        # Two visits of some minutes, half an hour apart: two episodes.
        for begin in (chance.uniform(0, 0.35), chance.uniform(0.55, 0.9)):
            for _ in range(12):
                moments.append((begin + chance.uniform(0, 0.08), f'attacker-{number}', 400_000 + number, traffic.ATTACKS['sqli']))
    for number in range(wrong_clocks):
        moments.append((chance.random(), f'{WRONG_CLOCKS}-{number % 9}', 600_000 + number % 9, traffic.ATTACKS['sqli']))
    moments.sort(key=lambda one: one[0])
    partitions = {number: [] for number in range(8)}
    for number, (at, client, address, fields) in enumerate(moments):
        weight = sum(client.encode()) % 36
        partition = next(i for i, limit in enumerate((8, 15, 21, 26, 30, 33, 35, 36)) if weight < limit)
        seconds = at * HOUR + (ahead if client.startswith(WRONG_CLOCKS) else 0)
        address = 300_000 + sum(client.encode()) if address is None else address
        partitions[partition].append((at, traffic.record(number, seconds, client, traffic.address(address), **fields)))
    return partitions


def produce(broker, topic, numbered):
    """(partition, record) pairs, in their order."""
    from confluent_kafka import Producer
    producer = Producer({'bootstrap.servers': broker.bootstrap, 'linger.ms': 50, 'enable.idempotence': True})
    for partition, record in numbered:
        producer.produce(topic, record, partition=partition)
        producer.poll(0)
    assert producer.flush(60) == 0


def filled(pipeline, partitions, name='uneven'):
    """The number of records, after a topic of eight partitions was filled with them, one partition after the other."""
    pipeline.requests = pipeline.topics['requests'] = f"{pipeline.group}.{name}"
    pipeline.broker.create_topic(pipeline.requests, 8)
    produce(pipeline.broker, pipeline.requests, [(number, record) for number, records in partitions.items() for _, record in records])
    return sum(map(len, partitions.values()))


def others(alerts):
    """Without those of clients whose clocks are wrong."""
    return {key: payload for key, payload in alerts.items() if not key[0].startswith('customer:' + WRONG_CLOCKS) and
            WRONG_CLOCKS not in key[0] and not any(traffic.address(600_000 + i) in key[0] for i in range(9))}


def group_of_its_own(pipeline, name):
    """The same requests, with topics of its own for what comes of them."""
    from conftest import Pipeline
    other = Pipeline(pipeline.broker, pipeline.folder / name)
    other.folder.mkdir()
    other.requests = other.topics['requests'] = pipeline.requests
    return other


def await_all(group, count):
    wait_for(lambda: group.observed() == count, 120, lambda: f'all records; {group.observed()} of {count}\n{group.processes[0].process.log_tail()}', 0.5)
    wait_for(group.all_scored, 90, 'all observations', 0.2)


def run(pipeline, name, count, score, processes=1, joins=0):
    """The alerts of a group of its own over all requests, with so many processes from the start and so many that join meanwhile."""
    group = group_of_its_own(pipeline, name)
    weirs = [group.weir(score=score, lanes={'detect': 1, 'score': 1},
                        kafka={'instance_id': f'host-{i}', 'session_timeout_ms': 45_000}) for i in range(processes + joins)]
    try:
        for one in weirs[:processes]:
            one.start()
        if joins:
            wait_for(lambda: group.observed() > count // 10, 60, 'the first records', 0.05)
            for one in weirs[processes:]:
                one.start()
        await_all(group, count)
        held = sum(one.metrics().sum('weir_source_holds_total') for one in weirs)
        wrong = sum(one.metrics().sum('weir_wrong_clock_records_total') for one in weirs)
        for one in weirs:
            assert one.stop() == 0, one.process.log_tail()
        return told(group), {'held': held, 'wrong': wrong}
    finally:
        group.close()


def read_live(pipeline, partitions):
    """The alerts when the records come in the order of their moments, while a process with default settings reads."""
    live = group_of_its_own(pipeline, 'live')
    live.requests = live.topics['requests'] = pipeline.requests + '.live'
    live.broker.create_topic(live.requests, 8)
    records = sorted((at, number, record) for number, several in partitions.items() for at, record in several)
    weir = live.weir(score=BY_DEFAULT, lanes={'detect': 1, 'score': 1})
    try:
        weir.start()
        for begin in range(0, len(records), 250):  # about a minute
            produce(live.broker, live.requests, [(number, record) for _, number, record in records[begin:begin + 250]])
            wait_for(lambda: live.observed() == min(begin + 250, len(records)), 60, 'what came', 0.02)
        await_all(live, len(records))
        assert weir.stop() == 0, weir.process.log_tail()
        return told(live), live.requests
    finally:
        live.close()


def stopped_meanwhile(pipeline, partitions):
    """The alerts of a process that had read all that there was, stood still while the rest of the hour came, and goes on."""
    stopped = group_of_its_own(pipeline, 'stopped')
    stopped.requests = stopped.topics['requests'] = pipeline.requests + '.stopped'
    stopped.broker.create_topic(stopped.requests, 8)
    records = sorted((at, number, record) for number, several in partitions.items() for at, record in several)
    count = len(records) // 3
    weir = stopped.weir(score=BY_DEFAULT, lanes={'detect': 1, 'score': 1}, kafka={'session_timeout_ms': 45_000})
    try:
        weir.start()
        # Twenty minutes at once, to partitions whose ends were told already.
        produce(stopped.broker, stopped.requests, [(number, record) for _, number, record in records[:count]])
        wait_for(lambda: stopped.observed() == count, 60, 'what came before', 0.1)
        weir.process.signal(signal.SIGSTOP)
        since = time.monotonic()
        produce(stopped.broker, stopped.requests, [(number, record) for _, number, record in records[count:]])
        time.sleep(max(0.0, STANDS_STILL_SECONDS - (time.monotonic() - since)))
        weir.process.signal(signal.SIGCONT)
        await_all(stopped, len(records))
        assert weir.stop() == 0, weir.process.log_tail()
        return told(stopped), stopped.requests
    finally:
        stopped.close()


def nameless(alerts, topic):
    """What they say, whatever their topic is called: ids are made from its name. Without bursts of addresses that many partitions
    share: where an incident ends in a pause, the order of records within the lateness counts."""
    return Counter(ID.sub('""', payload.replace(topic, '')) for (_, kind, _, _), payload in alerts.items() if kind != 'burst')


def assert_same(found, wanted):
    """What differs in a few words: a comparison of thousands of alerts as texts would take minutes."""
    lost, added = sorted((wanted - found).elements()), sorted((found - wanted).elements())
    assert not lost and not added, f'{len(lost)} lost, {len(added)} too many; the first of each:\n{lost[:1]}\n{added[:1]}'


@pytest.mark.parametrize('seed', [1, 2, 3] if WHOLE else [1])
def test_a_backlog_of_an_hour_gives_the_alerts_of_live_reading(pipeline, seed):
    partitions = an_hour(seed)
    count = filled(pipeline, partitions)
    wanted = nameless(*read_live(pipeline, partitions))
    assert wanted.total() > 200
    alone, seen = run(pipeline, 'alone', count, BY_DEFAULT)
    assert seen['held'] > 0, 'nothing had to wait, so nothing is shown'
    assert seen['wrong'] == 0
    assert_same(nameless(alone, pipeline.requests), wanted)
    assert_same(nameless(run(pipeline, 'two', count, BY_DEFAULT, processes=2)[0], pipeline.requests), wanted)
    assert_same(nameless(run(pipeline, 'joined', count, BY_DEFAULT, joins=1)[0], pipeline.requests), wanted)
    if seed == 1:
        assert_same(nameless(*stopped_meanwhile(pipeline, partitions)), wanted)


@pytest.mark.parametrize('wrong, ahead', [(150, YEAR), (2, 165 * YEAR)] + ([(15, YEAR)] if WHOLE else []), ids=str)
def test_wrong_clocks_change_no_alert_of_others(pipeline, wrong, ahead):
    count = filled(pipeline, an_hour(4, wrong, 0), 'right')
    wanted = nameless(others(run(pipeline, 'right', count, BY_DEFAULT)[0]), pipeline.requests)
    assert wanted.total() > 200
    filled(pipeline, an_hour(4, wrong, ahead), 'wrong')
    alone, seen = run(pipeline, 'alone', count, BY_DEFAULT)
    assert seen['wrong'] == wrong
    assert_same(nameless(others(alone), pipeline.requests), wanted)
    if WHOLE:
        two, _ = run(pipeline, 'two', count, BY_DEFAULT, processes=2)
        assert_same(nameless(others(two), pipeline.requests), wanted)


def test_a_short_backlog_of_a_long_time_splits_no_episode(pipeline):
    """All of it comes with one fetch, so that each partition is at its end at once, and a block spans the hour."""
    partitions, count = 8, 0
    pipeline.requests = pipeline.topics['requests'] = f'{pipeline.group}.short'
    pipeline.broker.create_topic(pipeline.requests, partitions)
    records = []
    for number in range(60):
        for step in range(15):      # one every four minutes: an episode waits five for the next
            records.append((step * 240 + number, number % partitions, traffic.record(
                count, step * 240 + number, f'attacker-{number}', traffic.address(700_000 + number), **traffic.ATTACKS['sqli'])))
            count += 1
    produce(pipeline.broker, pipeline.requests, [(partition, record) for _, partition, record in sorted(records)])
    weir = pipeline.weir(score={'snapshot_round_ms': 1000}, lanes={'detect': 1, 'score': 1})
    weir.start()
    await_all(pipeline, count)
    phases = Counter(key[2] for key in told(pipeline))
    assert phases['opened'] == 60 and phases['closed'] == 0, phases
    assert weir.stop() == 0

"""The daemon between a real broker's topics: requests in, alerts and dead letters out, through restarts and kills."""
import collections
import sys
import threading
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

import ocsf
import traffic
from waiting import wait_for
from weir_process import DEAD_LETTERS, OBSERVATIONS, RECORDS, wait_for_total

sys.path.append(str(Path(__file__).resolve().parents[1] / 'faults'))
from observation_blocks import observations_of    # noqa: E402


def alerted_clients(alerts, kind='attack'):
    """{client: set of alert ids} of one kind's opening alerts."""
    found = collections.defaultdict(set)
    for one in alerts:
        if kind_of(one) == kind and phase_of(one) == 'opened':
            found[client_of(one)].add(one['headers']['ce_id'])
    return found


def client_of(one):
    return one['key']


def kind_of(one):
    return one['alert']['unmapped']['weir']['kind']


def phase_of(one):
    return one['alert']['unmapped']['weir']['phase']


def categories_of(one):
    return set(one['alert']['unmapped']['weir'].get('categories', []))


@pytest.mark.parametrize('codec', ['lz4', 'zstd'])
def test_alerts_of_every_kind_arrive_and_are_valid(pipeline, tmp_path, codec):
    weir = pipeline.start()
    observed = 0
    # One after the other: an unkeyed topic's partitions are read side by side, in no common order.
    for number, records in enumerate(traffic.every_kind_in_two_parts()):
        path = tmp_path / f'requests-{number}.ndjson'
        path.write_bytes(b'\n'.join(records) + b'\n')
        pipeline.broker.produce_file(pipeline.requests, path, codec)
        observed += len(records)
        weir.wait_for_metric(OBSERVATIONS, observed)

    wanted = {('attack', 'opened'), ('attack', 'updated'), ('attack', 'closed'), ('abuse', 'opened')}
    seen = lambda: {(kind_of(one), phase_of(one)) for one in pipeline.alerts()}
    wait_for(lambda: wanted <= seen(), 30, lambda: f'alerts of the kinds {sorted(wanted - seen())}', interval=0.3)
    wait_for(pipeline.all_scored, 60, 'all alerts', interval=0.3)     # one of each kind is there sooner than the others of its transaction

    alerts = pipeline.alerts()
    for one in alerts:
        ocsf.assert_valid(one['alert'])
        assert one['headers']['ce_specversion'] == '1.0'
        assert one['headers']['ce_id'] == one['alert']['metadata']['uid']
        assert one['key']
    assert len({one['headers']['ce_id'] for one in alerts}) == len(alerts)

    attackers = {client for client in alerted_clients(alerts) if 'attacker-' in client}
    assert {f'attacker-{family}' for family in traffic.ATTACKS} <= {client.split(':')[-1] for client in attackers}
    for family in traffic.ATTACKS:
        found = [one for one in alerts if client_of(one).endswith(f'attacker-{family}')]
        assert any(family in categories_of(one) for one in found), f'{family}: {[categories_of(one) for one in found]}'
    assert not {client for client in alerted_clients(alerts) if 'customer-' in client}, 'a well-behaved client is accused'

    abuse = [one['alert']['unmapped'] for one in alerts if kind_of(one) == 'abuse']
    assert any(verdict['suspicious'] is True and verdict['risk_score'] >= 50
               and {'rapid_ip_changes', 'user_agent_rotation'} <= set(verdict['reasons']) for verdict in abuse)


def test_a_bad_record_among_good_ones_lands_unchanged_in_the_dead_letters(pipeline):
    records, attackers = traffic.with_attacks(2000)
    bad = b'{"ts": "2025-01-15T12:00:00Z", "ip": "81.64.0.1", \x00\xff broken'
    records.insert(1234, bad)
    weir = pipeline.start()
    pipeline.broker.produce(pipeline.requests, records, 'lz4')
    weir.wait_for_metric(OBSERVATIONS, len(records) - 1)
    weir.wait_for_metric(DEAD_LETTERS, 1)

    letters = wait_for(pipeline.dead_letters, 30, 'the dead letter', interval=0.3)
    assert [value for _, value, _ in letters] == [bad]
    headers = letters[0][2]
    assert headers['__connect.errors.topic'].decode() == pipeline.requests
    partition, offset = divmod_position(1234)
    assert headers['__connect.errors.partition'].decode() == str(partition)
    assert headers['__connect.errors.offset'].decode() == str(offset)
    assert headers['__connect.errors.stage']
    assert headers['__connect.errors.exception.class.name']
    assert headers['__connect.errors.exception.message']
    assert b'broken' not in b''.join(value for name, value in headers.items() if 'topic' not in name), 'headers hold input bytes'

    wait_for(lambda: set(alerted_clients(pipeline.alerts())) >= attackers, 30, 'an alert for every attacker', interval=0.3)


def divmod_position(position, partitions=4):
    """(partition, offset) of the record that KafkaBroker.produce sent as number `position`."""
    return position % partitions, position // partitions


def test_two_processes_share_the_partitions_and_count_each_record_once(pipeline):
    first, second = pipeline.weir(), pipeline.weir()
    first.start()
    second.start()
    group = f'{pipeline.group}-detect'

    def spread():
        members = pipeline.broker.group_members(group)
        return len(members) == 4 and sorted(members.values()) == [1, 1, 1, 1]
    wait_for(spread, 60, lambda: f'one partition per lane; members: {pipeline.broker.group_members(group)}', interval=0.3)

    records, attackers = traffic.with_attacks(40_000)
    pipeline.broker.produce(pipeline.requests, records, 'zstd')
    wait_for_total([first, second], OBSERVATIONS, len(records))
    shares = [one.metrics().sum(RECORDS) for one in (first, second)]
    assert shares == [len(records) / 2] * 2
    assert sum(one.metrics().sum(OBSERVATIONS) for one in (first, second)) == len(records)

    wait_for(lambda: set(alerted_clients(pipeline.alerts())) >= attackers, 30, 'an alert for every attacker', interval=0.3)
    assert all(len(ids) == 1 for ids in alerted_clients(pipeline.alerts()).values())


def produce_in_background(pipeline, records):
    """Produces in pieces while the test goes on; returns the thread and an event that starts the second half."""
    go_on = threading.Event()
    half = len(records) // 2

    def produce():
        pipeline.broker.produce(pipeline.requests, records[:half], 'lz4')
        go_on.wait(60)
        pipeline.broker.produce(pipeline.requests, records[half:], 'zstd')
    thread = threading.Thread(target=produce)
    thread.start()
    return thread, go_on


def left_to_score(pipeline):
    """Observations behind what the score stage has committed. Blocks that only say how far the input was read come until the end."""
    topic, committed = pipeline.topics['observations'], pipeline.committed('score')
    ends = {number: end for number, end in pipeline.ends(topic, 'read_committed').items() if end > committed.get(number, 0)}
    consumer = Consumer({'bootstrap.servers': pipeline.broker.bootstrap, 'group.id': 'tests-left', 'isolation.level': 'read_committed',
                         'enable.auto.commit': False, 'enable.partition.eof': True})
    found, finished = [], set()
    try:
        consumer.assign([TopicPartition(topic, number, committed.get(number, 0)) for number in ends])

        def read():
            message = consumer.poll(0.2) if ends else None
            if message is not None and message.error():
                finished.add(message.partition())
            elif message is not None:
                found.extend(observations_of(message.value(), [pipeline.requests]))
            return finished >= ends.keys()
        wait_for(read, 30, f'the rest of {topic}', interval=0)
    finally:
        consumer.close()
    return found


def test_a_restart_in_the_middle_neither_loses_nor_repeats_a_record(pipeline):
    records, attackers = traffic.with_attacks(60_000)
    first = pipeline.start()
    producing, go_on = produce_in_background(pipeline, records)
    first.wait_for_metric(RECORDS, len(records) // 4)
    wait_for(pipeline.observed, 60, 'the first commit')
    go_on.set()
    assert first.stop() == 0, first.process.log_tail()
    producing.join()

    done = sum(pipeline.goes_on_from().values())
    assert 0 < done
    second = pipeline.start()
    rest = len(records) - done
    second.wait_for_metric(RECORDS, rest)
    wait_for(lambda: set(alerted_clients(pipeline.alerts())) >= attackers, 60, 'an alert for every attacker', interval=0.3)
    assert second.metrics().sum(RECORDS) == rest
    # A stop waits for Kafka for a while only.
    wait_for(lambda: pipeline.observed() == len(records) and pipeline.all_scored(), 60, 'all is scored', interval=0.3)
    assert second.stop() == 0, second.process.log_tail()

    assert sum(pipeline.goes_on_from().values()) == len(records)
    assert not left_to_score(pipeline)
    alerted = alerted_clients(pipeline.alerts())
    assert set(alerted) == attackers
    assert all(len(ids) == 1 for ids in alerted.values())


def test_a_kill_in_the_middle_loses_nothing(pipeline):
    records, attackers = traffic.with_attacks(60_000)
    first = pipeline.start()
    producing, go_on = produce_in_background(pipeline, records)
    first.wait_for_metric(RECORDS, len(records) // 4)
    go_on.set()
    first.kill()
    producing.join()

    done = sum(pipeline.goes_on_from().values())
    second = pipeline.start()
    second.wait_for_metric(RECORDS, len(records) - done, timeout=120)
    wait_for(lambda: set(alerted_clients(pipeline.alerts())) >= attackers, 60, 'an alert for every attacker', interval=0.3)
    wait_for(lambda: pipeline.observed() == len(records), 60, 'all is committed', interval=0.3)
    assert second.stop() == 0, second.process.log_tail()
    assert sum(pipeline.goes_on_from().values()) == len(records)
    alerted = alerted_clients(pipeline.alerts())
    assert set(alerted) == attackers
    assert all(len(ids) == 1 for ids in alerted.values()), 'a repeated record must give its alert the same id'


def test_a_restart_of_the_broker_is_survived(tmp_path):
    """A broker of its own, since others use the common one."""
    from conftest import Pipeline
    from kafka_broker import KafkaBroker
    broker = KafkaBroker(tmp_path / 'broker').start()
    pipeline = Pipeline(broker, tmp_path)
    try:
        records, attackers = traffic.with_attacks(4_000)
        weir = pipeline.start()
        broker.produce(pipeline.requests, records[:2000], 'lz4')
        weir.wait_for_metric(RECORDS, 2000)
        broker.stop()
        broker.start()
        broker.produce(pipeline.requests, records[2000:], 'lz4')
        weir.wait_for_metric(RECORDS, 4000, timeout=90)
        wait_for(lambda: set(alerted_clients(pipeline.alerts())) >= attackers, 60, 'an alert for every attacker', interval=0.3)
        assert weir.stop() == 0, weir.process.log_tail()
    finally:
        pipeline.close()
        broker.stop()

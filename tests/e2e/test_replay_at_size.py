"""Many records of 16 partitions: a replay says byte for byte what the daemon published while they were written, of every partition."""
import json
import os
import time
from collections import Counter

from confluent_kafka import Producer

import traffic
from command import run
from test_replay import BURSTS
from waiting import wait_for

RECORDS_COUNT = int(os.environ.get('WEIR_REPLAY_RECORDS', '60000'))
PARTITIONS = 16
RATE = 200          # records a second of event time
ATTACK_EVERY = 400  # records
GUESS_EVERY = 90
SURE = [traffic.ATTACKS[family] for family in traffic.SURE_ATTACKS]


def people(number):
    """An ordinary request, three in four as a customer, the others known by their address alone."""
    client = number * 2_654_435_761 % 8_009
    name = f'customer-{client}' if client % 4 else None
    return client, name, traffic.address(client), {}


def attacker(number):
    """Four to six hits each, a few seconds apart; some 250 clients a partition in five million records."""
    turn = number // ATTACK_EVERY
    client = turn // 20 * 4 + turn % 4
    return client, f'attacker-{client}', traffic.address(500_000 + client * 256), SURE[client % len(SURE)]


def guesser(number):
    """Who tries passwords of several accounts from one address, in a network of its own: correlations by network see one partition."""
    turn = number // GUESS_EVERY
    client = turn // 12
    return client, f'account-{client}-{turn % 3}', traffic.address(1_500_000 + client * 256), {'path': '/login', 'method': 'POST', 'status': 401}


def day():
    """(partition, milliseconds, record): all of a client, an address and a network that somebody attacks from stand in one partition."""
    for number in range(RECORDS_COUNT):
        who = attacker if number % ATTACK_EVERY == 7 else guesser if number % GUESS_EVERY == 11 else people
        client, name, address, fields = who(number)
        seconds = number / RATE
        line = traffic.record(number, seconds, name, address, **fields)
        yield client % PARTITIONS, int((traffic.START + seconds) * 1000), line


def evening():
    """Later, so many people in each partition that all that is open is closed."""
    for number in range(60 * PARTITIONS):
        seconds = RECORDS_COUNT / RATE + 3_000 + number / 100
        line = traffic.record(RECORDS_COUNT + number, seconds, f'late-{number}', traffic.address(3_500_000 + number))
        yield number % PARTITIONS, int((traffic.START + seconds) * 1000), line


def produce(broker, topic, records):
    producer = Producer({'bootstrap.servers': broker.bootstrap, 'linger.ms': 20, 'enable.idempotence': True, 'compression.type': 'lz4',
                         'queue.buffering.max.messages': 200_000})
    count = 0
    for partition, milliseconds, line in records:
        while True:
            try:
                producer.produce(topic, line, partition=partition, timestamp=milliseconds)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        count += 1
    assert producer.flush(60) == 0
    return count


def attackers():
    return {attacker(number)[1] for number in range(7, RECORDS_COUNT, ATTACK_EVERY)}


def test_a_replay_of_16_partitions_is_what_the_daemon_published(pipeline):
    broker = pipeline.broker
    pipeline.requests = pipeline.topics['requests'] = f'{pipeline.group}.sixteen'
    broker.create_topic(pipeline.requests, PARTITIONS, {'retention.ms': '-1'})
    weir = pipeline.start(score={'bursts': BURSTS})
    begin = time.monotonic()
    total = 0
    for part in day(), evening():    # one after the other: an hour does not pass while one partition is written and another not yet
        total += produce(broker, pipeline.requests, part)
        wait_for(lambda: pipeline.observed() == total, 60 + total / 2_000, lambda: f'{total} records; {pipeline.observed()}', 0.5)
    wait_for(lambda: pipeline.committed('score') and pipeline.decided('observations'), 60, 'the observations')
    spent = time.monotonic() - begin

    begin = time.monotonic()
    figures = pipeline.folder / 'replay.json'
    done = run('replay', '--config', weir.config_path, '--from', 'beginning', '-o', 'alerts', '--json', figures, timeout=60 + total / 500)
    assert done.code == 0, done
    replayed = time.monotonic() - begin
    lines = done.out.splitlines()
    assert json.loads(figures.read_text())['records'] == total

    def published():
        return broker.raw_records(pipeline.topics['alerts'], 60 + total / 10_000)
    # What closes does so when the daemon is told that every source is at its end, seconds after the last record.
    wait_for(lambda: len(published()) >= len(lines), 60, 'as many alerts', 0.5)
    assert weir.stop() == 0, weir.process.log_tail()
    alerts = published()
    wanted, found = Counter(lines), Counter(value.decode() for _, value, _ in alerts)
    difference = [list((wanted - found).elements()), list((found - wanted).elements())]
    assert not any(difference), f'{[len(one) for one in difference]} of {len(lines)}: {str([one[:2] for one in difference])[:3000]}'
    # And by what is known of the records: no partition is missing in both.
    known = attackers()
    missing = known - {key.decode() for key, _, _ in alerts}
    assert not missing, f'{len(missing)} attackers without an alert, such as {sorted(missing)[:5]}'
    assert {int(name.split('-')[1]) % PARTITIONS for name in known} == set(range(PARTITIONS))
    print(f'{total} records, {len(lines)} alerts of {len(known)} attackers and others: the same; '
          f'daemon {spent:.0f} s with writing them, replay {replayed:.0f} s')


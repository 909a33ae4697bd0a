"""weir replay against a real broker: what it says of a range is what the daemons said when they read it."""
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import traffic
from command import run, run_on_terminal
from test_pipeline import kind_of
from waiting import wait_for
from weir_process import binary, environment

PARTITIONS = 6
QUIET = 400     # seconds of event time in which all episodes close
BURSTS = {'requests_max': 20, 'scanning_requests': 8, 'auth_failures': 5}


def partition_of(client):
    """All of a client, and of an address, in one."""
    return 4 if client.startswith('account-') else sum(client.encode()) % PARTITIONS


def ten_minutes():
    """[(partition, milliseconds, record)] in the order of time: attackers of each family, one who goes on, an abuser, guessed passwords,
    and the people between them; then 400 quiet seconds and more of the same."""
    chance = random.Random(7)
    found = []

    def add(number, seconds, client, address, **fields):
        line = traffic.record(number, seconds, client, traffic.address(address), **fields)
        found.append((partition_of(client), int((traffic.START + seconds) * 1000), line))
    for part, begin in enumerate((0, QUIET + 100)):
        first = part * 1_000_000
        for number in range(3000):
            client = chance.randrange(400)
            add(first + number, begin + number / 30 + chance.random() * 0.01, f'customer-{client}', client)
        for number, (family, fields) in enumerate(traffic.ATTACKS.items()):
            for hit in range(1 + number % 3):
                add(first + 500_000 + number * 10 + hit, begin + 5 + number + hit * 3.3, f'attacker-{family}', 300_000 + number, **fields)
        for number in range(40):
            add(first + 510_000 + number, begin + 10 + number * 1.7, 'attacker-persistent', 310_000, **traffic.ATTACKS['sqli'])
        for number in range(12):
            add(first + 520_000 + number, begin + 20 + number * 2.1, f'account-{number % 5}', 320_000, path='/login', status=401)
        for line in traffic.abuser(f'abuser-{part}', first + 530_000, begin + 30):
            at = json.loads(line)['ts']
            moment = int(time.mktime(time.strptime(at[:19], '%Y-%m-%dT%H:%M:%S'))) - time.timezone
            found.append((partition_of(f'abuser-{part}'), moment * 1000 + int(at[20:23]), line))
    found.sort(key=lambda one: one[1])
    found.insert(1000, (2, found[1000][1], b'this is no record'))
    return found


def produce(broker, topic, records):
    """With the broker's times that they would have had."""
    from confluent_kafka import Producer
    producer = Producer({'bootstrap.servers': broker.bootstrap, 'linger.ms': 5, 'enable.idempotence': True})
    for partition, milliseconds, record in records:
        producer.produce(topic, record, partition=partition, timestamp=milliseconds)
        producer.poll(0)
    assert producer.flush(60) == 0


@pytest.fixture(scope='module')
def judged(broker, tmp_path_factory):
    yield from read_by_daemons(broker, tmp_path_factory, {'watermarks': False})


@pytest.fixture(scope='module')
def judged_by_watermarks(broker, tmp_path_factory):
    yield from read_by_daemons(broker, tmp_path_factory, {'watermarks': True})


def read_by_daemons(broker, tmp_path_factory, score):
    """A topic that daemons have read while it was written: the pipeline, its configuration, the records, and the alerts they sent."""
    from conftest import Pipeline
    one = Pipeline(broker, tmp_path_factory.mktemp('replay'))
    one.requests = one.topics['requests'] = f'{one.group}.replayed'
    broker.create_topic(one.requests, PARTITIONS, {'retention.ms': '-1'})
    weirs = [one.weir(score={'bursts': BURSTS, **score}, lanes={'detect': 2, 'score': 2}) for _ in range(2)]
    records = ten_minutes()
    try:
        for weir in weirs:
            weir.start()
        for begin in range(0, len(records), 250):     # as it comes: no partition far ahead of another
            produce(broker, one.requests, records[begin:begin + 250])
            wait_for(lambda: sum(one.committed().values()) >= min(begin + 250, len(records)), 60, 'the records to be read')
        wait_for(lambda: one.observed() == len(records), 60, lambda: f'all records; {one.observed()}')
        wait_for(one.all_scored, 60, 'all observations', 0.2)
        # What closes does so when the daemons are told that every source is at its end, seconds after the last record.
        expected = len(replay(weirs[0].config_path, '--from', 'beginning', '-o', 'alerts').out.splitlines())
        wait_for(lambda: len(broker.raw_records(one.topics['alerts'])) >= expected, 60, f'{expected} alerts', 0.5)
        for weir in weirs:
            assert weir.stop() == 0, weir.process.log_tail()
        alerts = broker.raw_records(one.topics['alerts'])
        assert len(alerts) > 40
        yield one, str(weirs[0].config_path), records, [(key.decode(), value.decode()) for key, value, _ in alerts]
    finally:
        one.close()


def replay(config, *arguments, **more):
    done = run('replay', '--config', config, *arguments, **more)
    assert done.code == 0, done
    return done


def in_order(lines, client_of):
    """{(client, kind): alerts in their order}"""
    found = defaultdict(list)
    for line in lines:
        found[client_of[line], kind_of({'alert': json.loads(line)})].append(line)
    return found


def test_a_replay_says_byte_for_byte_what_the_daemons_said(judged):
    _, config, _, alerts = judged
    lines = replay(config, '--from', 'beginning', '-o', 'alerts').out.splitlines()
    assert Counter(lines) == Counter(value for _, value in alerts)
    client_of = {value: client for client, value in alerts}
    assert in_order(lines, client_of) == in_order([value for _, value in alerts], client_of)
    kinds = Counter(json.loads(line)['finding_info']['types'][0] if json.loads(line)['finding_info'].get('types') else '' for line in lines)
    assert len(kinds) > 5, kinds


def test_so_it_does_where_the_clock_follows_the_sources(judged_by_watermarks):
    _, config, _, alerts = judged_by_watermarks
    one, four = (replay(config, '--from', 'beginning', '-o', 'alerts', '-j', threads) for threads in ('1', '4'))
    assert one.out == four.out
    assert Counter(one.out.splitlines()) == Counter(value for _, value in alerts)


def test_it_is_the_same_with_one_thread_and_with_four(judged):
    _, config, _, _ = judged
    one, four = (replay(config, '--from', 'beginning', '-o', 'alerts', '-j', threads) for threads in ('1', '4'))
    assert one.out == four.out
    one, four = (replay(config, '--from', 'beginning', '-o', 'verdicts', '-j', threads) for threads in ('1', '4'))
    assert one.out == four.out


def test_two_halves_with_a_lead_are_the_whole(judged):
    _, config, _, alerts = judged
    middle = '2025-01-15T12:01:00Z'
    first = replay(config, '--from', 'beginning', '--to', middle, '-o', 'alerts').out.splitlines()
    second = replay(config, '--from', middle, '--warm-up', '1h', '-o', 'alerts').out.splitlines()
    assert first and second
    assert Counter(first + second) == Counter(value for _, value in alerts)
    cold = replay(config, '--from', middle, '-o', 'alerts').out.splitlines()
    assert Counter(cold) != Counter(second), 'episodes that were open in the middle begin again without a lead'


def test_the_figures_are_of_what_was_asked_for_without_the_lead(judged):
    _, config, records, _ = judged
    middle = int((traffic.START + 60) * 1000)
    expected = sum(1 for _, milliseconds, _ in records if milliseconds >= middle)
    done = replay(config, '--from', '2025-01-15T12:01:00Z', '--warm-up', '1h', '-o', 'summary')
    assert f'{expected:,} records' in done.out, done
    assert f'and {len(records) - expected:,} before them to warm up' in done.err


def test_it_touches_neither_groups_nor_topics(judged):
    pipeline, config, _, _ = judged

    def seen():
        topics = pipeline.broker.topics()
        groups = pipeline.broker.admin.list_consumer_groups().result(60).valid
        # Groups of other tests may end at any time.
        return topics, {name: pipeline.broker.end_offsets(name) for name in pipeline.topics.values()}, pipeline.committed(), pipeline.committed('score'), \
            {group.group_id for group in groups if 'tests' not in group.group_id}
    before = seen()
    replay(config, '--from', 'beginning', '-o', 'summary')
    after = seen()
    assert after[:-1] == before[:-1] and not after[-1] - before[-1]


def test_verdicts_say_where_each_record_stands(judged):
    _, config, records, _ = judged
    done = replay(config, '--from', 'beginning', '-o', 'verdicts', '--partitions', '1,3-4')
    wanted = {(partition, number) for partition in (1, 3, 4)
              for number in range(sum(1 for one in records if one[0] == partition))}
    found = done.json_lines()
    assert {(one['partition'], one['offset']) for one in found} == wanted and len(found) == len(wanted)
    in_order = defaultdict(list)
    for one in found:
        in_order[one['partition']].append(one['offset'])
    assert all(offsets == sorted(offsets) for offsets in in_order.values())
    some = [one for one in found if 'attacker-' in one['client']]
    assert some and all(one['malicious'] and one['topic'] and one['rules'] for one in some)


def test_a_record_that_cannot_be_read_is_named_by_its_offset(judged):
    _, config, _, _ = judged
    done = replay(config, '--from', 'beginning', '-o', 'verdicts')
    refused = [one for one in done.json_lines() if one['malicious'] is None]
    assert len(refused) == 1 and refused[0]['partition'] == 2
    assert f"{refused[0]['topic']}/2:{refused[0]['offset']}: rejected: {refused[0]['rejected']}" in done.err


def test_offsets_bound_each_partition(judged):
    _, config, records, _ = judged
    least = min(Counter(one[0] for one in records).values())
    done = replay(config, '--from', '10', '--to', str(least), '-o', 'verdicts', '--partitions', '0,5')
    assert {(one['partition'], one['offset']) for one in done.json_lines()} == {
        (partition, offset) for partition in (0, 5) for offset in range(10, least)}


def test_a_table_is_for_people(judged):
    _, config, records, _ = judged
    done = replay(config, '--from', 'beginning', '-o', 'table')
    assert f'{len(records) - 1:,} requests from 2025-01-15' in done.out and 'attacker-persistent' in done.out
    assert 'The daemon would publish' in done.out


def test_a_limit_of_the_rate_holds(judged):
    _, config, _, _ = judged
    begin = time.monotonic()
    done = replay(config, '--from', '0', '--to', '200', '--limit-rate', '500', '-o', 'summary', '-j', '4')
    assert time.monotonic() - begin > 200 * PARTITIONS / 500 - 0.2, done
    assert f'{200 * PARTITIONS:,} records' in done.out


def niceness_of_threads(pid):
    try:
        return {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in Path(f'/proc/{pid}/task').iterdir()}
    except ProcessLookupError:      # one has ended since it was named
        return None


def test_it_gives_way_and_an_interruption_ends_it_with_the_summary(judged):
    _, config, _, _ = judged
    child = subprocess.Popen([binary(), 'replay', '-c', config, '--from', 'beginning', '-o', 'verdicts', '--limit-rate', '300'],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), bufsize=0)
    first = child.stdout.readline()
    # Daemons on the same machine go first: before all its threads.
    niceness = wait_for(lambda: niceness_of_threads(child.pid), 10, 'threads none of which ends meanwhile')
    assert niceness == {min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)}
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert json.loads(first)['offset'] >= 0
    assert child.returncode == 0 and b'interrupted after ' in err and b' records/s' in err, err
    assert all(json.loads(line) for line in out.splitlines())


def test_a_terminal_sees_how_far_it_is(judged):
    _, config, _, _ = judged
    code, _, shown = run_on_terminal('replay', '-c', config, '--from', '0', '--to', '150', '--limit-rate', '600', '-o', 'summary')
    assert code == 0 and ' s left' in shown and '%' in shown, shown


@pytest.mark.parametrize('arguments, message', [
    (['--from', 'yesterday'], 'is no place in a topic'),
    (['--from', '2025-01-16', '--to', '2025-01-15'], 'is before --from'),
    (['--from', '0', '--warm-up', '1h'], 'needs --from as a time'),
    (['--from', '-1h', '--warm-up', 'long'], 'is no length of time'),
    (['--from', '-1h', '--partitions', '4-'], 'is no list of partitions'),
    (['--from', '-1h', '--partitions', '77'], 'none of 77 is there'),
    (['--from', '-1h', '--topic', 'nobody'], 'is no topic of requests'),
    (['--from', '-1h', '--threads', '0'], '--threads'),
    ([], '--from is required'),
])
def test_wrong_usage_is_told(judged, arguments, message):
    _, config, _, _ = judged
    done = run('replay', '--config', config, *arguments)
    assert done.code == 2 and message in done.err, done

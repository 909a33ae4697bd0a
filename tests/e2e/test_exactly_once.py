"""kill -9 in the middle of traffic, again and again: the alerts are those of a run that nothing disturbed."""
import json
import random
import re
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

import traffic
from test_pipeline import kind_of, phase_of
from waiting import wait_for
from weir_process import OBSERVATIONS

# So late that no interleaving of the partitions, which differs from run to run, leaves a record out of its address's bursts; limits
# so low that there are some.
SCORE = {'snapshot_round_ms': 1000, 'lateness_ms': 600_000,
         'bursts': {'requests_max': 20, 'scanning_requests': 4, 'scanning_rules': 2}}
STAYS = {'kafka': {'instance_id': 'host-1', 'session_timeout_ms': 6000}, 'score': SCORE}


def long_stories(count=12_000, abusers=150, attackers=60, seed=11):
    """(keys, records): benign traffic, and clients whose few requests are spread over all of it, so that their alerts depend
    on what was remembered from the beginning to the end. Each client's records have one key, hence one order."""
    chance = random.Random(seed)
    moments = []
    for number in range(count):
        client = chance.randrange(700)
        moments.append((chance.random(), f'customer-{client}', client, {}))
    for number in range(abusers):
        for at in sorted(chance.random() for _ in range(10)):
            moments.append((at, f'abuser-{number}', None, {}))
    for number in range(attackers):
        for at in sorted(chance.random() for _ in range(25)):
            moments.append((at, f'attacker-{number}', 400_000 + number, traffic.ATTACKS['sqli']))
    moments.sort(key=lambda one: one[0])
    keys, records, seen = [], [], {}
    for number, (at, client, address, fields) in enumerate(moments):
        turn = seen[client] = seen.get(client, -1) + 1
        if address is None:
            address = 200_000 + turn % 6
            fields = {'user_agent': traffic.BROWSER.replace('128', str(120 + turn % 4))}
        keys.append(client.encode())
        records.append(traffic.record(number, at * 200, client, traffic.address(address), **fields))
    return keys, records


PERIOD_MS = 60_000     # score.bursts.window_ms
TIMES = ('time', 'start_time', 'end_time'), ('created_time', 'modified_time', 'first_seen_time', 'last_seen_time')


# Which process says it: after a failover another one, and no part of what is said.
PROCESS = re.compile(r'"log_provider":"[^"]*",?')


def without_period(payload):
    """A burst's alert before its closing one, without its time, that of the period found first, and what it was made of by then: these may
    depend on how partitions are interleaved (docs/alerts.md). All of them say the same period."""
    alert = json.loads(payload)
    times = {part.pop(name) for part, names in zip((alert, alert['finding_info']), TIMES) for name in names}
    assert len(times) == 1 and not times.pop() % PERIOD_MS, payload
    alert['unmapped']['weir'].pop('made_of', None)
    return json.dumps(alert)


def told(pipeline):
    """{(client, kind, phase, id): payload} of the opening and updating alerts; the same alert twice is an error. Closing ones
    come when the time of a partition has moved on, which it has not for all at the end."""
    found = {}
    for one in pipeline.alerts():
        if phase_of(one) == 'closed':
            continue
        key = (one['key'], kind_of(one), phase_of(one), one['headers']['ce_id'])
        assert key not in found, f'twice: {key}'
        payload = PROCESS.sub('', one['payload'])
        found[key] = without_period(payload) if key[1] == 'burst' else payload
    return found


def await_scored(pipeline, weir, count):
    """The metric counts a record before its alerts are committed and visible, and before what it adds for its address is scored."""
    weir.wait_for_metric(OBSERVATIONS, count)
    wait_for(pipeline.all_scored, 90, lambda: f'all observations\n{weir.process.log_tail()}', 0.2)


def undisturbed(pipeline, count, name='undisturbed', env=None, **changes):
    """What another group, with topics of its own, makes of the same requests when nothing happens to it."""
    from conftest import Pipeline
    other = Pipeline(pipeline.broker, pipeline.folder / name)
    other.folder.mkdir()
    other.requests = other.topics['requests'] = pipeline.requests
    try:
        weir = other.weir(**STAYS, **changes)
        weir.start(env=env)
        await_scored(other, weir, count)
        assert weir.stop() == 0, weir.process.log_tail()
        return told(other)
    finally:
        other.close()


def disturb(pipeline, keys, records, kills, between, **changes):
    """Produces the records over some time while weir is killed and started again and again."""
    def produce():
        step = len(records) // 40
        for first in range(0, len(records), step):
            pipeline.broker.produce(pipeline.requests, records[first:first + step], keys=keys[first:first + step])
            time.sleep(0.2)
    producing = threading.Thread(target=produce)
    producing.start()
    chance = random.Random(3)
    weir = pipeline.weir(**changes)
    for life in range(kills):
        weir.start()
        time.sleep(chance.uniform(*between))
        if life == kills - 1:     # else nothing was there to be gone on with
            wait_for(lambda: pipeline.committed('score'), 60, 'some observations to be scored')
        weir.kill()
    weir.start()
    producing.join()
    wait_for(lambda: pipeline.observed() == len(records), 90, lambda: f'all records; {pipeline.observed()} done\n{weir.process.log_tail()}', 0.5)
    wait_for(pipeline.all_scored, 90, 'all observations', 0.5)
    assert weir.stop() == 0, weir.process.log_tail()
    return weir


def assert_same(found, wanted):
    kinds = lambda keys: sorted(key[:3] for key in keys)[:10]
    assert not wanted.keys() - found.keys(), f'lost: {kinds(wanted.keys() - found.keys())}'
    assert not found.keys() - wanted.keys(), f'too many: {kinds(found.keys() - wanted.keys())}'
    assert not [key for key in wanted if found[key] != wanted[key]], 'different'


def test_alerts_after_kills_are_those_of_an_undisturbed_run(pipeline):
    keys, records = long_stories()
    weir = disturb(pipeline, keys, records, kills=5, between=(0.2, 1.5), **STAYS)
    assert 'restoring the state' in weir.log(), 'no restore was needed, so nothing is shown'
    wanted = undisturbed(pipeline, len(records))
    assert len(wanted) > 300 and any(kind == 'burst' for _, kind, _, _ in wanted)
    assert_same(told(pipeline), wanted)


def test_without_a_name_of_its_own_a_process_takes_over_when_the_transactions_have_timed_out(pipeline):
    """No instance_id: the killed process's partitions and open transactions are only free after their timeouts."""
    keys, records = long_stories(count=4000)
    changes = {'kafka': {'session_timeout_ms': 6000}, 'score': SCORE}
    disturb(pipeline, keys, records, kills=2, between=(2.0, 3.0), **changes)
    assert_same(told(pipeline), undisturbed(pipeline, len(records)))


def test_lanes_batches_and_commit_intervals_change_no_alert(pipeline):
    keys, records = long_stories(count=6000)
    pipeline.broker.produce(pipeline.requests, records, keys=keys)
    small = undisturbed(pipeline, len(records), 'small', lanes={'detect': 1, 'score': 1},
                        batch={'records_max': 7, 'commit_interval_ms': 20})
    large = undisturbed(pipeline, len(records), 'large', lanes={'detect': 3, 'score': 2},
                        batch={'records_max': 4096, 'commit_interval_ms': 3000})
    assert len(small) > 300 and any(kind == 'burst' for _, kind, _, _ in small)
    assert_same(large, small)


def an_hour_ahead(folder):
    """The environment of a process whose wall clock is an hour ahead."""
    shim, offset = folder / 'clock_shim.so', folder / 'clock'
    source = Path(__file__).parents[1] / 'faults' / 'clock_shim.c'
    subprocess.run(['cc', '-shared', '-fPIC', '-O2', '-o', shim, source, '-ldl'], check=True)
    offset.write_bytes(struct.pack('=q', 3600 * 1_000_000_000))
    return {'LD_PRELOAD': str(shim), 'WEIR_CLOCK_OFFSET_FILE': str(offset)}


def test_an_hour_later_at_full_speed_the_alerts_are_those_of_the_live_run(pipeline, tmp_path):
    """Records that carry the time at which they are written, judged as they come; then the same ones read again all at once by
    a process whose clock is an hour ahead."""
    weir = pipeline.weir(**STAYS)
    weir.start()
    chance = random.Random(4)
    count = 0
    for step in range(60):
        now = time.time() - traffic.START
        keys, records = [], []
        for number in range(40):
            abuser, attacker = step * 7 % 50, step % 30
            client, address, fields = (
                (f'abuser-{abuser}', 200_000 + chance.randrange(9), {'user_agent': traffic.BROWSER.replace('128', str(chance.randrange(99)))})
                if number < 6 else (f'attacker-{attacker}', 400_000 + attacker, traffic.ATTACKS['sqli']) if number < 10 else
                (f'customer-{chance.randrange(700)}', chance.randrange(700), {}))
            keys.append(client.encode())
            records.append(traffic.record(count, now + number * 0.001, client, traffic.address(address), **fields))
            count += 1
        pipeline.broker.produce(pipeline.requests, records, keys=keys)
        time.sleep(0.2)
    await_scored(pipeline, weir, count)
    assert weir.stop() == 0, weir.process.log_tail()
    live = told(pipeline)
    assert {kind for _, kind, _, _ in live} == {'abuse', 'attack', 'burst'} and len(live) > 60
    assert_same(undisturbed(pipeline, count, 'later', env=an_hour_ahead(tmp_path)), live)


@pytest.mark.parametrize('role,partitions,settings,said', [
    ('state', 3, {'cleanup.policy': 'compact'}, 'weir state move'),
    ('state', 8, {'cleanup.policy': 'delete'}, 'cleanup.policy=compact'),
    ('observations', 8, {'cleanup.policy': 'compact'}, 'cleanup.policy=delete'),
    ('observations', 8, {'retention.ms': '60000'}, 'retention.ms'),
], ids=['other number of partitions', 'state not compacted', 'observations compacted', 'observations kept too shortly'])
def test_a_topic_that_client_state_cannot_be_restored_from_is_refused(pipeline, role, partitions, settings, said):
    pipeline.broker.create_topic(pipeline.topics[role], partitions, settings)
    weir = pipeline.weir()
    with pytest.raises(AssertionError, match='ended with 1'):
        weir.start()
    assert said in weir.log()
    assert pipeline.topics[role] in weir.log()


def test_a_missing_state_topic_is_named_when_weir_may_not_create_it(pipeline):
    for role in ('alerts', 'observations', 'dead_letter'):
        pipeline.broker.create_topic(pipeline.topics[role], 8)
    weir = pipeline.weir(kafka={'topics': {'create': False}})
    with pytest.raises(AssertionError, match='ended with 1'):
        weir.start()
    assert f'do not exist: {pipeline.topics["state"]};' in weir.log()


def settings_of(pipeline, topic):
    from confluent_kafka.admin import ConfigResource
    admin = pipeline.broker.admin
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return {name: entry.value for name, entry in admin.describe_configs([resource])[resource].result(30).items()}


def test_topics_that_weir_creates_go_by_the_brokers_clock(pipeline):
    pipeline.start()
    for role in ('observations', 'alerts', 'dead_letter', 'state'):
        assert settings_of(pipeline, pipeline.topics[role])['message.timestamp.type'] == 'LogAppendTime'


def test_observations_that_go_by_the_clocks_of_weirs_machines_are_warned_of(pipeline):
    pipeline.broker.create_topic(pipeline.topics['observations'], 8)
    weir = pipeline.start()
    assert 'set message.timestamp.type=LogAppendTime' in weir.log()


def test_nothing_waits_on_an_idle_system_though_transactions_left_their_markers(pipeline):
    """Lag is of records. Partitions that never had one are told of, too."""
    weir = pipeline.start()
    requests = [traffic.record(number, number, 'customer-1', traffic.address(1)) for number in range(300)]
    pipeline.broker.produce(pipeline.requests, requests, keys=[b'one'] * len(requests))
    weir.wait_for_metric(OBSERVATIONS, len(requests))
    topics = (pipeline.requests, pipeline.topics['observations'])
    lags = lambda: {(labels['topic'], labels['partition']): value for name, labels, value in weir.metrics().samples
                    if name == 'weir_consumer_lag_records'}
    partitions = {(topic, str(number)) for topic in topics for number in pipeline.ends(topic, 'read_committed')}
    wait_for(lambda: lags() == dict.fromkeys(partitions, 0), 30, lambda: f'no lag at {sorted(partitions)}\n{lags()}')

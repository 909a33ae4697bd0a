"""A new version on what an older one left behind, and changes of settings that state depends on: what goes on, and what is said of
the rest (docs/upgrades.md)."""
import base64
import json
import re
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

import traffic
from conftest import Pipeline
from test_clients_api import came_in_time
from waiting import wait_for

# Made by a weir that wrote blocks of version 1 and chunks of version 2; it was stopped behind its last snapshot.
LEFT = json.loads((Path(__file__).resolve().parent.parent / 'data/upgrade/blocks_v1_state_v2.json').read_text())
REQUESTS = 'upgrade.requests'     # stands in the state: the topic of the records that episodes began with
PER_ATTACKER = 10                 # attacks of mallory; the clients of the others share one address


def bytes_of(text):
    return None if text is None else base64.b64decode(text)


class Upgrade(Pipeline):
    """Topics that hold what the old version left; the new one is about to start on them."""

    def __init__(self, broker, folder, partitions=2, unread=0):
        super().__init__(broker, folder)
        self.topics['requests'] = self.requests = REQUESTS
        if self.requests not in broker.topics():
            broker.create_topic(self.requests, 2)
        broker.create_topic(self.topics['observations'], partitions, {'message.timestamp.type': 'LogAppendTime'})
        broker.create_topic(self.topics['state'], partitions, {'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime'})
        for role in ('observations', 'state'):
            self.fill(role)
        self.commit(unread)

    def fill(self, role):
        producer = Producer({'bootstrap.servers': self.broker.bootstrap, 'acks': 'all', 'enable.idempotence': True})
        for one in LEFT[role]:
            headers = [(name, bytes_of(value)) for name, value in one['headers']]
            producer.produce(self.topics[role], bytes_of(one['value']), key=bytes_of(one['key']), partition=one['partition'], headers=headers)
        assert producer.flush(60) == 0

    def commit(self, unread):
        consumer = Consumer({'bootstrap.servers': self.broker.bootstrap, 'group.id': f'{self.group}-score', 'enable.auto.commit': False})
        offsets = [TopicPartition(self.topics['observations'], int(partition), offset - unread)
                   for partition, offset in LEFT['committed'].items()]
        consumer.commit(offsets=offsets, asynchronous=False)
        # Requests that other tests of this file have sent are none of this one's.
        reader = Consumer({'bootstrap.servers': self.broker.bootstrap, 'group.id': f'{self.group}-detect', 'enable.auto.commit': False})
        ends = [TopicPartition(self.requests, number, end) for number, end in self.broker.end_offsets(self.requests).items()]
        reader.commit(offsets=ends, asynchronous=False)
        consumer.close()
        reader.close()

    def new(self, **changes):
        score = {'clients_max': LEFT['clients_max'], **changes.pop('score', {})}
        return self.weir(**{'hash_key': LEFT['hash_key'], 'score': score, 'lanes': {'detect': 1, 'score': 1},
                            'http': {'requests_per_minute': 10_000}, **changes})

    def client(self, weir, name):
        status, body = wait_for(lambda: answer_in_time(weir, name), 30, f'an answer about {name}', 0.2)
        return status, json.loads(body)

    def attack_of_mallory(self, weir):
        """One more, within the time that her episode stays open; the alerts that she has then."""
        before = sum(self.broker.end_offsets(self.requests).values())
        self.broker.produce(self.requests, [traffic.record(3000, 800, 'mallory', '81.64.0.99', **traffic.ATTACKS['sqli'])])
        weir.process.wait_until(lambda: self.observed() > before and self.all_scored(), 60, 'it was scored')
        return [one['alert'] for one in self.alerts() if one['key'] == 'mallory']


def answer_in_time(weir, name):
    status, _, body = weir.get(f'/api/v1/clients/{name}')
    return came_in_time(body) and (status, body)


@pytest.fixture
def upgrade(broker, tmp_path):
    """Makes an Upgrade, whose processes end with the test."""
    made = []

    def make(**options):
        made.append(Upgrade(broker, tmp_path, **options))
        return made[-1]
    yield make
    for one in made:
        one.close()


def episodes_before():
    return {one['uid'] for one in LEFT['alerts']['mallory']}


@pytest.mark.parametrize('unread', [0, 1], ids=['all was read', 'the last blocks were not'])
def test_state_and_blocks_of_an_older_version_are_read(upgrade, unread):
    pipeline = upgrade(unread=unread)
    weir = pipeline.new().start()
    weir.process.wait_until(pipeline.all_scored, 60, 'what was not read is scored')
    status, told = pipeline.client(weir, 'mallory')
    assert status == 200 and told['window']['requests'] == told['window']['requests_max'] == PER_ATTACKER, told
    attacks, = [one for one in told['open_episodes'] if one['kind'] == 'attack']
    counted = [one['count'] for one in LEFT['alerts']['mallory'] if one['uid'] == attacks['episode_id']]
    assert attacks['episode_id'] in episodes_before() and attacks['count'] >= max(counted)
    assert weir.metrics().sum('weir_state_restores_total') == 2 and weir.metrics().sum('weir_state_chunks_damaged_total') == 0
    assert pipeline.dead_letters() == []
    assert {one['key'] for one in pipeline.alerts()} <= set(LEFT['alerts'])
    last = pipeline.attack_of_mallory(weir)[-1]
    assert last['finding_info']['uid'] in episodes_before() and last['count'] == attacks['count'] + 1


CHANGES = {
    'the size of windows': ({'score': {'abuse': {'window_requests': 12}}}, 'its clients start afresh.*windows of 10 requests, not 12'),
    'the number of clients': ({'score': {'clients_max': 400_000}}, 'made with another score.clients_max; its clients start afresh'),
}


@pytest.mark.parametrize('change', CHANGES)
def test_a_setting_that_state_depends_on_loses_it_and_the_log_says_so(upgrade, change):
    changes, says = CHANGES[change]
    pipeline = upgrade()
    weir = pipeline.new(**changes).start()
    assert re.search(says, weir.log()), weir.log()[-2000:]
    assert pipeline.client(weir, 'mallory')[0] == 404
    assert pipeline.attack_of_mallory(weir)[-1]['count'] == 1     # a new episode


def refused(weir):
    """The log of a weir that does not start."""
    with pytest.raises(AssertionError, match='ended with 1'):
        weir.start()
    return weir.log()


def test_another_number_of_partitions_is_refused_until_the_topics_have_new_names(upgrade):
    pipeline = upgrade(partitions=3)
    log = refused(pipeline.new())
    assert 'is of 2 partitions of observations, but there are 3' in log and 'docs/upgrades.md' in log
    for role in ('observations', 'state'):
        pipeline.topics[role] += '.2'
    weir = pipeline.new(kafka={'topics': {'observations_partitions': 3}}).start()
    assert pipeline.client(weir, 'mallory')[0] == 404
    assert pipeline.attack_of_mallory(weir)[-1]['count'] == 1


def test_another_hash_key_is_refused_until_the_topics_have_new_names(broker, upgrade):
    pipeline = upgrade()
    weir = pipeline.new(score={'snapshot_round_ms': 1000}).start()
    pipeline.attack_of_mallory(weir)      # a change, so that there is something to store
    weir.process.wait_until(lambda: any('weir.hash_key' in one['headers'] for one in broker.records(pipeline.topics['state'])), 60,
                            'it has stored state of its own')
    assert weir.stop() == 0
    log = refused(pipeline.new(hash_key='quite another key than the one before'))
    assert 'was made with another hash_key' in log and 'docs/upgrades.md' in log and 'quite another' not in log
    weir.start()      # with the key from before
    assert pipeline.client(weir, 'mallory')[1]['window']['requests'] == PER_ATTACKER
    assert weir.stop() == 0
    for role in ('observations', 'state'):
        pipeline.topics[role] += '.2'
    weir = pipeline.new(hash_key='quite another key than the one before').start()
    assert pipeline.client(weir, 'mallory')[0] == 404


def test_two_processes_are_replaced_one_after_the_other_without_a_loss(pipeline):
    processes = [pipeline.start(kafka={'instance_id': name}, http={'requests_per_minute': 10_000}) for name in ('one', 'two')]
    clients = [f'attacker-{number}' for number in range(30)]
    sent = 0

    def send(seconds):
        nonlocal sent
        sent += pipeline.broker.produce(pipeline.requests, [traffic.record(sent + number, seconds, client, f'81.64.7.{number}', **traffic.ATTACKS['sqli'])
                                                            for number, client in enumerate(clients)])
    send(0)
    for number, one in enumerate(processes):
        assert one.stop() == 0
        send(1 + number)
        one.start()
    processes[0].process.wait_until(lambda: pipeline.observed() == sent and pipeline.all_scored(), 120, 'all was scored')
    counts = {}
    for one in pipeline.alerts():
        counts.setdefault(one['key'], []).append(one['alert']['count'])
    assert all(counts.get(client) == [1] for client in clients), counts
    assert wait_for(lambda: answer_in_time(processes[0], 'attacker-1'), 30, 'an answer', 0.2)[0] in (200, 404)
    for client in clients:
        answers = wait_for(lambda: (found := [answer_in_time(one, client) for one in processes]) and all(found) and found, 30, client, 0.2)
        answers = [json.loads(body) for _, body in answers]
        told, = [one for one in answers if one.get('known')]
        assert told['open_episodes'][0]['count'] == 3, told
    assert pipeline.dead_letters() == []

import itertools
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

sys.path.insert(0, str(Path(__file__).parent))

from kafka_broker import NEVER_KILLED, KafkaBroker     # noqa: E402
from weir_process import WeirProcess, binary           # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope='session')
def weir():
    """The path of the program."""
    path = binary()
    assert path.exists(), f'{path} is not built'
    return path


@pytest.fixture(scope='session')
def broker(tmp_path_factory):
    """One real broker for all tests; each uses topics and groups of its own."""
    one = KafkaBroker(tmp_path_factory.mktemp('kafka') / 'broker', properties=NEVER_KILLED).start()
    yield one
    one.stop()


class Pipeline:
    """Topics and a consumer group of one test, and the weir processes on them."""

    def __init__(self, broker, folder, partitions=4):
        number = next(_numbers)
        self.broker = broker
        self.folder = folder
        self.group = f'weir-{number}'
        self.topics = {role: f't{number}.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter', 'decisions')}
        self.requests = self.topics['requests']
        self.processes = []
        broker.create_topic(self.requests, partitions)

    def weir(self, **changes):
        """A further process, not yet started."""
        one = WeirProcess(self.folder / f'weir-{len(self.processes) + 1}', self.broker, self.topics, self.group, changes)
        self.processes.append(one)
        return one

    def start(self, **changes):
        return self.weir(**changes).start()

    def alerts(self):
        """The committed records of the alerts topic as kcat sees them, payloads parsed."""
        import json
        found = self.broker.records(self.topics['alerts'])
        for one in found:
            one['alert'] = json.loads(one['payload'])
        return found

    def dead_letters(self):
        return self.broker.raw_records(self.topics['dead_letter'])

    def committed(self, stage='detect'):
        """{partition: offset} that the stage's group has committed for its input."""
        topic = self.requests if stage == 'detect' else self.topics['observations']
        offsets = self.broker.group_offsets(f'{self.group}-{stage}', {topic: self.broker.topics()[topic]})
        return {partition: offset for (_, partition), offset in offsets.items()}

    def observed(self):
        """Requests that the group has finished with."""
        return sum(self.committed('detect').values())

    def goes_on_from(self):
        """{partition: offset} where the next detect lanes begin. The last transaction of a process that has ended is asked to be over, but
        its offsets are only there when the broker has written its markers: a client that reads what is committed is told then."""
        consumer = Consumer({'bootstrap.servers': self.broker.bootstrap, 'group.id': f'{self.group}-detect', 'isolation.level': 'read_committed'})
        try:
            partitions = consumer.list_topics(self.requests, timeout=60).topics[self.requests].partitions
            found = consumer.committed([TopicPartition(self.requests, number) for number in partitions], timeout=120)
        finally:
            consumer.close()
        assert not any(one.error for one in found), found
        return {one.partition: one.offset for one in found if one.offset >= 0}

    def ends(self, topic, isolation):
        """{partition: end} of the topic, as a reader of that isolation level sees it."""
        consumer = Consumer({'bootstrap.servers': self.broker.bootstrap, 'group.id': 'tests-ends', 'isolation.level': isolation})
        try:
            return {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=60)[1]
                    for number in consumer.list_topics(topic, timeout=60).topics[topic].partitions}
        finally:
            consumer.close()

    def decided(self, role):
        """No transaction is undecided in the topic: a reader of committed records sees all there is. What a process without a
        name of its own had open when it was killed hides even what others committed behind it, until it has timed out."""
        topic = self.topics[role]
        return self.ends(topic, 'read_committed') == self.ends(topic, 'read_uncommitted')

    def all_scored(self):
        """Every block of observations is decided, read and committed, and every alert is visible. In this order: a commit's offsets
        may be readable before its alerts are, since the brokers write its markers to one partition after the other. Blocks that only
        say how far the input was read may come and be read between the questions."""
        if not self.decided('observations'):
            return False
        last = {}
        for one in self.broker.records(self.topics['observations']):
            last[one['partition']] = max(last.get(one['partition'], 0), one['offset'] + 1)
        committed = self.committed('score')
        return all(committed.get(number, 0) >= end for number, end in last.items()) and self.decided('alerts')

    def close(self):
        for one in self.processes:
            one.end()


@pytest.fixture
def pipeline(broker, tmp_path):
    one = Pipeline(broker, tmp_path)
    yield one
    one.close()

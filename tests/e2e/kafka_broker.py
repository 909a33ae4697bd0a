"""A real Apache Kafka broker for tests: one process, broker and controller in one, on free ports.

`python kafka_broker.py --fetch` only fills the cache: the brokers' jars (by Maven, once per version) and a class-data
archive that shortens its start from some 15 s to some 3 s.
"""
import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from processes import Process, free_ports
from waiting import wait_for

HERE = Path(__file__).resolve().parent / 'kafka'
HERE_39 = Path(__file__).resolve().parent / 'kafka-3.9'    # for what Debian's client library cannot do with Kafka 4
CLUSTER_ID = 'd2VpcnRlc3RzMDAwMDAwMA'     # any 16 bytes in base64url
READY = 'Kafka Server started'
ANSWER_SECONDS = 60      # for a question to a broker, which may stand still for a while
KEPT = []                # admin clients, of brokers that may be gone
# A broker that is killed has a short session, whose end its next life waits for. Any other one shall keep its own through a pause: without
# it the topics have no leaders.
NEVER_KILLED = {'broker.session.timeout.ms': 60_000}
JAVA_OPTIONS = ['-Xms64m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData',
                '-Djava.awt.headless=true', f'-Dlog4j2.configurationFile={HERE / "log4j2.properties"}',
                f'-Dlog4j.configuration=file:{HERE_39 / "log4j.properties"}']


def cache_folder(source):
    base = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'weir-tests'
    pom = (source / 'pom.xml').read_bytes()
    version = re.search(rb'<kafka\.version>(.*?)<', pom)[1].decode()
    return base / f'kafka-{version}-{hashlib.sha256(pom).hexdigest()[:8]}'


@contextmanager
def locked(path):
    """Several test runs may want the cache at once; one fills it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(source=HERE):
    """The folder with lib/ (jars), kafka.jsa (class-data archive) and formatted/ (an empty, formatted log folder), for the
    version that `source` has in its pom.xml."""
    folder = cache_folder(source)
    if (folder / 'complete').exists():
        return folder
    with locked(folder.parent / f'{folder.name}.lock'):
        if not (folder / 'complete').exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _fetch_jars(source, folder)
            _format(folder)
            _archive_classes(folder)
            (folder / 'complete').touch()
    return folder


def _fetch_jars(source, folder):
    shutil.copy(source / 'pom.xml', folder)
    for attempt in range(3):
        result = subprocess.run(['mvn', '-B', '-q', '-f', folder / 'pom.xml', 'dependency:copy-dependencies',
                                 '-DincludeScope=runtime', f'-DoutputDirectory={folder / "lib"}'],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return
    raise RuntimeError(f'Maven could not fetch Apache Kafka in {attempt + 1} tries:\n{result.stdout}{result.stderr}')


def _format(folder):
    (folder / 'format.properties').write_text(_properties(folder / 'formatted', 19092, 19093))
    subprocess.run(['java', *JAVA_OPTIONS, '-cp', f'{folder}/lib/*', 'kafka.tools.StorageTool', 'format',
                    '-t', CLUSTER_ID, '-c', folder / 'format.properties'],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def _archive_classes(folder):
    """Runs a broker once and lets it dump the classes it used. Without the archive all still works, slower."""
    broker = KafkaBroker(folder / 'archive-run', folder, options=[f'-XX:ArchiveClassesAtExit={folder}/kafka.jsa'])
    try:
        broker.start(timeout=180)
        broker.create_topic('warm.up')
        broker.produce('warm.up', [b'x'])
        broker.records('warm.up')
    finally:
        broker.stop(timeout=120)
    shutil.rmtree(folder / 'archive-run', ignore_errors=True)


def _properties(data_folder, port, controller_port):
    return f'''
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data_folder}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
log.cleaner.backoff.ms=1000
auto.create.topics.enable=false
message.max.bytes=16777216
socket.request.max.bytes=33554432
'''


class KafkaAccess:
    """What tests do with a Kafka that runs: topics, groups, records. `bootstrap` names the brokers."""

    bootstrap = ''
    replication = 1

    # --- topics and groups

    @functools.cached_property
    def admin(self):
        """One for all questions, kept for good: the library crashes now and then when a client goes while an answer is pending, as it is
        whenever brokers are away."""
        from confluent_kafka.admin import AdminClient
        client = AdminClient({'bootstrap.servers': self.bootstrap, 'reconnect.backoff.max.ms': 1000, 'log_level': 0})
        KEPT.append(client)
        return client

    def create_topic(self, name, partitions=1, config=None):
        from confluent_kafka.admin import NewTopic
        topic = NewTopic(name, num_partitions=partitions, replication_factor=self.replication,
                         config={'max.message.bytes': '16777216', **(config or {})})
        self.admin.create_topics([topic])[name].result(ANSWER_SECONDS)
        wait_for(lambda: name in self.topics(), 30, f'{name} to be known')     # creation is heard of a little later

    def topics(self):
        return {name: len(topic.partitions) for name, topic in self.admin.list_topics(timeout=ANSWER_SECONDS).topics.items()}

    def group_offsets(self, group, topics=None):
        """{(topic, partition): committed offset} of a consumer group, in the topics there are, or in {topic: number of partitions}. Asked as a
        member would: the library's administrative call crashes when the group's coordinator has moved."""
        from confluent_kafka import Consumer, TopicPartition
        wanted = [TopicPartition(topic, number) for topic, count in (topics or self.topics()).items() for number in range(count)]
        # Offsets of open transactions do not make it wait.
        consumer = Consumer({'bootstrap.servers': self.bootstrap, 'group.id': group, 'isolation.level': 'read_uncommitted', 'log_level': 0})
        try:
            found = consumer.committed(wanted, timeout=ANSWER_SECONDS)
        finally:
            consumer.close()
        for one in found:
            if one.error:
                raise RuntimeError(f'{group}, {one.topic}/{one.partition}: {one.error}')
        return {(one.topic, one.partition): one.offset for one in found if one.offset >= 0}

    def group_members(self, group):
        """{client id: number of partitions} of a consumer group's members."""
        found = self.admin.describe_consumer_groups([group])[group].result(ANSWER_SECONDS)
        return {f'{member.client_id}/{member.member_id}': len(member.assignment.topic_partitions)
                for member in found.members}

    def end_offsets(self, topic):
        """{partition: offset after the last record}"""
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({'bootstrap.servers': self.bootstrap, 'group.id': 'tests-end-offsets'})
        try:
            partitions = consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].partitions
            return {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ANSWER_SECONDS)[1]
                    for number in partitions}
        finally:
            consumer.close()

    def limit_producer(self, client_id, bytes_a_second):
        """Sets each broker's quota for what clients of that id produce; None takes it away."""
        self._limit(client_id, 'producer_byte_rate', bytes_a_second)

    def limit_consumer(self, client_id, bytes_a_second):
        """Likewise for what they fetch."""
        self._limit(client_id, 'consumer_byte_rate', bytes_a_second)

    def _limit(self, client_id, quota, bytes_a_second):
        """By Kafka's own tool, since the client library cannot."""
        change = ['--delete-config', quota] if bytes_a_second is None else ['--add-config', f'{quota}={bytes_a_second}']
        for _ in range(3):      # it gives up after a minute without an answer; to set the same once more does no harm
            result = subprocess.run(['java', *JAVA_OPTIONS, '-cp', f'{fetch()}/lib/*', 'kafka.admin.ConfigCommand',
                                     '--bootstrap-server', self.bootstrap, '--alter', '--entity-type', 'clients',
                                     '--entity-name', client_id, *change],
                                    stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
            if result.returncode == 0:
                return
        raise RuntimeError(f'{quota} of {client_id} could not be set:\n{result.stdout}{result.stderr}')

    # --- records

    def produce(self, topic, values, codec='none', keys=None):
        """Produces the byte strings, spread over the partitions in turn (or by key), and waits for the broker's word."""
        from confluent_kafka import Producer
        producer = Producer({'bootstrap.servers': self.bootstrap, 'compression.type': codec, 'linger.ms': 20,
                             'acks': 'all', 'message.max.bytes': 16777216, 'queue.buffering.max.kbytes': 262144,
                             'queue.buffering.max.messages': 1000000})
        partitions = len(producer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].partitions)
        failures = []
        delivered = lambda error, _: failures.append(error) if error else None
        count = 0
        for value in values:
            target = {'key': keys[count]} if keys else {'partition': count % partitions}
            while True:
                try:
                    producer.produce(topic, value, on_delivery=delivered, **target)
                    break
                except BufferError:
                    producer.poll(0.1)
            count += 1
            if count % 1000 == 0:
                producer.poll(0)
        left = producer.flush(120)
        assert not failures and not left, f'produced {count}, {left} unsent, failures: {failures[:3]}'
        return count

    def produce_file(self, topic, path, codec):
        """Produces a file's lines with kcat: an independent client."""
        subprocess.run(['kcat', '-P', '-q', '-b', self.bootstrap, '-t', topic, '-z', codec, '-l', path,
                        '-X', 'message.max.bytes=16777216', '-X', 'queue.buffering.max.messages=1000000'],
                       stdin=subprocess.DEVNULL, check=True)

    def records(self, topic):
        """All committed records of a topic, as kcat sees them: dicts with partition, offset, key, headers, payload."""
        output = subprocess.run(['kcat', '-C', '-q', '-e', '-J', '-b', self.bootstrap, '-t', topic, '-o', 'beginning',
                                 '-m', str(ANSWER_SECONDS), '-X', 'isolation.level=read_committed'],
                                stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
        found = []
        for line in output.splitlines():
            record = json.loads(line.decode('utf-8', 'replace'))
            flat = record.get('headers') or []
            record['headers'] = dict(zip(flat[::2], flat[1::2]))
            found.append(record)
        return found

    def raw_records(self, topic, timeout=30):
        """All committed records of a topic byte for byte: (key, value, headers as a dict of bytes)."""
        from confluent_kafka import Consumer, KafkaError, OFFSET_BEGINNING, TopicPartition
        ends = self.end_offsets(topic)
        consumer = Consumer({'bootstrap.servers': self.bootstrap, 'group.id': 'tests-raw', 'enable.auto.commit': False,
                             'isolation.level': 'read_committed', 'enable.partition.eof': True,
                             'fetch.message.max.bytes': 33554432, 'receive.message.max.bytes': 134217728})
        found, finished = [], {number for number, end in ends.items() if end == 0}
        try:
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])

            def read():
                message = consumer.poll(0.2)
                if message is not None and message.error():
                    if message.error().code() == KafkaError._PARTITION_EOF:      # of others, such as a lost connection, the library makes good
                        finished.add(message.partition())
                elif message is not None:
                    found.append((message.key(), message.value(), dict(message.headers() or [])))
                return len(finished) == len(ends)
            wait_for(read, timeout, f'the records of {topic}', interval=0)
        finally:
            consumer.close()
        return found


class KafkaBroker(KafkaAccess):
    """One broker whose data live in a folder; it can be stopped, killed and started again with the same data.
    `properties` are laid over those of its server.properties."""

    def __init__(self, folder, files=None, options=None, properties=None):
        self.folder = Path(folder)
        self.files = files or fetch()
        self.port, self._controller_port = free_ports(2)
        self.bootstrap = f'127.0.0.1:{self.port}'
        self.properties = properties or {}
        self._process = None
        archive = self.files / 'kafka.jsa'
        # The archive is of one Java; with another one the JVM says so and goes on without it.
        self._options = options or (['-Xshare:auto', f'-XX:SharedArchiveFile={archive}'] if archive.exists() else [])

    def prepare(self):
        """The formatted log folder and the properties, before the first start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.files / 'formatted', self.folder / 'data', dirs_exist_ok=True)
        changes = ''.join(f'{name}={value}\n' for name, value in self.properties.items())     # the last of a name counts
        (self.folder / 'server.properties').write_text(
            _properties(self.folder / 'data', self.port, self._controller_port) + changes)

    def start(self, timeout=90):
        self.launch()
        return self.wait_until_ready(timeout)

    def launch(self):
        """As start, without waiting."""
        if not (self.folder / 'server.properties').exists():
            self.prepare()
        log = self.folder / 'broker.log'
        self._starts = log.read_text(errors='replace').count(READY) if log.exists() else 0
        self._process = Process(['java', *JAVA_OPTIONS, *self._options, '-cp', f'{self.files}/lib/*', 'kafka.Kafka',
                                 self.folder / 'server.properties'], log)

    def wait_until_ready(self, timeout=90):
        self._process.wait_until(lambda: self._process.log().count(READY) > self._starts, timeout, 'the broker was ready')
        return self

    def stop(self, timeout=60):
        if self._process:
            self._process.stop(timeout)

    def wait_until_ended(self, seconds):
        """True if the broker ends by itself within that time."""
        try:
            self._process.child.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def kill(self):
        if self._process:
            self._process.kill()


if __name__ == '__main__':
    if sys.argv[1:] != ['--fetch']:
        sys.exit(__doc__)
    for version in (HERE, HERE_39):
        print(fetch(version))

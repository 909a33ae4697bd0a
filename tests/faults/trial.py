"""One trial: topics of its own, traffic while faults happen, then the verdict by the reference scorer."""
import collections
import itertools
import random
import threading
import time
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

import input_records
import observation_blocks
import published
from burst_reference import BurstOptions, BurstReference
from fleet import Fleet, Stuck
from hand import Hand
from reference_decisions import POLICY, DecisionReference
from reference_scorer import Options, ReferenceScorer
from workload import Workload

RULES = Path(__file__).resolve().parent / 'rules'
# So short that episodes open, go on and close many times; so late that no interleaving of partitions closes one.
OPTIONS = Options(update_counts=(5, 20, 50), update_interval_ms=5_000, idle_close_ms=10_000, client_idle_ms=60_000,
                  lateness_ms=7_200_000)
# Low, so that the few requests a second of this traffic make bursts of each kind.
BURSTS = BurstOptions(requests_max=60, auth_failures=4, accounts=4, enumeration_paths=8, scanning_requests=4, scanning_rules=2)
BURST_KEYS = ('requests_max', 'auth_failures', 'accounts', 'enumeration_paths', 'scanning_requests', 'scanning_rules')
FLOOD = 9                 # so many attacks for each other record
STUCK_SECONDS = 90        # without any progress
SESSION_MS = 3_000
TRANSACTION_MS = 8_000
DAY_MS = 86_400_000
PUBLISHED = ('alerts', 'dead_letter', 'decisions')
_numbers = itertools.count(1)


def score_configuration(options):
    bursts = {name: value for name, value in vars(BURSTS).items() if name in BURST_KEYS}
    return {'bursts': bursts, 'client_idle_ms': options.client_idle_ms, 'lateness_ms': options.lateness_ms,
            'episodes': {'update_counts': list(options.update_counts), 'update_interval_ms': options.update_interval_ms,
                         'idle_close_ms': options.idle_close_ms, 'opened_per_minute_max': 100_000_000}}


class Trial:
    def __init__(self, cluster, folder, name, seed, delivery, *, rate=1500, partitions=8, observations_partitions=8,
                 clients=400, event_rate=200.0, options=OPTIONS, traffic=None, verdict_on=None,
                 lanes=(1, 1), uneven=False, judges_bursts=True, judges_decisions=True, by_hand=False, snapshot_round_ms=None,
                 commit_interval_ms=100):
        self.cluster, self.name, self.delivery, self.options = cluster, name, delivery, options
        self.chance = random.Random(f'{seed}/{name}')
        self.rate, self.lanes = rate, lanes
        self.partitions = partitions
        self.judges_bursts = judges_bursts           # their reference needs a lateness as long as an incident
        self.judges_decisions = judges_decisions     # they need the alerts of all partitions
        # Of the requests. A client stands in one of them, so the verdict on some partitions is exact for their clients.
        self.verdict_on = None if verdict_on is None else set(range(0, partitions, partitions // verdict_on))
        self.workload = Workload(f'{seed}/{traffic or name}', partitions, clients, event_rate, uneven)
        unique = f'{name}-{next(_numbers)}'
        self.group = unique
        self.topics = {role: f'{unique}.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter', 'decisions')}
        self.requests = self.topics['requests']
        self.observations_partitions = observations_partitions
        self.folder = Path(folder) / unique
        self.status = 'starting'
        self.faults = 0
        self.produced = 0
        self.rules = RULES
        self.flood_until = 0.0                   # of the monotonic clock: attackers send far more until then
        self.commit_interval_ms = commit_interval_ms
        self.snapshot_round_ms = snapshot_round_ms or self.chance.choice((2_000, 30_000))
        self.ending = threading.Event()          # no further faults, only the verdict
        self._stop_feeding = threading.Event()
        self._feeder, self._feeder_error, self._refused = None, None, False
        self.requests_may_be_refused = False     # a scenario hurts the brokers so that even the requests do not get through
        cluster.create_topic(self.requests, partitions)
        # As weir would make it, but kept whole: each step is looked at.
        cluster.create_topic(self.topics['decisions'], 4, {'cleanup.policy': 'compact', 'min.compaction.lag.ms': str(DAY_MS),
                                                           'message.timestamp.type': 'LogAppendTime'})
        view = type('Bootstrap', (), {'bootstrap': cluster.weir_bootstrap})
        self.fleet = Fleet(self.folder, view, self.topics, self.group, self.configure)
        self.extra = {}
        self._hand = Hand(self.fleet, self.workload, random.Random(f'{seed}/{name}/hand')) if by_hand else None
        self._orders = []                        # that stand in the topic

    def more(self, total):
        """Whether further faults are wanted."""
        return self.faults < total and not self.ending.is_set()

    def configure(self, name):
        """Members named `static-…` have static membership, as one that is restarted would have."""
        return {
            'delivery': self.delivery,
            'lanes': dict(zip(('detect', 'score'), self.lanes)),
            'rules': {'directories': [str(self.rules)]},
            'score': {**score_configuration(self.options), 'snapshot_round_ms': self.snapshot_round_ms},
            'batch': {'commit_interval_ms': self.commit_interval_ms},
            'decisions': POLICY if self.judges_decisions else {},
            'kafka': {'instance_id': name if name.startswith('static') else '', 'security': self.cluster.weir_security,
                      'topics': {'observations_partitions': self.observations_partitions},
                      'client_properties': {'session.timeout.ms': str(SESSION_MS), 'heartbeat.interval.ms': '500',
                                            **({'transaction.timeout.ms': str(TRANSACTION_MS),
                                                'message.timeout.ms': str(TRANSACTION_MS)}
                                               if self.delivery == 'exactly_once' else {})}},
        }

    # --- traffic

    def start_feeding(self):
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()
        if self._hand:
            self._hand.start()

    def _feed(self):
        try:
            began, producer, flooded = time.monotonic(), self._producer(), 0
            while not self._stop_feeding.is_set():
                if self._refused:
                    producer, self._refused = self._producer(), False
                due = int((time.monotonic() - began) * self.rate) + flooded - self.produced
                self._produce(producer, self.workload.records(max(due, 0)))
                if time.monotonic() < self.flood_until:
                    before = self.produced
                    self._produce(producer, self.workload.attacks(max(due, 0) * FLOOD))
                    flooded += self.produced - before
                self._stop_feeding.wait(0.02)
            self._flush(producer)
        except Exception as error:      # told by finish_feeding, in the scenario's own thread
            self._feeder_error = error

    def _producer(self, more=None):
        # Idempotent: what the brokers lose and get again while they are killed stays in order.
        return Producer({'bootstrap.servers': self.cluster.bootstrap, 'enable.idempotence': True, 'linger.ms': 5,
                         'compression.type': 'lz4', 'message.timeout.ms': 120000, 'client.id': 'fault-tests',
                         'log_level': 0, 'queue.buffering.max.messages': 1000000, **(more or {})})

    def _produce(self, producer, records):
        for partition, value in records:
            while True:
                try:
                    producer.produce(self.requests, value, partition=partition, on_delivery=self._delivered)
                    break
                except BufferError:
                    producer.poll(0.1)
            self.produced += 1
        producer.poll(0)

    def _delivered(self, error, _):
        if error and self.requests_may_be_refused:
            self._refused = True        # after such an error the producer may be of no use any more
        elif error:
            self._feeder_error = RuntimeError(f'a record could not be produced: {error}')

    def _flush(self, producer):
        if producer.flush(120):
            raise RuntimeError('records could not be produced')

    def produce_backlog(self, count):
        producer = self._producer({'linger.ms': 200, 'batch.size': 1 << 20})
        self._produce(producer, self.workload.records(count))
        self._flush(producer)

    def finish_feeding(self):
        self._stop_feeding.set()
        if self._feeder:
            self._feeder.join(150)
        if self._feeder_error:
            raise self._feeder_error
        if self._hand:
            self.status = 'lifting what was decided by hand'
            self._hand.finish()

    # --- the end

    def settle(self):
        """Waits until everything was worked on, closes all episodes by traffic far ahead, waits again."""
        self.status = 'catching up'
        self.wait_until_worked_off()
        self.status = 'closing the episodes'
        producer = self._producer()
        longest_ms = max(self.options.idle_close_ms, BURSTS.spraying_window_ms)
        self._produce(producer, self.workload.tail((self.options.lateness_ms + longest_ms) / 1000))
        self._flush(producer)
        self.wait_until_worked_off()
        self.status = 'waiting for the ends of transactions'
        self._wait_until(lambda: tuple(self._undecided(self.topics[role]) for role in PUBLISHED),
                         (0,) * len(PUBLISHED), f'undecided messages of {PUBLISHED}')

    def wait_until_worked_off(self):
        """Raises Stuck when nothing moves any more."""
        def left():
            requests = self._left('detect', self.requests)
            return (0, self._left('score', self.topics['observations'])) if requests == 0 else (requests, None)
        self._wait_until(left, (0, 0), 'messages left for (detect, score)')

    def wait_until_left(self, records):
        """Until no more than so many requests are left to the detect stage."""
        self._wait_until(lambda: max(self._left('detect', self.requests), int(records)), int(records), 'records left')

    def _wait_until(self, measure, wanted, what):
        last, since, status = None, time.monotonic(), self.status
        while True:
            try:
                left = measure()
                self.status = f'{status} ({what}: {left})'
            except Exception as error:      # no broker just now
                left = repr(error)
            if left == wanted:
                return
            if left != last:
                last, since = left, time.monotonic()
            if time.monotonic() - since > STUCK_SECONDS:
                raise Stuck(f'no progress for {STUCK_SECONDS} s; {what}: {left}')
            time.sleep(0.3)

    def _left(self, stage, topic):
        """What the stage's group has still to read: offsets of the requests of those that had come when it was asked, messages of the
        observations, where commit markers take offsets too and an open transaction may bring more."""
        if stage == 'detect':
            ends = self._ends(topic, 'read_uncommitted')
            committed = self._committed(stage, topic)
            return sum(max(end - committed.get(number, 0), 0) for number, end in ends.items())
        committed = self._committed(stage, topic)
        return self._undecided(topic) + sum(1 for _ in messages_of(self.cluster.bootstrap, topic, committed))

    def _committed(self, stage, topic):
        """{partition: offset} of the stage's group."""
        found = self.cluster.group_offsets(f'{self.group}-{stage}', {topic: self.cluster.topics()[topic]})
        return {number: offset for (_, number), offset in found.items()}

    def records_behind(self):
        """Offsets of the requests that are not yet read."""
        return self._left('detect', self.requests)

    def records_read(self):
        """Offsets of the requests up to where they are read."""
        return sum(self._committed('detect', self.requests).values())

    def blocks_behind(self):
        """Offsets of the observations that are not yet scored."""
        topic = self.topics['observations']
        committed = self._committed('score', topic)
        return sum(end - committed.get(number, 0) for number, end in self._ends(topic, 'read_committed').items())

    def _undecided(self, topic):
        """Offsets from the first open transaction on: a reader of committed records sees none of what stands there, not even
        what others have committed meanwhile."""
        visible = self._ends(topic, 'read_committed')
        return sum(self._ends(topic, 'read_uncommitted').values()) - sum(visible.values())

    def _ends(self, topic, isolation):
        consumer = Consumer({'bootstrap.servers': self.cluster.bootstrap, 'group.id': 'fault-tests', 'log_level': 0,
                             'isolation.level': isolation})
        try:
            return {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
                    for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions}
        finally:
            consumer.close()

    def verdict(self):
        """The comparisons of the alerts and of the decisions (None where they are not judged) with what must be, and the figures of the
        dead letters."""
        self.status = 'computing the reference'
        scorer = ReferenceScorer(Options(**{**vars(self.options), 'lateness_ms': None}))
        records, bad, requests = 0, 0, set()
        for message in messages_of(self.cluster.bootstrap, self.requests, {}, partition_by_partition=True,
                                   partitions=self.verdict_on):
            request = input_records.read(self.requests, message.partition(), message.offset(), message.value())
            records += 1
            if records % 10_000 == 0:
                self.status = f'computing the reference ({records:,})'
            if request is None:
                bad += 1
            else:
                scorer.observe(request)
                requests.add((request.partition, request.offset))
        scorer.finish()
        if self.requests_may_be_refused:
            self.produced = records
        elif self.verdict_on is None:
            assert records == self.produced, f'{self.produced} records produced, {records} in the topic'
        self.status = 'reading the observations'
        check = observation_blocks.Check(requests, self.verdict_on)
        decisions = DecisionReference(POLICY, scorer.alerts) if self.judges_decisions else None
        expected = scorer.alerts + self._read_observations(check, decisions)
        self.extra['observations'] = check.figures()
        self.status = 'reading the alerts'
        letters = [(message.partition(), message.value()) for message in
                   messages_of(self.cluster.bootstrap, self.topics['dead_letter'], {})
                   if self._judged(int(dict(message.headers())['__connect.errors.partition']))]
        found = self._compared(published.Comparison, expected, self._alerts)
        self.extra['digest'] = published.digest(expected) if found.exact else None
        self.extra['decisions_skipped'] = dict(decisions.skipped) if decisions else {}
        decided = decisions and self._compared(published.DecisionComparison, decisions.steps, self._decisions)
        return found, decided, {'expected': bad, 'published': len(letters),
                       'duplicated': len(letters) - len({value for _, value in letters})}

    def _read_observations(self, check, decisions):
        """The alerts of bursts that must exist for the observations in the topic, in whatever order; `check` and `decisions` get to see
        them."""
        scorer, partition = BurstReference(self.options, BURSTS), None
        for message in messages_of(self.cluster.bootstrap, self.topics['observations'], {}, partition_by_partition=True):
            if message.partition() != partition:
                partition = message.partition()
                if decisions:
                    decisions.end_partition()
                self.status = f'reading the observations (partition {partition})'
            try:
                observations = observation_blocks.observations_of(message.value(), [self.requests])
            except (IndexError, ValueError):
                observations = None
            check.take(partition, observations)
            if decisions and observations is not None:
                orders = observation_blocks.orders_of(message.value())
                self._orders += orders
                decisions.take_block(observation_blocks.sources_of(message.value()), message.timestamp()[1], observations, orders)
            for one in observations or ():
                scorer.observe(one)
        if decisions:
            decisions.end_partition()
            self._check_orders()
        if not self.judges_bursts:
            return []
        alerts = scorer.alerts()
        self.extra['bursts'] = collections.Counter(reason for one in alerts if one['phase'] == 'closed' for reason in one['reasons'])
        return alerts

    def _check_orders(self):
        """What was answered with 202 stands in the stream, once."""
        if not self._hand:
            return
        there = collections.Counter(one.reason for one in self._orders)
        wrong = [(reason, there[reason]) for reason in self._hand.accepted if there[reason] != 1]
        assert not wrong, f'orders that were taken, and how often they stand in the topic: {wrong[:5]}'
        self.extra['orders'] = collections.Counter(one.kind for one in self._orders)

    def _judged(self, partition):
        return self.verdict_on is None or partition in self.verdict_on

    def _alerts(self):
        alerts = [published.facts_of_message(message.key(), message.value(), dict(message.headers() or []))
                  for message in messages_of(self.cluster.bootstrap, self.topics['alerts'], {})]
        return [one for one in alerts if (self.judges_bursts if one['kind'] == 'burst' else self._judged(one['record'][1]))]

    def _decisions(self):
        return [published.decision_of_message(message.key(), message.value(), dict(message.headers() or []))
                for message in messages_of(self.cluster.bootstrap, self.topics['decisions'], {})]

    @staticmethod
    def _compared(comparison, expected, read):
        """The last messages may still be under way; what is wrong after 10 s without change stays wrong."""
        count, since = -1, time.monotonic()
        while True:
            messages = read()
            found = comparison(expected, messages)
            if len(messages) != count:
                count, since = len(messages), time.monotonic()
            if found.exact or time.monotonic() - since > 10:
                return found
            time.sleep(1)


def messages_of(bootstrap, topic, begin, isolation='read_committed', partition_by_partition=False, partitions=None):
    """All messages (of the partitions, if given) from the offsets `begin` ({partition: offset}) to the present end."""
    consumer = Consumer({'bootstrap.servers': bootstrap, 'group.id': 'fault-tests', 'enable.auto.commit': False,
                         'isolation.level': isolation, 'enable.partition.eof': True, 'log_level': 0,
                         'auto.offset.reset': 'earliest', 'fetch.message.max.bytes': 16777216})
    try:
        numbers = sorted(number for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions
                         if partitions is None or number in partitions)
        for part in [[number] for number in numbers] if partition_by_partition else [numbers]:
            consumer.assign([TopicPartition(topic, number, begin.get(number, OFFSET_BEGINNING)) for number in part])
            open_ones, deadline = set(part), time.monotonic() + 60
            while open_ones:
                batch = consumer.consume(5000, 0.2)
                for message in batch:
                    if message.error() is None:
                        yield message
                    elif message.error().name() == '_PARTITION_EOF':
                        open_ones.discard(message.partition())
                deadline = time.monotonic() + 60 if batch else deadline
                if time.monotonic() > deadline:
                    raise TimeoutError(f'{topic}: no end of the partitions {sorted(open_ones)}')
    finally:
        consumer.close()

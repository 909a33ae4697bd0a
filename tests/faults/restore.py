"""scripts/bench restore: how long a killed process needs until it knows its clients again, with traffic before and during it."""
import argparse
import json
import re
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / 'e2e')]

from confluent_kafka import Producer                              # noqa: E402

import traffic                                                    # noqa: E402
from kafka_broker import KafkaBroker                              # noqa: E402
from waiting import wait_for                                      # noqa: E402
from weir_process import OBSERVATIONS, REPOSITORY, WeirProcess    # noqa: E402

PARTITIONS_OF_REQUESTS = 4
ROUND_SECONDS = 30     # the default of score.snapshot_round_ms
ADDRESSES = 20_000     # each is a client, too, for what comes from it under many names
PART = re.compile(rb'customer-0|81\.64\.0\.0|r00000000')


def template():
    """The parts of a record between its request id, client and address, which are all that differs between two records."""
    whole = traffic.record(0, 0, 'customer-0', traffic.address(0))
    parts = PART.split(whole)
    assert len(parts) == 4
    return parts


class Feeder:
    """Produces one record for each number; the clients take turns."""

    def __init__(self, broker, topic, clients):
        self._producer = Producer({'bootstrap.servers': broker.bootstrap, 'linger.ms': 20, 'compression.type': 'lz4',
                                   'queue.buffering.max.messages': 1_000_000})
        self._topic, self._clients, self._parts = topic, clients, template()
        self.count = 0

    def feed(self, count):
        first, second, third, fourth = self._parts
        for number in range(self.count, self.count + count):
            client = number % self._clients
            value = b'%sr%08d%scustomer-%d%s%s%s' % (first, number, second, client, third, traffic.address(client % ADDRESSES).encode(), fourth)
            while True:
                try:
                    self._producer.produce(self._topic, value, partition=number % PARTITIONS_OF_REQUESTS)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        self._producer.poll(0)
        self.count += count

    def feed_until(self, rate, ended):
        began, fed = time.monotonic(), 0
        while not ended.is_set():
            due = int((time.monotonic() - began) * rate)
            self.feed(due - fed)
            fed = due
            time.sleep(0.01)
        self._producer.flush(60)

    def flush(self):
        self._producer.flush(120)


def moment_of(log, text):
    """Of the first line with this text, in seconds since the epoch."""
    line = next(line for line in log.splitlines() if text in line)
    return datetime.fromisoformat(line.split()[0].replace('Z', '+00:00')).timestamp()


def measure(broker, folder, options):
    topics = {role: f'restore.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter')}
    broker.create_topic(topics['requests'], PARTITIONS_OF_REQUESTS)
    weir = WeirProcess(folder / 'weir', broker, topics, 'restore', {
        'kafka': {'instance_id': 'host-1', 'topics': {'observations_partitions': options.partitions}},
        'lanes': {'detect': 1, 'score': options.lanes},
        'rules': {'directories': [str(REPOSITORY / 'tests' / 'faults' / 'rules')]}})
    weir.start()
    feeder, ended = Feeder(broker, topics['requests'], options.clients), threading.Event()
    traffic_goes = None
    try:
        feeder.feed(options.clients)
        feeder.flush()
        wait_for(lambda: weir.metrics().sum(OBSERVATIONS) >= options.clients, 300, 'all clients to be seen', 0.5)
        traffic_goes = threading.Thread(target=feeder.feed_until, args=(options.rate, ended))
        traffic_goes.start()
        time.sleep(2.5 * ROUND_SECONDS)      # every chunk was written with the traffic that goes on
        clients = weir.metrics().sum('weir_clients')
        weir.kill()
        seen = len(weir.log())
        began = time.monotonic()
        weir.start()
        until_ready, ready_at = time.monotonic() - began, time.time()
        time.sleep(2)       # the gauges are set once a second
        log, metrics = weir.log()[seen:], weir.metrics()
        return {'clients': int(clients), 'partitions': options.partitions, 'lanes': options.lanes, 'rate': options.rate,
                'from_start_to_ready_s': round(until_ready, 2),
                'from_assignment_to_ready_s': round(ready_at - moment_of(log, 'lane score-'), 2),
                'reading_state_s': round(metrics.sum('weir_state_restore_seconds_total'), 2),
                'partitions_restored': int(metrics.sum('weir_state_restores_total')),
                'observations_repeated': int(metrics.sum('weir_replayed_observations_total')),
                'clients_restored': int(metrics.sum('weir_clients'))}
    finally:
        ended.set()
        if traffic_goes:
            traffic_goes.join()
        weir.kill()
        if options.log:
            Path(options.log).write_text(weir.log())


def main(arguments):
    parser = argparse.ArgumentParser(prog='scripts/bench restore', description=__doc__)
    parser.add_argument('--clients', type=int, default=1_000_000)
    parser.add_argument('--partitions', type=int, default=8, help='of the observations (default 8)')
    parser.add_argument('--lanes', type=int, default=1, help='score lanes (default 1)')
    parser.add_argument('--rate', type=int, default=10_000, help='records a second before the kill and after it (default 10000)')
    parser.add_argument('--at-most', type=float, metavar='SECONDS', help='fail when the restore takes longer')
    parser.add_argument('--log', metavar='FILE', help="keep weir's log")
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix='weir-restore-') as folder:
        broker = KafkaBroker(Path(folder) / 'broker').start()
        try:
            report = measure(broker, Path(folder), options)
        finally:
            broker.stop()
    took = report['from_assignment_to_ready_s']
    print(f"{report['clients_restored']:,} of {report['clients']:,} clients in {report['partitions']} partitions, {report['lanes']} lanes: "
          f"ready {took} s after the assignment, {report['reading_state_s']} s of it reading state; "
          f"{report['observations_repeated']:,} observations repeated; {report['from_start_to_ready_s']} s after the start of the process")
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=2) + '\n')
    if options.at_most is not None and took > options.at_most:
        print(f'wanted at most {options.at_most:g} s')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

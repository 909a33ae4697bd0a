"""scripts/bench latency: from a record's way to the broker to its alert at a read_committed consumer, for both deliveries, for both
orders of scoring, or alone and beside replays of the same topic."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / 'e2e')]

from confluent_kafka import Consumer, Producer, TopicPartition    # noqa: E402

import traffic                                                    # noqa: E402
from kafka_broker import KafkaBroker                              # noqa: E402
from weir_process import OBSERVATIONS, REPOSITORY, WeirProcess, binary, environment    # noqa: E402

ATTACKS_A_SECOND = 200       # each by a client of its own, so that each has an alert at once
PARTITIONS = 4
WARM_UP_SECONDS = 5
BESIDE = 'beside_replays'
COMPARED = {
    'deliveries': {name: {'delivery': name} for name in ('exactly_once', 'at_least_once')},
    'orders': {name: {'score': {'order': name}} for name in ('arrival', 'event_time')},
    'replays': {'alone': {}, BESIDE: {}},
}
QUIET_SECONDS = 30    # without an alert, after the last record: those that wait are told of by then


def produce(bootstrap, topic, rate, seconds, sent):
    """Benign records at `rate`, and attacks whose request id is the moment they were handed to the client library."""
    producer = Producer({'bootstrap.servers': bootstrap, 'linger.ms': 1, 'compression.type': 'lz4',
                         'queue.buffering.max.messages': 1000000})
    benign = list(traffic.benign(5000))
    every = max(1, int(rate / ATTACKS_A_SECOND))
    began, number = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        for _ in range(int((now - began) * rate) - number):
            number += 1
            value = benign[number % len(benign)]
            if number % every == 0:
                value = traffic.record(number, number / rate, f'attacker-{number}', traffic.address(number),
                                       query='q=zqhigh', request_id=f'{time.time() * 1000:.1f}')
                sent[0] += now > began + WARM_UP_SECONDS
            producer.produce(topic, value, partition=number % PARTITIONS)
        producer.poll(0)
        time.sleep(0.002)
    producer.flush(60)


def replay_again_and_again(weir, going_on):
    """What is in the topic by then, from its beginning."""
    while going_on.is_alive():
        subprocess.run([binary(), 'replay', '--config', weir.config_path, '--from', 'beginning', '--output', 'summary'], env=os.environ | environment(),
                       stdin=subprocess.DEVNULL, capture_output=True, check=True)


def measure(broker, folder, name, changes, rate, seconds):
    """Sorted latencies in ms; how many attacks were sent, how many records were scored; the most bytes that waited, and records."""
    topics = {role: f'{name}.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter')}
    broker.create_topic(topics['requests'], PARTITIONS)
    weir = WeirProcess(folder / name, broker, topics, name, {
        **changes, 'lanes': {'detect': 1, 'score': 1},
        'rules': {'directories': [str(REPOSITORY / 'rules'), str(REPOSITORY / 'tests' / 'faults' / 'rules')]}})
    weir.start()
    sent, latencies, waited, scraped = [0], [], (0, 0), 0
    feeder = threading.Thread(target=produce, args=(broker.bootstrap, topics['requests'], rate, seconds, sent))
    replays = threading.Thread(target=replay_again_and_again, args=(weir, feeder)) if name == BESIDE else None
    consumer = Consumer({'bootstrap.servers': broker.bootstrap, 'group.id': 'latency', 'isolation.level': 'read_committed',
                         'fetch.wait.max.ms': 10, 'enable.auto.commit': False})
    consumer.assign([TopicPartition(topics['alerts'], number, 0) for number in range(broker.topics()[topics['alerts']])])
    try:
        feeder.start()
        if replays:
            replays.start()
        warm, last = time.time() + WARM_UP_SECONDS, time.monotonic()
        while feeder.is_alive() or (time.monotonic() - last < QUIET_SECONDS and len(latencies) < sent[0]):
            message = consumer.poll(0.1)
            if time.monotonic() - scraped > 1:
                scraped = time.monotonic()
                seen = weir.metrics()
                waited = max(waited, (seen.sum('weir_waiting_bytes'), seen.sum('weir_waiting_records')))
            if message is None or message.error():
                continue
            now, last = time.time(), time.monotonic()
            alert = json.loads(message.value())
            if alert['unmapped']['weir']['phase'] == 'opened' and alert['unmapped']['weir']['kind'] == 'attack':
                moment = float(alert['evidences'][0]['http_request']['uid']) / 1000
                if moment > warm:
                    latencies.append((now - moment) * 1000)
        behind = weir.metrics().sum(OBSERVATIONS)
    finally:
        consumer.close()
        feeder.join()
        if replays:
            replays.join()      # before its brokers go
        weir.kill()
    return sorted(latencies), sent[0], behind, waited


def main(arguments):
    parser = argparse.ArgumentParser(prog='scripts/bench latency', description=__doc__)
    parser.add_argument('--rate', type=int, default=20_000, help='records a second (default 20000): about half of what the machine can do')
    parser.add_argument('--seconds', type=int, default=30)
    parser.add_argument('--compare', choices=COMPARED, default='deliveries')
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args(arguments)
    report = {'rate': options.rate, 'seconds': options.seconds}
    with tempfile.TemporaryDirectory(prefix='weir-latency-') as folder:
        broker = KafkaBroker(Path(folder) / 'broker').start()
        try:
            for name, changes in COMPARED[options.compare].items():
                found, sent, observed, (waited, records) = measure(broker, Path(folder), name, changes, options.rate, options.seconds)
                if not found:
                    print(f'{name}: no alert came')
                    return 1
                at = lambda share: found[min(int(len(found) * share), len(found) - 1)]
                report[name] = {'waited_bytes': waited, 'waited_records': records, 'alerts': len(found), 'sent': sent, 'observed': observed, 'p50_ms': round(at(0.5), 1),
                                    'p90_ms': round(at(0.9), 1), 'p99_ms': round(at(0.99), 1), 'max_ms': round(found[-1], 1)}
                print(f"{name:14} {len(found):6} alerts: p50 {at(0.5):7.1f} ms, p90 {at(0.9):7.1f} ms, "
                      f"p99 {at(0.99):7.1f} ms, most {found[-1]:7.1f} ms at {options.rate:,} records/s"
                      + (f", {records:,.0f} waited in {waited / 2**20:.1f} MiB" if waited else ''))
        finally:
            broker.stop()
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

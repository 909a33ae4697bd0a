"""scripts/bench throughput: records a second of both deliveries over the same backlog, in turns, and their ratio."""
import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / 'e2e')]

from confluent_kafka import Producer                              # noqa: E402

import traffic                                                    # noqa: E402
from kafka_broker import KafkaBroker                              # noqa: E402
from weir_process import OBSERVATIONS, WeirProcess                # noqa: E402

DELIVERIES = ('exactly_once', 'at_least_once')
PARTITIONS = 4
REQUESTS = 'throughput.requests'
ATTACK_EVERY = 1_000
STUCK_SECONDS = 60


def produce(broker, count):
    broker.create_topic(REQUESTS, PARTITIONS)
    producer = Producer({'bootstrap.servers': broker.bootstrap, 'linger.ms': 50, 'compression.type': 'lz4',
                         'queue.buffering.max.messages': 1_000_000})
    benign = list(traffic.benign(5000))
    for number in range(count):
        value = benign[number % len(benign)]
        if number % ATTACK_EVERY == 0:
            value = traffic.record(number, number / 1000, f'attacker-{number}', traffic.address(number), **traffic.ATTACKS['sqli'])
        while True:
            try:
                producer.produce(REQUESTS, value, partition=number % PARTITIONS)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 10_000 == 0 and sys.stderr.isatty():
            print(f'\r{number:,} of {count:,} records produced', end='', file=sys.stderr, flush=True)
    producer.flush(60)
    if sys.stderr.isatty():
        print('\r' + ' ' * 60, end='\r', file=sys.stderr, flush=True)


def measure(broker, folder, name, delivery, count):
    """(records a second, CPU µs a record) of a process with one lane for each stage, from when it is ready to the end of the backlog.
    What it takes to begin is in it, so the backlog should be long."""
    topics = {'requests': REQUESTS, **{role: f'{name}.{role}' for role in ('alerts', 'observations', 'state', 'dead_letter')}}
    weir = WeirProcess(folder / name, broker, topics, name, {'delivery': delivery, 'lanes': {'detect': 1, 'score': 1}})
    weir.start()
    try:
        begin = moved = now = time.monotonic()
        seen = 0
        while seen < count:
            metrics = weir.metrics()
            before, seen, now = seen, metrics.sum(OBSERVATIONS), time.monotonic()
            if seen > before:
                moved = now
            elif now - moved > STUCK_SECONDS:
                raise RuntimeError(f'{delivery}: {seen:,.0f} of {count:,} records scored, and no more for {STUCK_SECONDS} s\n{weir.log()[-2000:]}')
            time.sleep(0.02)
        return seen / (now - begin), metrics.sum('process_cpu_seconds_total') * 1e6 / seen
    finally:
        weir.kill()


def main(arguments):
    parser = argparse.ArgumentParser(prog='scripts/bench throughput', description=__doc__)
    parser.add_argument('--records', type=int, default=1_000_000, help='of the backlog (default 1000000)')
    parser.add_argument('--rounds', type=int, default=3, help='each measures both deliveries (default 3)')
    parser.add_argument('--at-least', type=float, default=0, metavar='RATIO',
                        help='fail if the median ratio of exactly_once to at_least_once is less')
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args(arguments)
    if options.records < 1000 or options.rounds < 1:
        parser.error('at least 1,000 records and one round are needed')
    rounds = []
    with tempfile.TemporaryDirectory(prefix='weir-throughput-') as folder:
        broker = KafkaBroker(Path(folder) / 'broker').start()
        try:
            produce(broker, options.records)
            for number in range(options.rounds):
                order = DELIVERIES if number % 2 == 0 else DELIVERIES[::-1]      # what comes first has the colder caches
                found = {delivery: measure(broker, Path(folder), f'{delivery}-{number}', delivery, options.records)
                         for delivery in order}
                (once, once_cpu), (least, least_cpu) = (found[delivery] for delivery in DELIVERIES)
                rounds.append({'exactly_once': round(once), 'at_least_once': round(least), 'ratio': round(once / least, 3),
                               'cpu_us_a_record': [round(once_cpu, 2), round(least_cpu, 2)]})
                print(f'exactly_once {once:9,.0f} records/s ({once_cpu:.2f} µs CPU a record), at_least_once {least:9,.0f} records/s '
                      f'({least_cpu:.2f} µs), ratio {once / least:.2f}', flush=True)
        finally:
            broker.stop()
    ratio = statistics.median(one['ratio'] for one in rounds)
    print(f'median ratio {ratio:.2f}' + (f', wanted {options.at_least}' if ratio < options.at_least else ''))
    if options.json:
        Path(options.json).write_text(json.dumps({'records': options.records, 'rounds': rounds, 'median_ratio': ratio}, indent=2) + '\n')
    return 1 if ratio < options.at_least else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

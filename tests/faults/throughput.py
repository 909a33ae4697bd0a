"""scripts/bench throughput: records a second of two settings over the same backlog, in turns, and their ratio.

Of both deliveries, or with and without watermarks; then the backlog is an hour's, in partitions of very different length.
"""
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

# What is compared: the setting of interest, and what it is measured by.
COMPARISONS = {
    'deliveries': {'exactly_once': {'delivery': 'exactly_once'}, 'at_least_once': {'delivery': 'at_least_once'}},
    'watermarks': {'with_watermarks': {'score': {'watermarks': True}}, 'without': {'score': {'watermarks': False}}},
}
PARTITIONS = 4
UNEVEN = (8, 7, 6, 5, 4, 3, 2, 1)      # shares of the partitions of an hour's backlog
HOUR = 3_600.0
REQUESTS = 'throughput.requests'
ATTACK_EVERY = 1_000
STUCK_SECONDS = 60


def even(count):
    """(partition, record), as they come."""
    benign = list(traffic.benign(5000))
    for number in range(count):
        attacks = number % ATTACK_EVERY == 0
        yield number % PARTITIONS, traffic.record(number, number / 1000, f'attacker-{number}', traffic.address(number),
                                                  **traffic.ATTACKS['sqli']) if attacks else benign[number % len(benign)]


def uneven(count):
    """As even(), but an hour of event time, and one partition after the other: each client's records stand in one."""
    homes = [partition for partition, share in enumerate(UNEVEN) for _ in range(share)]
    for partition in range(len(UNEVEN)):
        for number in range(count):
            client = number * 7919 % 5000
            if homes[client % len(homes)] != partition:
                continue
            attack = traffic.ATTACKS['sqli'] if number % ATTACK_EVERY == 0 else {}
            yield partition, traffic.record(number, number * HOUR / count, f'customer-{client}', traffic.address(client), **attack)


def produce(broker, records, partitions):
    broker.create_topic(REQUESTS, partitions)
    producer = Producer({'bootstrap.servers': broker.bootstrap, 'linger.ms': 50, 'compression.type': 'lz4',
                         'queue.buffering.max.messages': 1_000_000})
    for number, (partition, value) in enumerate(records):
        while True:
            try:
                producer.produce(REQUESTS, value, partition=partition)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 10_000 == 0 and sys.stderr.isatty():
            print(f'\r{number:,} records produced', end='', file=sys.stderr, flush=True)
    producer.flush(60)
    if sys.stderr.isatty():
        print('\r' + ' ' * 60, end='\r', file=sys.stderr, flush=True)


def measure(broker, folder, name, settings, count, lanes):
    """(records a second, CPU µs a record) of a process with one lane that scores, from when it is ready to the end of the backlog.
    What it takes to begin is in it, so the backlog should be long."""
    topics = {'requests': REQUESTS, **{role: f'{name}.{role}' for role in ('alerts', 'observations', 'state', 'dead_letter')}}
    weir = WeirProcess(folder / name, broker, topics, name, {**settings, 'lanes': {'detect': lanes, 'score': 1}})
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
                raise RuntimeError(f'{name}: {seen:,.0f} of {count:,} records scored, and no more for {STUCK_SECONDS} s\n{weir.log()[-2000:]}')
            time.sleep(0.02)
        return seen / (now - begin), metrics.sum('process_cpu_seconds_total') * 1e6 / seen
    finally:
        weir.kill()


def main(arguments):
    parser = argparse.ArgumentParser(prog='scripts/bench throughput', description=__doc__)
    parser.add_argument('--compare', choices=COMPARISONS, default='deliveries', help='(default deliveries)')
    parser.add_argument('--records', type=int, default=1_000_000, help='of the backlog (default 1000000)')
    parser.add_argument('--rounds', type=int, default=3, help='each measures both settings (default 3)')
    parser.add_argument('--lanes', type=int, default=1, help='that detect (default 1)')
    parser.add_argument('--at-least', type=float, default=0, metavar='RATIO',
                        help='fail if the median ratio of the first setting to the second is less')
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args(arguments)
    if options.records < 1000 or options.rounds < 1 or options.lanes < 1:
        parser.error('at least 1,000 records, one round and one lane are needed')
    settings = COMPARISONS[options.compare]
    first, second = settings
    rounds = []
    with tempfile.TemporaryDirectory(prefix='weir-throughput-') as folder:
        broker = KafkaBroker(Path(folder) / 'broker').start()
        try:
            if options.compare == 'watermarks':
                produce(broker, uneven(options.records), len(UNEVEN))
            else:
                produce(broker, even(options.records), PARTITIONS)
            for number in range(options.rounds):
                order = list(settings) if number % 2 == 0 else list(settings)[::-1]      # what comes first has the colder caches
                found = {name: measure(broker, Path(folder), f'{name}-{number}', settings[name], options.records, options.lanes)
                         for name in order}
                (one, one_cpu), (other, other_cpu) = found[first], found[second]
                rounds.append({first: round(one), second: round(other), 'ratio': round(one / other, 3),
                               'cpu_us_a_record': [round(one_cpu, 2), round(other_cpu, 2)]})
                print(f'{first} {one:9,.0f} records/s ({one_cpu:.2f} µs CPU a record), {second} {other:9,.0f} records/s '
                      f'({other_cpu:.2f} µs), ratio {one / other:.2f}', flush=True)
        finally:
            broker.stop()
    ratio = statistics.median(one['ratio'] for one in rounds)
    print(f'median ratio {ratio:.2f}' + (f', wanted {options.at_least}' if ratio < options.at_least else ''))
    if options.json:
        Path(options.json).write_text(json.dumps({'records': options.records, 'rounds': rounds, 'median_ratio': ratio}, indent=2) + '\n')
    return 1 if ratio < options.at_least else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

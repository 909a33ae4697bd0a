"""Many records through the real broker: none lost, none counted twice, memory bounded."""
import os
import random
import subprocess
import sys

import traffic
from waiting import wait_for
from weir_process import DEAD_LETTERS, OBSERVATIONS, RECORDS, REPOSITORY

RECORDS_COUNT = int(os.environ.get('WEIR_E2E_RECORDS', '200000'))
GENERATOR = REPOSITORY.parent / 'shared' / 'corpora' / 'gen_traffic.py'
MEMORY_BYTES_MAX = 600 * 1000 * 1000


def generated_lines(folder):
    """With WEIR_E2E_RECORDS set and the corpus generator beside the repository, its records; else our own."""
    if 'WEIR_E2E_RECORDS' in os.environ and GENERATOR.exists():
        path = folder / 'traffic.ndjson'
        subprocess.run([sys.executable, GENERATOR, '-n', str(RECORDS_COUNT), '-o', path, '--labels', folder / 'labels.ndjson'],
                       check=True)
        with open(path, 'rb') as lines:
            yield from (line.rstrip(b'\n') for line in lines)
        path.unlink()
    else:
        yield from traffic.benign(RECORDS_COUNT, clients=20_000)


def with_bad_ones(lines, chance):
    """Spoils one record in 500; yields (line, whether it is good)."""
    for line in lines:
        if chance.random() < 0.002:
            yield line[:30], False
        else:
            yield line, True


def test_records_in_are_records_observed_plus_dead_letters(pipeline, tmp_path):
    counts = {True: 0, False: 0}

    def produced():
        for line, good in with_bad_ones(generated_lines(tmp_path), random.Random(3)):
            counts[good] += 1
            yield line
    weir = pipeline.start()
    total = pipeline.broker.produce(pipeline.requests, produced(), 'lz4')
    assert total == RECORDS_COUNT == counts[True] + counts[False] and counts[False] > 0

    seconds = 60 + RECORDS_COUNT / 5000
    weir.wait_for_metric(RECORDS, total, timeout=seconds)
    weir.wait_for_metric(OBSERVATIONS, counts[True], timeout=seconds)
    weir.wait_for_metric(DEAD_LETTERS, counts[False], timeout=30)
    letters = lambda: len(pipeline.broker.records(pipeline.topics['dead_letter']))  # offsets count the ends of transactions too
    wait_for(lambda: letters() >= counts[False], 30, lambda: f'{counts[False]} dead letters; there are {letters()}')

    # Before the stop, which waits for Kafka for a while only.
    wait_for(lambda: pipeline.observed() == total, 60, lambda: f'{total} records to be committed; {pipeline.observed()}')

    memory = weir.process.memory_peak_bytes()
    assert weir.stop() == 0, weir.process.log_tail()
    print(f'{total} records, {counts[False]} dead letters, {memory / 1e6:.0f} MB resident at most')
    assert letters() == counts[False]
    assert sum(pipeline.committed('detect').values()) == total
    assert memory < MEMORY_BYTES_MAX


def test_the_backlog_of_a_lagging_topic_does_not_grow_the_memory(pipeline):
    """All records are there before weir starts: it must not read ahead without bound."""
    total = pipeline.broker.produce(pipeline.requests, traffic.benign(RECORDS_COUNT, clients=20_000), 'zstd')
    weir = pipeline.start()
    metrics = weir.wait_for_metric(OBSERVATIONS, total, timeout=60 + total / 5000)
    assert metrics.sum(OBSERVATIONS) == total
    assert metrics.sum(RECORDS) == total
    assert weir.process.memory_peak_bytes() < MEMORY_BYTES_MAX

"""Processor time of processes, in turns."""
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from peer import Unavailable

STARTS = 3
CALIBRATION_RECORDS = 500


@dataclass
class Run:
    seconds: float          # user and system time
    peak_mb: float
    result: object

    def without(self, start):
        """The seconds that the records took: what the peer says itself, or the process without what a start costs."""
        return self.seconds - start if self.result.seconds is None else self.result.seconds


def run(peer, records):
    """One process of the peer over a file."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as output, \
            tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as complaints:
        result = Path(folder) / 'result.json'
        command = [str(part) for part in peer.command(records, result)]
        environment = os.environ | {'PYTHONDONTWRITEBYTECODE': '1'}
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=complaints, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        complaints.seek(0)
        said = complaints.read()
        if child.returncode != 0:
            words = [line for line in said.splitlines() if line.strip()]
            raise Unavailable(f'ended with {child.returncode}: {words[-1] if words else "without a word"}')
        return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, peer.read(result, output.read(), said))


class Prefixes:
    """The first so many records of the one file that all peers get."""

    def __init__(self, source, folder, convert):
        self.source, self.folder, self.convert = Path(source), Path(folder), convert
        with open(self.source, 'rb') as lines:
            self.count = sum(1 for _ in lines)
        self.made = {}

    def of(self, peer, count):
        key = peer.given, count
        if key not in self.made:
            path = self.folder / f'records-{count}.ndjson'
            if not path.exists():
                with open(self.source, 'rb') as source, open(path, 'wb') as target:
                    target.writelines(line for line, _ in zip(source, range(count)))
            if peer.given:
                events = self.folder / f'{peer.given}-{count}.ndjson'
                self.convert[peer.given](path, events)
                path = events
            self.made[key] = path
        return self.made[key]


@dataclass
class Measured:
    peer: object
    version: str
    start: float = 0.0
    records: int = 0
    nanoseconds: list = field(default_factory=list)     # a record, by round
    peak_mb: float = 0.0
    failed: str = ''
    attacks: dict = field(default_factory=dict)

    def least(self):
        return min(self.nanoseconds)

    def median(self):
        return statistics.median(self.nanoseconds)


def choose_records(measured, prefixes, seconds):
    """So many records that a run takes about that long: the slow ones get less of the same file."""
    peer = measured.peer
    if peer.records_fixed:
        measured.records = min(prefixes.count, peer.records_fixed)
        return
    one = prefixes.of(peer, 1)
    run(peer, one)                 # caches of compiled rules, pages of the program
    measured.start = min(run(peer, one).seconds for _ in range(STARTS))
    sample = min(CALIBRATION_RECORDS, prefixes.count)
    cost = max(run(peer, prefixes.of(peer, sample)).without(measured.start), 1e-4) / sample
    if cost * prefixes.count > seconds:
        measured.records = min(prefixes.count, max(sample, int(seconds / cost / CALIBRATION_RECORDS) * CALIBRATION_RECORDS))
    else:
        measured.records = prefixes.count


def into_page_cache(path):
    """The disk is not what is measured. In pieces: a process begins with the peak memory of the one that started it."""
    with open(path, 'rb') as file:
        while file.read(1 << 20):
            pass


def measure_once(measured, prefixes):
    path = prefixes.of(measured.peer, measured.records)
    into_page_cache(path)
    found = run(measured.peer, path)
    if found.result.records != measured.records:
        raise Unavailable(f'judged {found.result.records} of {measured.records} records')
    measured.nanoseconds.append(found.without(measured.start) / measured.records * 1e9)
    measured.peak_mb = max(measured.peak_mb, found.peak_mb)


def guarded(measured, step, *arguments):
    """One peer that fails does not take the others' figures away."""
    if measured.failed:
        return
    try:
        step(measured, *arguments)
    except Unavailable as error:
        measured.failed = str(error)
        print(f'  {measured.peer.name}: {error}', file=sys.stderr)


def measure_all(all_measured, prefixes, rounds, seconds):
    for measured in all_measured:
        guarded(measured, choose_records, prefixes, seconds)
    for turn in range(rounds):
        for measured in all_measured if turn % 2 == 0 else reversed(all_measured):
            if turn < (measured.peer.rounds_max or rounds):
                guarded(measured, measure_once, prefixes)
        print(f'  round {turn + 1} of {rounds}', file=sys.stderr)

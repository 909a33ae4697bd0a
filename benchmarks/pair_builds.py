"""scripts/bench --against BUILD: two builds of weir on the same records, in turns, in one run.

What counts is the processor time of `weir scan` without what a start costs (a scan of one record), since other work on the machine
changes it least. Each pair gives a ratio; the median says how the builds compare, the spread how sure that is.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = ('parse', 'decode', 'match', 'observe', 'score')
STARTS = 3


def program_of(build):
    """A program, the folder it was built in, or a checkout with a release build."""
    for path in (build, build / 'weir', build / 'build/release/weir'):
        if path.is_file() and os.access(path, os.X_OK):
            return path.resolve()
    sys.exit(f'{build}: no weir there: name the program, its build folder or a checkout with a release build')


class Build:
    def __init__(self, name, program, rules, config):
        self.name, self.program, self.rules, self.config = name, program, rules, config
        self.start, self.seconds, self.figures = 0.0, [], []

    def scan(self, path, folder):
        figures = Path(folder) / f'{self.name}.json'
        command = [self.program, 'scan', '--output', 'summary', '--json', figures, '--config', self.config, '--rules', self.rules, path]
        with open(os.devnull, 'w') as nowhere:
            process = subprocess.Popen(command, stdout=nowhere, stderr=subprocess.PIPE, text=True)
            complaints = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f'{self.program} failed:\n{complaints}')
        return usage.ru_utime + usage.ru_stime, json.loads(figures.read_text())

    def measure_start(self, path, folder):
        self.scan(path, folder)  # which may have compiled the rules for the next ones
        self.start = min(self.scan(path, folder)[0] for _ in range(STARTS))

    def measure(self, path, folder):
        seconds, figures = self.scan(path, folder)
        self.seconds.append(seconds - self.start)
        self.figures.append(figures)

    def step(self, name):
        return min(figures['ns_per_record'].get(name, 0) for figures in self.figures)


def spread_of(ratios):
    return {'median': statistics.median(ratios), 'least': min(ratios), 'most': max(ratios)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('--weir', type=Path, required=True, help='the build that is looked at')
    arguments.add_argument('--against', type=Path, required=True, help='the build that it is compared with')
    arguments.add_argument('--input', type=Path, required=True, help='records in the flat form')
    arguments.add_argument('--rules', type=Path, default=Path('rules'))
    arguments.add_argument('--against-rules', type=Path, help='rules of the other build, where it cannot read these')
    arguments.add_argument('--config', type=Path, help='for both')
    arguments.add_argument('--rounds', type=int, default=7)
    arguments.add_argument('--at-least', type=float, default=0, help='fail when the median ratio of the rates is lower')
    arguments.add_argument('--json', type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = given.config
        if config is None:
            config = Path(folder) / 'weir.yaml'
            config.write_text(f'rules: {{cache_directory: {folder}}}\n')
        this = Build('this', program_of(given.weir), given.rules, config)
        other = Build('other', program_of(given.against), given.against_rules or given.rules, config)
        one = Path(folder) / 'one.ndjson'
        with open(given.input, 'rb') as records:
            one.write_bytes(records.readline())
        given.input.read_bytes()  # into the page cache
        for build in (this, other):
            build.measure_start(one, folder)
        for turn in range(given.rounds):
            for build in (this, other) if turn % 2 == 0 else (other, this):
                build.measure(given.input, folder)
    return report(given, this, other)


def report(given, this, other):
    records = this.figures[0]['records']
    ratios = [theirs / ours for ours, theirs in zip(this.seconds, other.seconds)]
    rate = spread_of(ratios)
    for build in (this, other):
        print(f'  {build.name}: {min(build.seconds) / records * 1e9:,.0f} ns of processor time a record (median '
              f'{statistics.median(build.seconds) / records * 1e9:,.0f}), start {build.start:.2f} s, {build.program}')
    print('  ns a record, least of the rounds (this : other): '
          + ', '.join(f'{step} {this.step(step):.0f} : {other.step(step):.0f}' for step in STEPS))
    print(f"rate of this build over the other's: {rate['median']:.3f} (median of {len(ratios)} pairs, "
          f"{rate['least']:.3f} to {rate['most']:.3f}; of the least times {min(other.seconds) / min(this.seconds):.3f})")
    if given.json:
        figures = {'records': records, 'ratio': rate, 'ratio_of_least': min(other.seconds) / min(this.seconds), 'ratios': ratios}
        for build in (this, other):
            figures[build.name] = {'program': str(build.program), 'start_seconds': build.start, 'seconds': build.seconds,
                                   'ns_per_record': {step: build.step(step) for step in STEPS}}
        given.json.write_text(json.dumps(figures, indent=2))
    if rate['median'] < given.at_least:
        print(f'wanted {given.at_least}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())

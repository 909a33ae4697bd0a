"""scripts/faults: runs scenarios against real brokers and real weir processes, and says whether every alert is right."""
import argparse
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / 'e2e')]

import scenarios                    # noqa: E402
import soak                         # noqa: E402
from cluster import Cluster, SmallDisk  # noqa: E402
from fleet import Stuck             # noqa: E402
from trial import OPTIONS, Trial    # noqa: E402

ONE, THREE, PROXIED, SMALL, TLS = ('one node', 'three nodes', 'one node behind a proxy', 'three nodes with small disks',
                                   'three nodes, TLS')


class Plan:
    """One scenario with its number of faults, and on which Kafka. `lane`: plans of one lane run one after the other."""

    def __init__(self, name, run, faults, where, lane, **trial):
        self.name, self.run, self.faults, self.where, self.lane, self.trial = name, run, faults, where, lane, trial


# Two hours of event time and more; with the lateness that weir has by default.
CATCH_UP = {'clients': 160, 'event_rate': 4.0, 'uneven': True, 'judges_bursts': False,
            'options': dataclasses.replace(OPTIONS, lateness_ms=60_000)}
SHORT = [
    Plan('kills', scenarios.kills, 30, ONE, 0, by_hand=True),
    Plan('crashes', scenarios.crashes, 24, ONE, 0),
    Plan('clocks', scenarios.clocks, 8, ONE, 0),
    Plan('slow-alerts', scenarios.slow_alerts, 3, ONE, 0),
    Plan('brokers', scenarios.brokers, 10, THREE, 1, by_hand=True),
    Plan('zombies', scenarios.zombies, 5, THREE, 1),
    Plan('undisturbed', scenarios.undisturbed, 5, PROXIED, 2),
    Plan('network', scenarios.network, 20, PROXIED, 2),
    Plan('membership', scenarios.membership, 20, PROXIED, 2, by_hand=True),
    Plan('full-disk', scenarios.full_disk, 2, SMALL, 1),
    Plan('overload', scenarios.overload, 30, TLS, 1),
    Plan('catch-up', scenarios.catch_up, 30, ONE, 0, **CATCH_UP),
]
SHORT += [Plan(f'scale-{processes}', scenarios.scale, processes, PROXIED, 2, traffic='scale', partitions=16,
               observations_partitions=16) for processes in (1, 2, 4)]
LONG_TRAFFIC = {'rate': 1600, 'clients': 4000, 'event_rate': 2000.0}
LONG = [
    Plan('kills', scenarios.kills, 300, ONE, 0, by_hand=True, **LONG_TRAFFIC),
    Plan('crashes', scenarios.crashes, 96, ONE, 0, **LONG_TRAFFIC),
    # Of 1,000 s of event time: no partition can be further ahead of another, and what a client costs grows with the lateness.
    Plan('backlog', scenarios.backlog, 5000, ONE, 0, partitions=64, observations_partitions=64, clients=20_000, event_rate=5000.0,
         verdict_on=8, judges_decisions=False, lanes=(8, 8), options=dataclasses.replace(OPTIONS, lateness_ms=1_200_000)),
    Plan('clocks', scenarios.clocks, 60, ONE, 0, **LONG_TRAFFIC),
    Plan('slow-alerts', scenarios.slow_alerts, 30, ONE, 0, **LONG_TRAFFIC),
    Plan('brokers', scenarios.brokers, 100, THREE, 1, by_hand=True, **LONG_TRAFFIC),
    Plan('zombies', scenarios.zombies, 30, THREE, 1, **LONG_TRAFFIC),
    Plan('network', scenarios.network, 100, PROXIED, 2, **LONG_TRAFFIC),
    Plan('membership', scenarios.membership, 100, PROXIED, 2, by_hand=True, **LONG_TRAFFIC),
    Plan('full-disk', scenarios.full_disk, 30, SMALL, 1, **LONG_TRAFFIC),
    Plan('overload', scenarios.overload, 600, TLS, 1, **LONG_TRAFFIC),
    Plan('catch-up', scenarios.catch_up, 300, ONE, 0, **CATCH_UP | {'clients': 1600, 'event_rate': 20.0}),
]
SHORT += [Plan('soak', soak.soak, 1, THREE, 1)]
# So slow that hours of it can be judged: the reference keeps what it expects. Event time goes ten times as fast, so that what is kept for
# the lateness, two hours, has filled up within the first quarter; snapshots and commits are as frequent as they are by default.
SOAK = [Plan('soak', soak.soak, 120, THREE, 0, rate=120, clients=400, event_rate=12.0, snapshot_round_ms=30_000,
             commit_interval_ms=200)]
COMPARED = ('expected', 'lost', 'duplicated', 'different')
PLANS = {'short': SHORT, 'long': LONG, 'soak': SOAK}


def make_cluster(where, folder):
    return Cluster(folder, 3 if where in (THREE, SMALL, TLS) else 1, proxied=where == PROXIED, small_disks=where == SMALL,
                   tls=where == TLS).start()


class Run:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.plans = [plan for plan in PLANS[arguments.form] if not arguments.scenario or plan.name in arguments.scenario]
        self.results = []
        self.running = {}
        self.clusters = []
        self.ending, self.stopping = threading.Event(), threading.Event()
        self.began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.began

    def tell(self, text):
        print(f'[{self.seconds():5.0f} s] {text}', file=sys.stderr, flush=True)

    def go(self):
        """Runs the plans; the exit code. At the first SIGINT or SIGTERM no further faults come and what is under way is judged; at
        the second it ends at once, with the verdicts of what is finished."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._end())
        lanes = [threading.Thread(target=self._lane, args=(lane,), daemon=True)
                 for lane in sorted({plan.lane for plan in self.plans})]
        for lane in lanes:
            lane.start()
        ticks = 0
        while any(lane.is_alive() for lane in lanes) and not self.stopping.wait(0.5):
            ticks += 1
            if ticks % 20 == 0:
                for trial in list(self.running.values()):
                    self.tell(f'{trial.name}: {trial.status}, {trial.produced:,} records')
        if self.stopping.is_set():
            self.tell('stopped: ' + ', '.join(self.unfinished()) + ' not finished')
            for one in [trial.fleet for trial in list(self.running.values())]:
                one.close()
            for one in list(self.clusters):
                one.stop()
        return self.report()

    def _end(self):
        if self.ending.is_set():
            self.stopping.set()
        self.ending.set()
        for trial in list(self.running.values()):
            trial.ending.set()

    def unfinished(self):
        done = {one['scenario'] for one in self.results}
        return [plan.name for plan in self.plans if plan.name not in done]

    def _lane(self, lane):
        cluster, where = None, None
        try:
            for plan in [one for one in self.plans if one.lane == lane]:
                if self.ending.is_set():
                    break
                if plan.where == SMALL and not SmallDisk.possible():
                    self.results.append({'scenario': plan.name, 'result': 'skipped', 'error': 'it needs the right to mount'})
                    continue
                if where != plan.where:
                    self._stop(cluster)
                    cluster, where = make_cluster(plan.where, self.folder / f'kafka-{lane}-{plan.name}'), plan.where
                    self.clusters.append(cluster)
                self._one(plan, cluster)
        except Exception:
            if not self.stopping.is_set():
                self.tell(traceback.format_exc())
                self.results.append({'scenario': f'lane {lane}', 'result': 'failed', 'error': traceback.format_exc()})
        finally:
            self._stop(cluster)

    def _stop(self, cluster):
        if cluster in self.clusters:
            self.clusters.remove(cluster)
            cluster.stop()

    def _one(self, plan, cluster):
        began = time.monotonic()
        faults = self.arguments.faults if self.arguments.faults and plan.run is not scenarios.scale else plan.faults
        result = {'scenario': plan.name, 'kafka': plan.where, 'delivery': self.arguments.delivery, 'seed': self.arguments.seed}
        trial = Trial(cluster, self.folder, plan.name, self.arguments.seed, self.arguments.delivery, **plan.trial)
        self.running[plan.name] = trial
        try:
            plan.run(trial, faults)
            trial.finish_feeding()
            trial.settle()
            codes = trial.fleet.stop()
            found, decided, letters = trial.verdict()
            result |= found.figures() | {'dead_letters': letters, 'exit_codes': codes, **trial.extra}
            result['wrong'] = found.examples()
            if decided:
                result['decisions'] = decided.figures() | {'kinds': decided.kinds()}
                result['wrong'] += decided.examples()
            exact = (found.exact and (decided is None or decided.exact) and letters['expected'] == letters['published']
                     and letters['duplicated'] == 0 and not any(trial.extra['observations'].values()))
            good = exact and not trial.extra.get('points_missed') and not trial.extra.get('grew') and not any(codes.values())
            result['result'] = 'passed' if good else 'failed'
        except Stuck as error:
            result |= {**trial.extra, 'result': 'failed', 'error': str(error), 'logs': trial.fleet.log_tails()}
        except Exception:
            result |= {'result': 'failed', 'error': traceback.format_exc(), 'logs': trial.fleet.log_tails()}
        finally:
            trial.fleet.close()
            del self.running[plan.name]
        if self.stopping.is_set():
            return               # what it found was of processes that were being stopped
        result |= {'faults': trial.faults, 'records': trial.produced, 'restarts': trial.fleet.restarts(),
                   'seconds': round(time.monotonic() - began, 1)}
        self.results.append(result)
        self.tell(summary(result))
        for line in result.get('wrong', []):
            self.tell('    ' + line[:240])
        for name in ('error', 'logs'):
            if name in result:
                self.tell(result[name])
        self.write_report()
        if result['result'] == 'passed' and not self.arguments.keep:
            shutil.rmtree(trial.folder, ignore_errors=True)

    def write_report(self):
        """What is known so far, after each scenario: a run that is stopped leaves its verdicts."""
        passed, failed, skipped = (sum(1 for one in self.results if one['result'] == name)
                                   for name in ('passed', 'failed', 'skipped'))
        whole = {'form': self.arguments.form, 'seed': self.arguments.seed, 'delivery': self.arguments.delivery,
                 'seconds': round(self.seconds(), 1), 'passed': passed, 'failed': failed, 'skipped': skipped,
                 'unfinished': self.unfinished(), 'cut_short': self.ending.is_set(),
                 **{name: sum(one.get(name, 0) for one in self.results)
                    for name in ('faults', 'records', *COMPARED)},
                 'decisions': {name: sum(one.get('decisions', {}).get(name, 0) for one in self.results) for name in (*COMPARED, 'left_over')},
                 'scenarios': self.results}
        if self.arguments.json:
            path = Path(self.arguments.json)
            new = path.with_name(path.name + '.new')
            new.write_text(json.dumps(whole, indent=2, default=str) + '\n')
            new.replace(path)
        return whole

    def report(self):
        digests = {one.get('digest') for one in self.results if one['scenario'].startswith('scale-')}
        if len(digests) > 1:
            self.results.append({'scenario': 'scale', 'result': 'failed', 'error': 'the number of processes changes the alerts'})
        whole = self.write_report()
        for one in self.results:
            print(summary(one))
        unfinished = f", {len(whole['unfinished'])} not finished" if whole['unfinished'] else ''
        unfinished += f", {whole['skipped']} skipped" if whole['skipped'] else ''
        unfinished += ', cut short' if whole['cut_short'] else ''
        print(f"{whole['passed']} passed, {whole['failed']} failed{unfinished}: {whole['faults']} faults, "
              f"{whole['records']:,} records, {whole['expected']:,} alerts; lost {whole['lost']}, "
              f"duplicated {whole['duplicated']}, different {whole['different']}{of_decisions(whole)}; {whole['seconds']:.0f} s")
        return 0 if whole['passed'] and not (whole['failed'] or whole['unfinished'] or whole['cut_short']) else 1


def of_decisions(result):
    """What was compared of decisions, if any."""
    if not (found := result.get('decisions')):
        return ''
    return (f"; {found['expected']:,} steps of decisions: lost {found['lost']}, duplicated {found['duplicated']}, "
            f"different {found['different']}, left over {found['left_over']}")


def summary(result):
    if result['result'] == 'skipped':
        return f"skipped {result['scenario']}: {result['error']}"
    figures = (f"{result['expected']:,} alerts: lost {result['lost']}, duplicated {result['duplicated']}, "
               f"different {result['different']}" if 'lost' in result else 'no verdict')
    observed = {name: value for name, value in result.get('observations', {}).items() if value}
    seen = of_decisions(result) + (f'; observations {observed}' if observed else '')
    if 'memory_peak_mb' in result:
        seen += f"; {result['memory_peak_mb']} MB resident at most"
    for name, kind in result.get('soak', {}).items():
        if name.endswith('memory_bytes') and 'slope_an_hour' in kind:
            seen += f"; {name}: {kind['last']:,}, {kind['slope_an_hour']:+,} an hour"
    # The last line of a trace is the error itself.
    error = f"; {result['error'].strip().splitlines()[-1]}" if result.get('error', '').strip() else ''
    missed = f"; points missed: {', '.join(result['points_missed'])}" if result.get('points_missed') else ''
    grew = ''.join(f'; {text}' for text in result.get('grew', []))
    codes = ''.join(f'; {name} ended with {code}' for name, code in result.get('exit_codes', {}).items() if code)
    return (f"{result['result']} {result['scenario']:12} {result.get('faults', 0):4} faults, {result.get('records', 0):9,} "
            f"records, {figures}; {result.get('restarts', 0)} restarts, {result.get('seconds', 0):.0f} s{seen}{grew}{missed}{codes}{error}")


def parse(arguments):
    parser = argparse.ArgumentParser(prog='scripts/faults', description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument('--short', dest='form', action='store_const', const='short', help='5 to 10 minutes (the default)')
    form.add_argument('--long', dest='form', action='store_const', const='long', help='hundreds of faults, millions of records')
    form.add_argument('--soak', dest='form', action='store_const', const='soak',
                      help='hours of traffic with disturbances; memory, descriptors, threads and lag are watched (scripts/soak)')
    parser.set_defaults(form='short')
    names = sorted({plan.name for plans in PLANS.values() for plan in plans})
    parser.add_argument('--scenario', action='append', choices=names, help='only this one; may be given several times')
    parser.add_argument('--seed', type=int, default=1, help='of traffic and faults (default 1)')
    parser.add_argument('--faults', type=int, help='so many faults in each scenario instead of its own number')
    parser.add_argument('--delivery', choices=['exactly_once', 'at_least_once'], default='exactly_once')
    parser.add_argument('--json', metavar='FILE', help='write the report')
    parser.add_argument('--keep', action='store_true', help='keep the logs of passed scenarios too')
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    folder = Path(tempfile.mkdtemp(prefix='weir-faults-', dir=os.environ.get('TMPDIR')))
    print(f'logs: {folder}', file=sys.stderr)
    code = Run(options, folder).go()
    if code == 0 and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(code)      # scenarios that were stopped may still be inside the client library


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

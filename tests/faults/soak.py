"""The soak: hours of what a service lives through, while memory, descriptors, threads and lag of its processes are watched."""
import itertools
import shutil
import statistics
import time

from fleet import Stuck
from scenarios import count, start, wait
from trial import RULES

LASTING = ('static-a', 'static-b')      # they live from the beginning to the end: theirs are the slopes
SAMPLE_SECONDS = 5
CALM_SECONDS = (20, 40)                 # between two disturbances: a broker that was restarted gets warm again
CALM_SECONDS_SHORT = (5, 15)            # of a run so short that each kind of them would not come
HOURS_FROM_MINUTES = 10
WARM_UP = 0.25                          # of the time: caches and tables fill
COURSE = 60                             # so many samples stand in the report, from the beginning on
SAMPLES_MIN = 60                        # after that; with fewer a slope says nothing
MEMORY_SLOPE_MAX = 1 << 20              # bytes an hour
ANOTHER_RULE = """---
title: Nobody writes this
id: 7a1d0001-5f0e-4c0a-8a51-0d5f3c2b1aff
status: test
description: A rule that comes and goes, so that the rules are compiled and exchanged.
author: weir
logsource: {category: webserver}
detection:
  marker:
    weir.query|contains|cased: zqnobodywritesthis
  condition: marker
level: low
weir: {category: sqli, weight: 1}
"""


def slope(samples):
    """Of (hours, value) pairs, by Theil and Sen: the median of the slopes between the pairs of points. Single peaks do not move it."""
    step = max(1, len(samples) // 200)          # 200 points make 19,900 pairs
    points = samples[::step]
    return statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.combinations(points, 2))


class Watch:
    """What the lasting processes took, sampled."""

    def __init__(self, trial):
        self.trial, self.began, self.due = trial, time.monotonic(), 0.0
        # What the clients' state takes explains memory; it is not judged, it moves with the partitions.
        self.samples = {name: {'memory_bytes': [], 'descriptors': [], 'threads': [], 'state_bytes': []} for name in LASTING}
        self.lag = []

    def look(self):
        now = time.monotonic() - self.began
        if now < self.due:
            return
        self.due = now + SAMPLE_SECONDS
        hours, behind = now / 3600, 0
        for name in LASTING:
            member = self.trial.fleet.members[name]
            metrics = member.metrics()
            of = self.samples[name]
            of['memory_bytes'].append((hours, member.process.memory_bytes()))
            of['descriptors'].append((hours, member.process.descriptors()))
            of['threads'].append((hours, member.process.threads()))
            of['state_bytes'].append((hours, metrics.sum('weir_state_bytes')))
            # Not exported before the first answer of a broker.
            behind += sum(value for sample, _, value in metrics.samples if sample == 'weir_consumer_lag_records')
        self.lag.append((hours, behind))

    def figures(self):
        figures = {'lag_records_max': max(value for _, value in self.lag)}
        for name, kinds in self.samples.items():
            for kind, samples in kinds.items():
                settled = self.settled(samples)
                figures[f'{name}_{kind}'] = {'first': settled[0][1], 'last': settled[-1][1],
                                             'most': max(value for _, value in settled),
                                             'course': [value for _, value in samples[::max(1, len(samples) // COURSE)]]}
                if len(settled) >= SAMPLES_MIN:
                    figures[f'{name}_{kind}']['slope_an_hour'] = round(slope(settled), 1)
        if len(self.settled(self.lag)) >= SAMPLES_MIN:
            figures['lag_slope_an_hour'] = round(slope(self.settled(self.lag)), 1)
        return figures

    def settled(self, samples):
        return samples[int(len(samples) * WARM_UP):]

    def judge(self):
        """What grew; empty when nothing did, or when the time was too short to tell."""
        grew = []
        for name, kinds in self.samples.items():
            for kind, samples in kinds.items():
                settled = self.settled(samples)
                if len(settled) < SAMPLES_MIN or kind == 'state_bytes':
                    continue
                # Descriptors and threads are whole numbers: a slope of half of one in the time watched is one that is not given back.
                limit = MEMORY_SLOPE_MAX if kind == 'memory_bytes' else 0.5 / (settled[-1][0] - settled[0][0])
                if slope(settled) > limit:
                    grew.append(f'{kind} of {name} grew by {slope(settled):,.1f} an hour')
        return grew


def soak(trial, minutes):
    """Traffic all the time; rules are exchanged, members join and leave, brokers are restarted, and attacks come in floods, over and over."""
    rules = trial.folder / 'rules'
    shutil.copytree(RULES, rules)
    trial.rules = rules
    start(trial, *LASTING)
    watch = Watch(trial)
    disturbances = itertools.cycle((exchange_rules, guest, flood, restart_broker))
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until and not trial.ending.is_set():
        next(disturbances)(trial, minutes)
        calm = time.monotonic() + trial.chance.uniform(*(CALM_SECONDS if minutes > HOURS_FROM_MINUTES else CALM_SECONDS_SHORT))
        while time.monotonic() < calm:
            watch.look()
            wait(trial, 0.5, 1.0)
    trial.fleet.wait_until_ready()
    trial.extra['soak'] = watch.figures()
    restarts = trial.fleet.restarts()
    if restarts:
        raise Stuck(f'{restarts} processes ended by themselves')
    trial.extra['grew'] = watch.judge()     # the alerts are judged all the same


def exchange_rules(trial, _):
    extra = trial.folder / 'rules' / 'another.yml'
    if extra.exists():
        extra.unlink()
    else:
        extra.write_text(ANOTHER_RULE)
    for name in LASTING:
        trial.fleet.members[name].reload()
    count(trial, '…', 'disturbances (rules exchanged)')


def guest(trial, _):
    member = trial.fleet.members.get('guest')
    if member is not None and member.running():
        member.leave()
    else:
        trial.fleet.launch('guest')
    count(trial, '…', 'disturbances (a member joined or left)')


def flood(trial, _):
    """Half a minute in which attackers do nothing but attack, some ten times as fast as the rest."""
    trial.flood_until = time.monotonic() + 30
    count(trial, '…', 'disturbances (a flood of attacks)')


def restart_broker(trial, _):
    node = trial.chance.choice(trial.cluster.nodes)
    node.stop()
    wait(trial, 0.5, 3.0)
    node.start()
    count(trial, '…', 'disturbances (a broker restarted)')

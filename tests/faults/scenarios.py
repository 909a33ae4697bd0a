"""The scenarios: each hurts the processes of one trial in its own way, while traffic flows. They return when all is healed.

A scenario is a function of a Trial and the number of faults; it counts them in trial.faults.
"""
import mmap
import signal
import struct
import subprocess
import time
from pathlib import Path

from fleet import Stuck
from weir_process import binary

CRASH_SECONDS_MAX = 25
BACKLOG_MEMORY_BYTES_MAX = 700_000_000
OVERLOAD = 3                    # so many times as much comes as is read
OVERLOAD_BYTES_MAX = 25_000     # a second and broker, at first: less and less until it is an overload
OVERLOAD_SEARCH_SECONDS_MAX = 240
QUOTA_WINDOW_SECONDS = 11       # the brokers measure over so long
OVERLOAD_MEMORY_BYTES_MAX = 300_000_000
RECOVER_SECONDS_MAX = 600
SCALE_RECORDS = 30_000


def wait(trial, low, high):
    time.sleep(trial.chance.uniform(low, high))


def start(trial, *names):
    for name in names:
        trial.fleet.launch(name)
    if not trial.fleet.wait_until_ready(*names):
        raise Stuck('weir was not ready in time')
    trial.start_feeding()


def count(trial, total, what):
    trial.faults += 1
    trial.status = f'{trial.faults}/{total} {what}'


def undisturbed(trial, total):
    """No fault at all: the harness itself, and the figures to compare with."""
    start(trial, 'static-a', 'static-b')
    trial.status = 'running'
    time.sleep(total)


def kills(trial, total):
    """kill -9 of either of two processes at random times: some while they work, some while they start and restore."""
    names = ('static-a', 'static-b')
    start(trial, *names)
    while trial.more(total):
        name = trial.chance.choice(names)
        wait(trial, 0.1, 1.2)
        trial.fleet.kill(name)
        count(trial, total, 'kills')
        trial.fleet.launch(name)
        if trial.chance.random() < 0.7:
            trial.fleet.wait_until_ready()
    trial.fleet.wait_until_ready()


def crash_points():
    """Every named point, as the program lists them."""
    listed = subprocess.run([binary(), '--crash-points'], capture_output=True, text=True, check=False)
    return listed.stdout.split() if listed.returncode == 0 else []


def crashes(trial, total):
    """The process dies at every named point of both stages, once in the first passes and, where it comes by often, later."""
    points = crash_points()
    if not points:
        raise RuntimeError('weir has no crash points: build it with WEIR_CRASH_POINTS')
    start(trial, 'static-a', 'static-b')
    missed = []
    rounds = -(-total // len(points))
    for turn in range(rounds):
        for number, point in enumerate(points):
            if not trial.more(rounds * len(points)):
                break
            name = ('static-a', 'static-b')[(number + turn) % 2]
            if not crash_at(trial, name, point, turn):
                missed.append(point)
            count(trial, rounds * len(points), f'crash points (now {point})')
    trial.extra['points_missed'] = missed
    trial.fleet.wait_until_ready()


def crash_at(trial, name, point, turn):
    """True when the process died there. Rare points (at start, at rebalances) are waited for at their first pass."""
    rare = point.split('.')[1] in ('prepare', 'assign', 'restore', 'revoke')
    passes = 1 if rare else trial.chance.choice((1, 2, 5)) + 10 * turn
    trial.fleet.kill(name)
    member = trial.fleet.member(name)
    with trial.fleet._lock:
        member.launch({'WEIR_CRASH_AT': f'{point}:{passes}'})
        member.wanted = False        # its death is waited for here
    disturbed, deadline = False, time.monotonic() + CRASH_SECONDS_MAX
    while member.running() and time.monotonic() < deadline:
        if point.endswith('.revoke') and not disturbed and member.is_ready():
            trial.fleet.launch('guest')      # partitions are revoked when a member joins or leaves
            disturbed = True
        time.sleep(0.03)
    died = not member.running() and member.process.child.returncode == -signal.SIGKILL
    trial.fleet.kill(name)
    if disturbed:
        trial.fleet.member('guest').leave()
    trial.fleet.launch(name)
    trial.fleet.wait_until_ready(name)
    return died


def zombies(trial, total):
    """A process stands still for longer than the session timeout and goes on. Every other time a second one with the same
    name has taken its place meanwhile, as a service manager on another machine would start it."""
    from trial import SESSION_MS
    start(trial, 'static-a', 'static-b')
    while trial.more(total):
        name = trial.chance.choice(('static-a', 'static-b'))
        wait(trial, 0.5, 1.5)
        zombie = trial.fleet.members[name]
        zombie.pause()
        replaced = trial.faults % 2 == 1
        if replaced:
            with trial.fleet._lock:
                zombie.wanted = False
                trial.fleet.members[name + f'-paused-{trial.faults}'] = trial.fleet.members.pop(name)
            trial.fleet.launch(name)
        wait(trial, SESSION_MS / 1000 + 1, SESSION_MS / 1000 + 3)
        count(trial, total, 'pauses')
        zombie.resume()
        if replaced:
            wait(trial, 1.5, 2.5)        # it may do what it likes: nothing of it must count
            trial.extra.setdefault('replaced_ended_by_themselves', 0)
            trial.extra['replaced_ended_by_themselves'] += not zombie.running()
            zombie.kill()
        trial.fleet.wait_until_ready()
    trial.fleet.wait_until_ready()


def brokers(trial, total):
    """kill -9 of a broker, and every third time an orderly restart, on three nodes with three replicas."""
    start(trial, 'static-a', 'static-b')
    nodes = trial.cluster.nodes
    while trial.more(total):
        node = nodes[trial.faults % len(nodes)] if trial.faults % 3 == 2 else trial.chance.choice(nodes)
        wait(trial, 0.5, 1.5)
        if trial.faults % 3 == 2:
            node.stop()
        else:
            node.kill()
        count(trial, total, 'broker restarts')
        wait(trial, 0.1, 2.0)
        node.start()
        wait(trial, 1.0, 2.0)            # its replicas catch up; two others down at once would only be waited for
    trial.fleet.wait_until_ready()


def network(trial, total):
    """Cuts, silence, swallowed and delayed replies between weir and the brokers."""
    start(trial, 'static-a', 'static-b')
    faults = ('cut', 'cut', 'swallow', 'stall', 'delay')
    while trial.more(total):
        fault = faults[trial.faults % len(faults)]
        proxies = trial.cluster.proxies
        hit = proxies if trial.chance.random() < 0.5 else [trial.chance.choice(proxies)]
        wait(trial, 0.2, 1.0)
        for proxy in hit:
            {'cut': proxy.cut, 'stall': proxy.stall, 'swallow': proxy.swallow_replies,
             'delay': lambda one=proxy: one.delay(0.15)}[fault]()
        count(trial, total, f'network faults (now {fault})')
        # Now and then longer than the session: the group goes on without the cut-off member, which does not know.
        wait(trial, 0.2, 1.5 if trial.chance.random() < 0.8 else 5.0)
        for proxy in hit:
            proxy.restore()
    trial.fleet.wait_until_ready()


def membership(trial, total):
    """Members join and leave the groups all the time, with and without a word."""
    start(trial, 'static-a')
    guests = ['guest-1', 'guest-2', 'guest-3']
    while trial.more(total):
        name = trial.chance.choice(guests)
        member = trial.fleet.members.get(name)
        if member is None or not member.running():
            trial.fleet.launch(name)
        elif trial.chance.random() < 0.2:
            trial.fleet.kill(name)
        else:
            member.leave()
        count(trial, total, 'membership changes')
        wait(trial, 0.2, 2.0)
    for name in guests:
        member = trial.fleet.members.get(name)
        if member is not None and member.running():
            member.leave()
    trial.fleet.wait_until_ready()


def slow_alerts(trial, total):
    """The broker lets the score lanes write a few kilobytes a second only: alerts and snapshots pile up in weir, transactions
    take longer than they may."""
    start(trial, 'static-a', 'static-b')
    client = 'weir-score-0'
    while trial.more(total):
        wait(trial, 1.0, 2.0)
        trial.cluster.limit_producer(client, trial.chance.choice((1_000, 5_000, 20_000)))
        try:
            count(trial, total, 'slow phases')
            wait(trial, 3.0, 12.0)
            trial.extra['score_lag_max'] = max(trial.extra.get('score_lag_max', 0), trial.blocks_behind())
        finally:
            trial.cluster.limit_producer(client, None)
    if trial.extra.get('score_lag_max', 0) < 10 and not trial.ending.is_set():
        raise Stuck('the quota slowed nothing down')
    trial.fleet.wait_until_ready()


def full_disk(trial, total):
    """The disk of one broker of three is full: it cannot write, and ends. When there is room again it is started. The others have a copy of
    everything, as where losses matter: a single broker that fails so can take a transaction for ended without having told the group's
    offsets, which nobody can read from then on (docs/runbooks.md, WeirNoPartitions)."""
    trial.requests_may_be_refused = True
    start(trial, 'static-a', 'static-b')
    while trial.more(total):
        number = trial.chance.randrange(len(trial.cluster.nodes))
        node, disk = trial.cluster.nodes[number], trial.cluster.disks[number]
        wait(trial, 1.0, 2.0)
        disk.fill()
        count(trial, total, 'full disks')
        trial.extra.setdefault('brokers_ended', 0)
        trial.extra['brokers_ended'] += node.wait_until_ended(trial.chance.uniform(3, 10))
        node.kill()
        disk.free()
        wait(trial, 0.1, 1.0)
        node.start()
        wait(trial, 1.0, 2.0)
    trial.fleet.wait_until_ready()


def overload(trial, seconds):
    """For so many seconds at least three times as much comes as the brokers let weir read; then they are all away, half as long. What was left
    is caught up with each time, and memory stays within bounds meanwhile."""
    trial.requests_may_be_refused = True
    names = ('static-a', 'static-b')
    start(trial, *names)
    trial.status = 'before the overload'
    wait_until(trial, lambda: trial.records_behind() < trial.rate, 'reading kept up')
    came, read = overloaded(trial, seconds)
    trial.extra['overload'] |= {'came': came, 'read': read, 'seconds_to_recover': seconds_to_recover(trial)}
    for node in trial.cluster.nodes:
        node.kill()
    count(trial, 2, f'all brokers are away for {seconds / 2:g} s')
    trial.ending.wait(seconds / 2)
    for node in trial.cluster.nodes:
        node.launch()
    for node in trial.cluster.nodes:
        node.wait_until_ready()
    trial.extra['overload']['seconds_after_outage'] = seconds_to_recover(trial)
    peak = max(trial.fleet.members[name].process.memory_peak_bytes() for name in names)
    trial.extra['memory_peak_mb'] = round(peak / 1e6)
    if peak > OVERLOAD_MEMORY_BYTES_MAX:
        raise Stuck(f'{peak / 1e6:.0f} MB resident, more than {OVERLOAD_MEMORY_BYTES_MAX / 1e6:.0f}')
    if restarts := trial.fleet.restarts():
        raise Stuck(f'{restarts} processes ended by themselves')


def overloaded(trial, seconds):
    """(records that came, records that were read) in so many seconds in which the brokers let the detect lanes read less than a third. How
    much they may read for that is found first: it depends on how fast the traffic's records are made here."""
    client, quota = 'weir-detect-0', OVERLOAD_BYTES_MAX
    deadline = time.monotonic() + seconds + OVERLOAD_SEARCH_SECONDS_MAX
    trial.cluster.limit_consumer(client, quota)
    try:
        count(trial, 2, 'an overload')
        began, came_before, read_before = time.monotonic(), *came_and_read(trial)
        while True:
            trial.ending.wait(5)
            took = time.monotonic() - began
            came, read = (now - before for now, before in zip(came_and_read(trial), (came_before, read_before)))
            is_overload = came > 0 and came >= OVERLOAD * read
            if trial.ending.is_set() or (is_overload and took >= seconds):
                trial.extra['overload'] = {'bytes_a_second': quota}
                return came, read
            if time.monotonic() > deadline:
                raise Stuck(f'in {took:.0f} s {came:,} records came and {read:,} were read, with {quota:,} bytes a second: no overload')
            if not is_overload and took >= QUOTA_WINDOW_SECONDS and quota > 1:
                quota //= 2
                trial.cluster.limit_consumer(client, quota)
                began, came_before, read_before = time.monotonic(), *came_and_read(trial)
    finally:
        trial.cluster.limit_consumer(client, None)


def came_and_read(trial):
    """Records up to now, or nearly."""
    answers = []
    wait_until(trial, lambda: answers.append((trial.produced, trial.records_read())) or True, 'an answer about offsets')
    return answers[0]


def seconds_to_recover(trial):
    """Until weir is less than a second behind, while traffic goes on."""
    began = time.monotonic()
    trial.status = 'recovering'
    wait_until(trial, lambda: trial.records_behind() < trial.rate, 'reading caught up')
    return round(time.monotonic() - began, 1)


def wait_until(trial, condition, what):
    deadline = time.monotonic() + RECOVER_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except Exception:       # no broker just now
            pass
        wait(trial, 0.2, 0.3)
    raise Stuck(f'waited {RECOVER_SECONDS_MAX} s for: {what}')


CLOCK_JUMPS_SECONDS = (3, -3, 600, -600, 7_200, -7_200, 90_000, -90_000)    # around limits: sessions, windows, 1 h, a day


def clocks(trial, total):
    """The wall clock of a process jumps, forwards and backwards, by up to a day; every fourth time a process starts in the wrong
    time."""
    shim = build_clock_shim(trial.folder)
    trial.fleet.environment = lambda folder: {'LD_PRELOAD': str(shim), 'WEIR_CLOCK_OFFSET_FILE': str(folder / 'clock')}
    names = ('static-a', 'static-b')
    offsets = {name: ClockOffset(trial.folder / name / 'clock') for name in names}
    start(trial, *names)
    jumps = list(CLOCK_JUMPS_SECONDS)
    while trial.more(total):
        name = trial.chance.choice(names)
        if trial.faults % len(jumps) == 0:
            trial.chance.shuffle(jumps)
        seconds = jumps[trial.faults % len(jumps)]
        wait(trial, 1.0, 2.0)
        offsets[name].set(seconds)
        count(trial, total, f'clock jumps (now {seconds} s)')
        if trial.faults % 4 == 0:
            trial.fleet.kill(name)
            trial.fleet.launch(name)
        wait(trial, 1.0, 4.0)
        if trial.chance.random() < 0.5:
            offsets[name].set(0)
    trial.fleet.wait_until_ready()
    if any('Invalid timestamp' in one.log() for one in trial.fleet.members.values()):
        raise Stuck('the broker refused output for its time')


def build_clock_shim(folder):
    folder.mkdir(parents=True, exist_ok=True)
    shim = folder / 'clock_shim.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-O2', '-o', shim, Path(__file__).with_name('clock_shim.c'), '-ldl'], check=True)
    return shim


class ClockOffset:
    """What clock_shim.c adds to a process's wall clock."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(8))
        with open(path, 'r+b') as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    def set(self, seconds):
        self._memory[:] = struct.pack('=q', seconds * 1_000_000_000)


def scale(trial, processes):
    """A backlog, the same for each number of processes, worked off by so many. No faults: the number must not matter."""
    trial.produce_backlog(SCALE_RECORDS)
    names = [f'static-{number}' for number in range(processes)]
    for name in names:
        trial.fleet.launch(name)
    if not trial.fleet.wait_until_ready(*names):
        raise Stuck('weir was not ready in time')


def catch_up(trial, thousands):
    """Hours of requests are there at once, in partitions of different length, and are read with the default lateness; a second process
    joins meanwhile and is killed, a third one joins and leaves. The alerts must be those of reading as they came."""
    trial.status = f'producing {thousands},000 records'
    trial.produce_backlog(thousands * 1000)
    trial.fleet.launch('static-a')
    if not trial.fleet.wait_until_ready('static-a'):
        raise Stuck('weir was not ready in time')
    for faults, (name, action) in enumerate((('static-b', trial.fleet.launch), ('guest', trial.fleet.launch),
                                             ('static-b', trial.fleet.kill), ('static-b', trial.fleet.launch),
                                             ('guest', lambda one: trial.fleet.member(one).leave())), start=1):
        trial.wait_until_left(thousands * 1000 * (9 - 1.5 * faults) / 9)
        action(name)
        trial.faults = faults
        trial.status = f'catching up, {faults} members came and went'
    trial.wait_until_worked_off()
    trial.extra['held'] = sum(one.metrics().sum('weir_source_holds_total') for one in trial.fleet.members.values() if one.running())


def backlog(trial, thousands):
    """One process that is so many records behind: it must catch up within bounded memory."""
    trial.status = f'producing {thousands:,},000 records'
    trial.produce_backlog(thousands * 1000)
    member = trial.fleet.launch('static-a')
    # Before the group exists, asking for its offsets can crash the client library of the tests (confluent-kafka 2.11.1).
    if not trial.fleet.wait_until_ready('static-a'):
        raise Stuck('weir was not ready in time')
    trial.status = 'catching up'
    trial.wait_until_worked_off()
    peak = member.process.memory_peak_bytes()
    trial.extra['memory_peak_mb'] = round(peak / 1e6)
    if peak > BACKLOG_MEMORY_BYTES_MAX:
        raise Stuck(f'{peak / 1e6:.0f} MB resident, more than {BACKLOG_MEMORY_BYTES_MAX / 1e6:.0f}')

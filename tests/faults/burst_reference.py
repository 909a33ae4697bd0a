"""Which alerts of bursts must exist for the observations of a topic, written from docs/scoring.md, "Bursts".

They depend on which observations there are, not on their order: so everything is gathered first, and then judged window by
window. The observations topic is read only because it holds the hashes that count distinct paths and accounts.
"""
import collections
from dataclasses import dataclass, field

from reference_scorer import HIGH, LOW, MEDIUM, uuid_of

MIX = 0x9e3779b97f4a7c15
SIXTY_FOUR_BITS = (1 << 64) - 1
TOO_MANY_REQUESTS = 429
HIGH_REASONS = {'credential_stuffing', 'password_spraying', 'scanning'}
PANES = 4                # in a window
STRETCH_PERIODS = 60     # of an incident's identifiers, at most


@dataclass
class BurstOptions:
    window_ms: int = 60_000
    requests_max: int = 100
    auth_failures: int = 10
    auth_failure_statuses: tuple = (401,)
    accounts: int = 10
    spraying_window_ms: int = 3_600_000
    enumeration_paths: int = 20
    scanning_requests: int = 20
    scanning_rules: int = 5


def bit_of(value):
    return 1 << ((value * MIX & SIXTY_FOUR_BITS) >> 58)


@dataclass
class Pane:
    """What one client did in a pane, of what one reason counts."""
    amount: int = 0          # records
    distinct: int = 0        # bits of a sketch
    rules: int = 0           # of scanning, the same of rules
    latest: object = None    # observation

    def add(self, one, distinct=0):
        self.amount += 1
        self.distinct |= distinct
        self.rules |= one.rules
        if self.latest is None or (one.time_ms, one.partition, one.offset) > \
                (self.latest.time_ms, self.latest.partition, self.latest.offset):
            self.latest = one


@dataclass
class Activity:
    """Of one client: reason → number of the pane → Pane."""
    kind: str
    client: str
    address: str             # of a client known by its address
    panes: dict = field(default_factory=lambda: collections.defaultdict(lambda: collections.defaultdict(Pane)))


class BurstReference:
    def __init__(self, options, bursts):
        self.options, self.bursts = options, bursts
        self.clients = {}

    def observe(self, one):
        key = one.client_kind, one.client
        if key not in self.clients:
            self.clients[key] = Activity(*key, one.client.split('/')[0] if one.client_kind == 'address' else '')
        panes, number = self.clients[key].panes, one.time_ms // (self.bursts.window_ms // PANES)
        if one.client_kind == 'address':
            panes['request_rate'][number].add(one)
        failed = one.status in self.bursts.auth_failure_statuses
        if failed:
            account = bit_of(one.path_hash ^ one.client_hash) if one.is_count else 0     # a count names the client in its place
            panes['failed_authentication'][number].add(one)
            panes['credential_stuffing'][number].add(one, distinct=account)
        if failed and one.is_count:
            panes['password_spraying'][one.time_ms // (self.bursts.spraying_window_ms // PANES)].add(one, distinct=account)
        if one.is_count:
            return
        if 400 <= one.status < 500 and one.status != TOO_MANY_REQUESTS and not failed:
            panes['enumeration'][number].add(one, distinct=bit_of(one.path_hash ^ one.client_hash))
        if one.is_malicious:
            panes['scanning'][number].add(one)

    def alerts(self):
        found = []
        for activity in self.clients.values():
            for reason, panes in activity.panes.items():
                stretches = collections.defaultdict(list)
                for period in sorted({number // PANES for number in panes}):
                    if held := self._bursts_of(reason, panes, period):
                        stretches[period * self._length(reason) // self._stretch(reason)].append((period, held))
                for stretch, bursts in stretches.items():
                    found += self._alerts_of(activity, reason, panes, stretch * self._stretch(reason), bursts)
        return found

    def _length(self, reason):
        """Of a period."""
        return (self.bursts.spraying_window_ms if reason == 'password_spraying' else self.bursts.window_ms) // PANES * PANES

    def _stretch(self, reason):
        """All bursts within one are one incident here: the lateness is at least as long, so none goes on into the next, and none
        closes before its stretch is over."""
        remembered, length = self.options.client_idle_ms + self.options.lateness_ms, self._length(reason)
        stretch = length * max(1, min(STRETCH_PERIODS, remembered // length))
        assert self.options.lateness_ms >= stretch or reason == 'password_spraying'
        return stretch

    def _least(self, reason):
        return {'request_rate': self.bursts.requests_max + 1, 'failed_authentication': self.bursts.auth_failures,
                'credential_stuffing': self.bursts.accounts, 'password_spraying': self.bursts.accounts,
                'enumeration': self.bursts.enumeration_paths, 'scanning': self.bursts.scanning_requests}[reason]

    def _bursts_of(self, reason, panes, period):
        """What the period's windows hold that hold enough, by the window's last pane."""
        held = {}
        for end in range(period * PANES, (period + 1) * PANES):
            window = [panes[number] for number in range(end - PANES + 1, end + 1) if number in panes]
            if end not in panes or (count := self._held(reason, window)) < self._least(reason):
                continue
            if reason != 'scanning' or self._rules(window) >= self.bursts.scanning_rules:
                held[end] = count
        return held

    def _alerts_of(self, activity, reason, panes, stretch_ms, bursts):
        """`bursts`: the periods of one incident with what their windows hold."""
        least, length = self._least(reason), self._length(reason)
        numbers = [number for period, _ in bursts for number in range(period * PANES, (period + 1) * PANES) if number in panes]
        held = {end: count for _, ends in bursts for end, count in ends.items()}
        amount = sum(panes[number].amount for number in numbers)
        begin, end_ms = bursts[0][0] * length, (bursts[-1][0] + 1) * length - 1
        origin = ('burst', reason, stretch_ms, activity.kind, activity.client)
        latest = max((panes[number].latest for number in numbers), key=lambda one: (one.time_ms, one.partition, one.offset))

        def severity():
            return LOW if reason == 'request_rate' else HIGH if reason in HIGH_REASONS else MEDIUM

        def alert(phase, count):
            """Before the closing alert, the times are those of the period that was found first, which depends on the order."""
            closing, rate = phase == 'closed', reason == 'request_rate'
            facts = {
                'id': uuid_of((*origin, phase, count)), 'episode': uuid_of(origin), 'kind': 'burst', 'phase': phase,
                'client_kind': activity.kind, 'client': activity.client, 'count': count,
                'severity': severity(), 'time': end_ms if closing else None,
                'start': begin if closing else None, 'end': end_ms if closing else None,
                'record': (latest.topic, latest.partition, latest.offset) if closing and not rate else None,
                'address': activity.address or (latest.address if closing else None), 'reasons': (reason,),
            }
            if rate:
                wait = max(self._retry_after_ms(panes, end) for end in held) if closing else length
                facts |= {'requests': max(held.values()) if closing else least, 'retry_after': -(-wait // 1000)}
            return facts
        updates = [alert('updated', count) for count in self.options.update_counts if least < count <= amount]
        return [alert('opened', least), *updates, alert('closed', amount)]

    @staticmethod
    def _rules(window):
        bits = 0
        for pane in window:
            bits |= pane.rules
        return bits.bit_count()

    def _held(self, reason, window):
        if reason not in ('credential_stuffing', 'password_spraying', 'enumeration'):
            return sum(pane.amount for pane in window)
        bits = 0
        for pane in window:
            bits |= pane.distinct
        return bits.bit_count()

    def _retry_after_ms(self, panes, end):
        """From the window's end until its newest panes hold less than the limit."""
        for past in range(PANES + 1):
            left = sum(panes[number].amount for number in range(end - PANES + 1 + past, end + 1) if number in panes)
            if left < self.bursts.requests_max:
                return past * (self.bursts.window_ms // PANES)
        raise AssertionError('an empty window holds nothing')


def alerts_of(observations, options, bursts):
    scorer = BurstReference(options, bursts)
    for one in observations:
        scorer.observe(one)
    return scorer.alerts()

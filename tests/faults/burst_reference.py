"""Which alerts of bursts must exist for the observations of a topic, written from docs/scoring.md, "Bursts".

They depend on which observations there are, not on their order: so everything is gathered first, and then judged window by
window. The observations topic is read only because it holds the hashes that count distinct paths and accounts.
"""
import collections
from dataclasses import dataclass, field

from reference_scorer import HIGH, MEDIUM, uuid_of

MIX = 0x9e3779b97f4a7c15
SIXTY_FOUR_BITS = (1 << 64) - 1
TOO_MANY_REQUESTS = 429
HIGH_REASONS = {'credential_stuffing', 'password_spraying', 'scanning'}
PANES = 4                # in a window


@dataclass
class BurstOptions:
    window_ms: int = 60_000
    requests_max: int = 100
    auth_failures: int = 10
    auth_failure_statuses: tuple = (401,)
    accounts: int = 10
    spraying_window_ms: int = 3_600_000
    enumeration_paths: int = 20
    scanning_hits: int = 50


def bit_of(value):
    return 1 << ((value * MIX & SIXTY_FOUR_BITS) >> 58)


@dataclass
class Pane:
    """What one client did in a pane, of what one reason counts."""
    amount: int = 0          # records; of scanning, hits
    distinct: int = 0        # bits of a sketch
    latest: object = None    # observation

    def add(self, one, amount=1, distinct=0):
        self.amount += amount
        self.distinct |= distinct
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
        if one.rule_hits:
            panes['scanning'][number].add(one, one.rule_hits)

    def alerts(self):
        found = []
        for activity in self.clients.values():
            for reason, panes in activity.panes.items():
                for period in sorted({number // PANES for number in panes}):
                    found += self._alerts_of(activity, reason, panes, period)
        return found

    def _alerts_of(self, activity, reason, panes, period):
        least = {'request_rate': self.bursts.requests_max + 1, 'failed_authentication': self.bursts.auth_failures,
                 'credential_stuffing': self.bursts.accounts, 'password_spraying': self.bursts.accounts,
                 'enumeration': self.bursts.enumeration_paths, 'scanning': self.bursts.scanning_hits}[reason]
        own = range(period * PANES, (period + 1) * PANES)
        held = {}            # by the window's last pane
        for end in own:
            window = [panes[number] for number in range(end - PANES + 1, end + 1) if number in panes]
            if end in panes and (count := self._held(reason, window)) >= least:
                held[end] = count
        if not held:
            return []
        amount = sum(panes[number].amount for number in own if number in panes)
        length = (self.bursts.spraying_window_ms if reason == 'password_spraying' else self.bursts.window_ms) // PANES * PANES
        begin = period * length
        origin = ('burst', reason, begin, activity.kind, activity.client)
        latest = max((panes[number].latest for number in own if number in panes),
                     key=lambda one: (one.time_ms, one.partition, one.offset))

        def alert(phase, count):
            closing, rate = phase == 'closed', reason == 'request_rate'
            facts = {
                'id': uuid_of((*origin, phase, count)), 'episode': uuid_of(origin), 'kind': 'burst', 'phase': phase,
                'client_kind': activity.kind, 'client': activity.client, 'count': count,
                'severity': HIGH if reason in HIGH_REASONS else MEDIUM, 'time': begin + length - 1 if closing else begin,
                'start': begin, 'end': begin + length - 1 if closing else begin,
                'record': (latest.topic, latest.partition, latest.offset) if closing and not rate else None,
                'address': activity.address or (latest.address if closing else None), 'reasons': (reason,),
            }
            if rate:
                wait = max(self._retry_after_ms(panes, end) for end in held) if closing else length
                facts |= {'requests': max(held.values()) if closing else least, 'retry_after': -(-wait // 1000)}
            return facts
        updates = [alert('updated', count) for count in self.options.update_counts if least < count <= amount]
        return [alert('opened', least), *updates, alert('closed', amount)]

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

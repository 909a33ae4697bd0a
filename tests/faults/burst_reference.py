"""Which alerts of bursts must exist for the observations of a topic in their order, written from docs/scoring.md, "Bursts".

Bursts of an address depend on how the partitions of the requests are interleaved, and the observations topic is where that is
decided: so they are computed from it, partition by partition.
"""
import dataclasses
from dataclasses import dataclass, field

from reference_scorer import HIGH, MEDIUM, Client, ReferenceScorer

MIX = 0x9e3779b97f4a7c15
SIXTY_FOUR_BITS = (1 << 64) - 1
TOO_MANY_REQUESTS = 429
HIGH_REASONS = {'credential_stuffing', 'password_spraying', 'scanning'}


@dataclass
class BurstOptions:
    window_ms: int = 60_000
    requests_max: int = 100
    auth_failures: int = 10
    auth_failure_statuses: tuple = (401,)
    accounts: int = 10
    spraying_window_ms: int = 3_600_000
    spraying_tries: int = 3
    enumeration_paths: int = 20
    scanning_hits: int = 50


class TwoPeriods:
    """What was counted in a period and in the one before."""

    def __init__(self, empty):
        self.empty, self.period, self.current, self.previous = empty, None, empty, empty

    def place(self, period):
        """Moves on to the period, if it is later. Of which of both it is; None for an older one."""
        if self.period is None:
            self.period = period
        if period < self.period - 1:
            return None
        if period > self.period:
            self.previous = self.current if period == self.period + 1 else self.empty
            self.current, self.period = self.empty, period
        return 'current' if period == self.period else 'previous'


class Count(TwoPeriods):
    def __init__(self):
        super().__init__(0)

    def add(self, period, amount=1):
        place = self.place(period)
        if place:
            setattr(self, place, getattr(self, place) + amount)
        return place is not None

    def weighted(self, elapsed_ms, window_ms):
        return self.current * window_ms + self.previous * (window_ms - elapsed_ms)


class Distinct(TwoPeriods):
    def __init__(self):
        super().__init__(0)

    def add(self, period, value):
        place = self.place(period)
        if place:
            bit = 1 << ((value * MIX & SIXTY_FOUR_BITS) >> 58)
            setattr(self, place, getattr(self, place) | bit)
        return place is not None

    def count(self):
        return (self.current | self.previous).bit_count()


@dataclass
class Activity(Client):
    requests: Count = field(default_factory=Count)
    failures: Count = field(default_factory=Count)
    accounts: Distinct = field(default_factory=Distinct)
    slow_accounts: Distinct = field(default_factory=Distinct)
    slow_failures: Count = field(default_factory=Count)
    paths: Distinct = field(default_factory=Distinct)
    hits: Count = field(default_factory=Count)


class BurstReference(ReferenceScorer):
    """One partition of observations; see observe(). finish() closes what is open: the partition's event time closes nothing
    before."""

    def __init__(self, options, bursts):
        super().__init__(dataclasses.replace(options, lateness_ms=None))
        self.bursts = bursts

    def observe(self, one):
        client = self.clients.setdefault((one.client_kind, one.client), Activity())
        episode = client.episodes.get('burst')
        if episode and one.time_ms - episode.last_seen_ms >= self.options.idle_close_ms:
            self._close(client, 'burst')
        reasons, details = self._reasons(client, one)
        if reasons:
            severity = HIGH if reasons & HIGH_REASONS else MEDIUM
            self._note(client, 'burst', one, severity, set(), reasons, details)

    def _reasons(self, client, one):
        options, reasons, details = self.bursts, set(), {}
        period, elapsed = divmod(one.time_ms, options.window_ms)
        if one.client_kind == 'address' and client.requests.add(period) and client.requests.period == period:
            weighted = client.requests.weighted(elapsed, options.window_ms)
            if weighted > options.requests_max * options.window_ms:
                reasons.add('request_rate')
                details = {'requests': weighted // options.window_ms,
                           'retry_after': -(-self._retry_after_ms(client.requests, elapsed) // 1000)}
        failed = one.status in options.auth_failure_statuses
        if failed and client.failures.add(period) and client.failures.period == period and \
                client.failures.weighted(elapsed, options.window_ms) >= options.auth_failures * options.window_ms:
            reasons.add('failed_authentication')
        if failed and one.is_count:
            self._take_account(client, one, period, reasons)
        if one.is_count:
            return reasons, details
        missed = 400 <= one.status < 500 and one.status != TOO_MANY_REQUESTS and not failed
        if missed and client.paths.add(period, one.path_hash ^ one.client_hash) \
                and client.paths.count() >= options.enumeration_paths:
            reasons.add('enumeration')
        if one.rule_hits and client.hits.add(period, one.rule_hits) and client.hits.period == period and \
                client.hits.weighted(elapsed, options.window_ms) >= options.scanning_hits * options.window_ms:
            reasons.add('scanning')
        return reasons, details

    def _take_account(self, client, one, period, reasons):
        account = one.path_hash ^ one.client_hash        # of a count, path_hash is the named client's
        if client.accounts.add(period, account) and client.accounts.count() >= self.bursts.accounts:
            reasons.add('credential_stuffing')
        slow = one.time_ms // self.bursts.spraying_window_ms
        if not client.slow_accounts.add(slow, account) or not client.slow_failures.add(slow):
            return
        accounts, failures = client.slow_accounts.count(), client.slow_failures.current + client.slow_failures.previous
        if accounts >= self.bursts.accounts and failures <= self.bursts.spraying_tries * accounts:
            reasons.add('password_spraying')

    def _retry_after_ms(self, requests, elapsed):
        """Until one more request would not pass the limit if none came before it."""
        window, room = self.bursts.window_ms, self.bursts.requests_max - 1

        def faded(count, left):      # from which time of the period after it on `count` requests weigh no more than `left`
            return 0 if count <= left else window - left * window // count
        if requests.current <= room:
            return max(faded(requests.previous, room - requests.current) - elapsed, 1)
        return window - elapsed + faded(requests.current, room)


def alerts_of(observations, options, bursts):
    """Of one partition of the observations topic, in order."""
    scorer = BurstReference(options, bursts)
    for one in observations:
        scorer.observe(one)
    scorer.finish()
    return scorer.alerts

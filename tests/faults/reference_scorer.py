"""The reference scorer: which alerts must exist for a sequence of requests, written from docs/scoring.md and docs/alerts.md.

It is slow, simple and shares nothing with weir but the documents. Tests compare weir's alerts with its own.
"""
import ctypes
import ctypes.util
import heapq
import ipaddress
import itertools
import re
from dataclasses import dataclass, field

# --- options: names and defaults of docs/configuration.md


@dataclass
class Options:
    window_requests: int = 10
    addresses_min: int = 5
    addresses_points: int = 30
    user_agents_min: int = 3
    user_agents_points: int = 20
    bot_points: int = 10
    regular_timing_points: int = 25
    regular_timing_intervals_min: int = 5
    regular_timing_variation_max_percent: int = 10
    regular_timing_mean_min_ms: int = 50
    suspicious_score: int = 50
    update_counts: tuple = (10, 100, 1000, 10000, 100000, 1000000)
    update_interval_ms: int = 60_000
    idle_close_ms: int = 300_000
    client_idle_ms: int = 3_600_000
    lateness_ms: int | None = 60_000     # None: the partition's event time closes nothing before the end


OUTCOMES = ('unknown', 'blocked', 'failed', 'answered', 'likely_effective')      # the least telling first
HOSTS_MAX, ROUTES_MAX = 8, 16        # of an episode, shown by alerts of their own
ABUSE_HIGH_ABOVE = 25     # docs/scoring.md: abuse is high from 25 points above the threshold
LOW, MEDIUM, HIGH, CRITICAL = 2, 3, 4, 5       # OCSF severities
CLOCK_STEP_MAX_MS = 600_000


# --- ids: docs/alerts.md

class _Hash128(ctypes.Structure):
    _fields_ = [('low', ctypes.c_uint64), ('high', ctypes.c_uint64)]


def _xxh3_128():
    function = ctypes.CDLL(ctypes.util.find_library('xxhash') or 'libxxhash.so.0').XXH3_128bits
    function.restype, function.argtypes = _Hash128, [ctypes.c_char_p, ctypes.c_size_t]
    return function


def _xxh3_64():
    function = ctypes.CDLL(ctypes.util.find_library('xxhash') or 'libxxhash.so.0').XXH3_64bits
    function.restype, function.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    return function


_XXH3_128, _XXH3_64 = _xxh3_128(), _xxh3_64()


def hash_of(text):
    return _XXH3_64(text, len(text))


def uuid_of(fields):
    """Of the fields, each ended by a NUL."""
    return uuid_of_text(b''.join(str(one).encode() + b'\0' for one in fields))


def uuid_of_text(text):
    """UUID of version 8 from the XXH3-128 hash of the text."""
    found = _XXH3_128(text, len(text))
    number = found.high << 64 | found.low
    number = number & ~(0xf << 76) | 8 << 76          # version 8
    number = number & ~(0x3 << 62) | 2 << 62          # variant of RFC 9562
    digits = f'{number:032x}'
    return '-'.join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


# --- the window

@dataclass
class Client:
    window: list = field(default_factory=list)       # the last requests, oldest first
    newest_ms: int = 0
    episodes: dict = field(default_factory=dict)     # kind → Episode


def address_unit(address):
    """What counts as one address: IPv4 itself, IPv6 by its /64 network."""
    parsed = ipaddress.ip_address(address)
    return address if parsed.version == 4 else ipaddress.ip_network((address, 64), strict=False)


_UNITS = {}


def unit_of(address):
    if address not in _UNITS:
        _UNITS[address] = address_unit(address)
    return _UNITS[address]


def is_regular(window, options):
    times = sorted(request.time_ms for request in window)
    intervals = [later - earlier for earlier, later in zip(times, times[1:])]
    if len(intervals) < options.regular_timing_intervals_min:
        return False
    count, total = len(intervals), sum(intervals)
    if total == 0 or total < count * options.regular_timing_mean_min_ms:
        return False
    # deviation² = squares / n − mean²; deviation / mean ≤ p % is the same as n · squares / total² − 1 ≤ (p/100)².
    squares = sum(interval * interval for interval in intervals)
    percent = options.regular_timing_variation_max_percent
    return (count * squares - total * total) * 10_000 <= percent * percent * total * total


def verdict_of(window, options):
    """(reasons, points)"""
    reasons, points = [], 0
    for name, present, worth in (
            ('rapid_ip_changes', len({unit_of(one.address) for one in window}) >= options.addresses_min,
             options.addresses_points),
            ('user_agent_rotation', len({one.user_agent for one in window}) >= options.user_agents_min,
             options.user_agents_points),
            ('bot_user_agent', any(one.bot for one in window), options.bot_points),
            ('regular_timing', is_regular(window, options), options.regular_timing_points)):
        if present:
            reasons.append(name)
            points += worth
    return reasons, points


# --- what became of an attack: docs/alerts.md, "Outcome". This traffic says nothing of sizes and durations.

def outcome_of(status, categories):
    if status in (401, 403, 406, 429):
        return 'blocked'
    if status == 500 and categories & {'sqli', 'nosql', 'ldap'}:
        return 'likely_effective'
    if status >= 400:
        return 'failed'
    return 'answered' if status >= 200 else 'unknown'


def severity_with(severity, outcome):
    if outcome in ('blocked', 'failed'):
        return max(severity - 1, min(severity, LOW))
    return min(severity + 1, CRITICAL) if outcome == 'likely_effective' else severity


def route_of(request):
    """Method and path with ids folded, as docs/scoring.md says."""
    def folded(segment):
        is_word = re.fullmatch(r'[A-Za-z0-9._-]*', segment)
        digits = sum(character.isdigit() for character in segment)
        return '*' if len(segment) > 24 or not is_word or digits * 3 >= len(segment) else segment
    return request.method, *[folded(segment) for segment in request.path.split('/') if segment][:8]


# --- episodes

@dataclass
class Episode:
    kind: str
    first: object                  # the requests that opened it and that were counted last
    last: object
    count: int
    severity: int
    first_seen_ms: int
    last_seen_ms: int
    alerted_ms: int                # last_seen_ms at the latest alert
    counted_clock_ms: int = 0
    categories: set = field(default_factory=set)
    reasons: list = field(default_factory=list)
    points: int = 0
    outcome: str = 'unknown'
    hosts: set = field(default_factory=set)
    routes: set = field(default_factory=set)

    def has_news(self, request, categories, outcome):
        """A category, host, route or a more telling outcome that no alert has shown."""
        found = not categories <= self.categories or OUTCOMES.index(outcome) > OUTCOMES.index(self.outcome)
        for known, one, limit in ((self.hosts, request.host, HOSTS_MAX), (self.routes, route_of(request), ROUTES_MAX)):
            if one not in known and len(known) < limit:
                known.add(one)
                found = True
        self.outcome = max(self.outcome, outcome, key=OUTCOMES.index)
        return found

    def alert(self, phase, evidence=None):
        """The facts of an alert: what docs/alerts.md says about this episode as it is now."""
        self.alerted_ms = self.last_seen_ms
        origin = (self.first.topic, self.first.partition, self.first.offset, self.kind, self.first.client)
        facts = {
            'id': uuid_of((*origin, phase, self.count)), 'episode': uuid_of(origin), 'kind': self.kind, 'phase': phase,
            'client_kind': self.first.client_kind, 'client': self.first.client, 'count': self.count,
            'severity': self.severity, 'time': self.last.time_ms, 'start': self.first_seen_ms, 'end': self.last_seen_ms,
            'record': (self.last.topic, self.last.partition, self.last.offset), 'address': self.last.address,
        }
        if self.kind == 'abuse':
            facts |= {'reasons': tuple(self.reasons), 'risk_score': self.points}
        else:
            facts |= {'categories': tuple(sorted(self.categories)), 'outcome': self.outcome}
            if evidence:
                facts |= {'risk_score': evidence.score, 'request_id': evidence.request_id,
                          'rules': tuple(sorted(rule.id for rule in evidence.hits))}
        return facts


class ReferenceScorer:
    """One partition of observations. observe() and finish() return the alerts' facts in order."""

    def __init__(self, options=None):
        self.options = options or Options()
        self.clients = {}
        self.clock_ms = None
        self.greatest_ms = None
        self.alerts = []
        self._deadlines, self._numbers = [], itertools.count()

    def observe(self, request):
        self._advance_clock(request.time_ms)
        self._close_by_clock()
        client = self.clients.setdefault((request.client_kind, request.client), Client())
        for kind, episode in sorted(client.episodes.items(), key=lambda item: item[1].last_seen_ms):
            if request.time_ms - episode.last_seen_ms >= self.options.idle_close_ms:
                self._close(client, kind)
        self._take_into_window(client, request)
        if request.malicious:
            counted = [rule for rule in request.hits if rule.weight > 0]      # the others are markers
            self._note(client, 'attack', request, max(rule.severity for rule in counted), {rule.category for rule in counted})
        reasons, points = verdict_of(client.window, self.options)
        if points >= self.options.suspicious_score:
            severity = HIGH if points >= self.options.suspicious_score + ABUSE_HIGH_ABOVE else MEDIUM
            self._note(client, 'abuse', request, severity, set(), reasons, points)

    def finish(self):
        """Closes what is open."""
        for client in self.clients.values():
            for kind in list(client.episodes):
                self._close(client, kind)

    def _take_into_window(self, client, request):
        if client.window and request.time_ms - client.newest_ms >= self.options.client_idle_ms:
            client.window = []
        client.newest_ms = max(client.newest_ms, request.time_ms) if client.window else request.time_ms
        client.window = (client.window + [request])[-self.options.window_requests:]

    def _note(self, client, kind, request, severity, categories, reasons=(), points=0):
        episode = client.episodes.get(kind)
        opened = episode is None
        if opened:
            episode = client.episodes[kind] = Episode(kind, request, request, 0, 0, request.time_ms, request.time_ms,
                                                      request.time_ms)
        has_news = False
        if kind == 'attack':
            outcome = outcome_of(request.status, categories)
            severity = severity_with(severity, outcome)
            has_news = episode.has_news(request, categories, outcome)
        rises = severity > episode.severity
        episode.count += 1
        episode.last = request
        episode.severity = max(episode.severity, severity)
        episode.categories |= categories
        episode.reasons, episode.points = list(reasons), points
        episode.first_seen_ms = min(episode.first_seen_ms, request.time_ms)
        episode.last_seen_ms = max(episode.last_seen_ms, request.time_ms)
        episode.counted_clock_ms = self.clock_ms
        evidence = request if kind == 'attack' else None
        if opened:
            self.alerts.append(episode.alert('opened', evidence))
            self._watch(client, episode)
        elif (rises or has_news or episode.count in self.options.update_counts
              or episode.last_seen_ms - episode.alerted_ms >= self.options.update_interval_ms):
            self.alerts.append(episode.alert('updated', evidence))

    def _close(self, client, kind):
        self.alerts.append(client.episodes.pop(kind).alert('closed'))

    # --- the partition's event time

    def _advance_clock(self, time_ms):
        if self.clock_ms is None:
            self.clock_ms = self.greatest_ms = time_ms
        reached_twice = min(time_ms, self.greatest_ms)
        self.greatest_ms = max(self.greatest_ms, time_ms)
        if reached_twice > self.clock_ms:
            self.clock_ms = min(reached_twice, self.clock_ms + CLOCK_STEP_MAX_MS)

    def _close_by_clock(self):
        """Closes what the clock has passed. A deadline in the heap is the earliest possible: it is looked at again then."""
        while self._deadlines and self._deadlines[0][0] <= self.clock_ms:
            _, number, client, episode = heapq.heappop(self._deadlines)
            if client.episodes.get(episode.kind) is not episode:
                continue
            if self._deadline(episode) <= self.clock_ms:
                self._close(client, episode.kind)
            else:
                heapq.heappush(self._deadlines, (self._deadline(episode), number, client, episode))

    def _deadline(self, episode):
        since = max(episode.last_seen_ms, episode.counted_clock_ms)
        return since + self.options.idle_close_ms + self.options.lateness_ms

    def _watch(self, client, episode):
        if self.options.lateness_ms is not None:
            heapq.heappush(self._deadlines, (self._deadline(episode), next(self._numbers), client, episode))


def alerts_of(requests, options=None):
    """All alerts for requests in their order, with what is open at the end closed. None stands for a dead letter."""
    scorer = ReferenceScorer(options)
    for request in requests:
        if request is not None:
            scorer.observe(request)
    scorer.finish()
    return scorer.alerts

"""Which decisions must be published for the alerts of a run, written from docs/decisions.md and docs/adr/0056-what-is-done-about-clients.md.

A decision depends on the alerts of its client, in order, and on the event time of the partition of the observations that the client stands
in. Both are taken from what stands in the topics: the alerts are the reference scorer's, the event time is that of the blocks as they lie there.
"""
import collections
import ipaddress
from dataclasses import dataclass, field

from input_records import SEVERITIES
from reference_clock import NEVER, PartitionClock
from reference_scorer import uuid_of_text

# As weir.yaml has it. So short that decisions are made, prolonged, replaced, over and made anew within a minute of a run, and longer the
# more there were; not of bursts, whose opening alerts name the period that was found first.
POLICY = {
    # Two decisions at once in a chunk of the state, then one in 24 s: clients that go on are over it now and then.
    'simulate': False, 'remember_s': 60, 'per_minute_max': 640, 'ipv4_prefix': 24,
    # A network as a whole; single addresses, around which the others of their networks are acted on alone.
    'never': ['10.0.48.0/20', *(f'10.0.{number}.192/32' for number in range(64, 100))],
    'rules': [
        {'name': 'lasting', 'kinds': 'attack', 'records': 10, 'action': 'ban', 'duration_s': 45},
        {'name': 'grave', 'kinds': 'attack', 'severity': 'high', 'alerts': 3, 'within_s': 30, 'action': 'ban', 'duration_s': 20,
         'factor': 2, 'duration_max_s': 100},
        {'name': 'everywhere', 'kinds': 'abuse', 'reasons': 'rapid_ip_changes', 'risk_score': 50, 'action': 'captcha', 'duration_s': 15,
         'factor': 3, 'duration_max_s': 90},
        {'name': 'answered', 'kinds': 'attack', 'categories': ['sqli', 'xss'], 'outcomes': ['answered', 'likely_effective'],
         'clients': ['customer', 'api_key'], 'action': 'captcha', 'duration_s': 10},
        {'name': 'rest', 'kinds': 'attack', 'action': 'throttle', 'duration_s': 12, 'retry_after_s': 5},
    ],
}
ACTIONS = ('throttle', 'captcha', 'ban')      # the mildest first
LEVELS = {number: name for name, number in SEVERITIES.items()}
DURATION_MAX_S = 7 * 86_400
MINUTE_MS = 60_000
CHUNKS = 256       # of a partition's state, by the default of score.clients_max


def listed(value):
    return value if isinstance(value, list) else [value]


def fits(rule, alert):
    """All conditions of a rule but how often."""
    kind, is_attack = alert['kind'], alert['kind'] == 'attack'
    return ((kind in listed(rule.get('kinds', kind))) and alert['client_kind'] in listed(rule.get('clients', alert['client_kind']))
            and alert['severity'] >= SEVERITIES[rule.get('severity', 'informational')] and alert['count'] >= rule.get('records', 1)
            and ('categories' not in rule or is_attack and bool(set(listed(rule['categories'])) & set(alert['categories'])))
            and ('outcomes' not in rule or is_attack and alert['outcome'] in listed(rule['outcomes']))
            and ('risk_score' not in rule or kind == 'abuse' and alert['risk_score'] >= rule['risk_score'])
            and ('reasons' not in rule or kind == 'abuse' and bool(set(listed(rule['reasons'])) & set(alert['reasons']))))


def length_ms(rule, times):
    """Of a client's so many-th decision."""
    most = max(rule.get('duration_max_s', DURATION_MAX_S), rule['duration_s'])
    return min(rule['duration_s'] * rule.get('factor', 1) ** (times - 1), most) * 1000


def chunk_of(client_hash, chunks):
    """docs/scoring.md, "Memory": the upper bits of a product. `chunks` is a power of two."""
    bits = chunks.bit_length() - 1
    return (client_hash * 0x9e3779b97f4a7c15 & (1 << 64) - 1) >> 64 - bits if bits else 0


class Budget:
    """Decisions of one chunk: a bucket of a minute's part, or of one, that refills evenly by event time."""

    def __init__(self, per_minute_max, chunks):
        self._step_ms = MINUTE_MS * chunks // per_minute_max
        self._held_ms = max(MINUTE_MS - self._step_ms, 0)
        self._spent_ms = NEVER      # until then

    def take(self, now_ms):
        # The time may have gone back, once: then no more than one decision is spent.
        self._spent_ms = min(max(self._spent_ms, now_ms - self._held_ms), now_ms + self._step_ms)
        if self._spent_ms > now_ms:
            return False
        self._spent_ms += self._step_ms
        return True


def subject_of(policy, kind, client):
    """What a decision about the client acts on; None if it must not be a subject."""
    if kind != 'address':
        return client
    own = ipaddress.ip_network(client)
    wide = own.supernet(new_prefix=policy['ipv4_prefix']) if own.version == 4 and own.prefixlen > policy['ipv4_prefix'] else own
    never = [ipaddress.ip_network(text) for text in policy['never']]
    for network in (wide, own):
        if not any(network.version == one.version and network.overlaps(one) for one in never):
            return client if network == own else str(network)
    return None


def scope_of(kind, subject):
    return ('range' if '/' in subject else 'ip') if kind == 'address' else kind


@dataclass
class Client:
    decision: dict | None = None     # in force, as its message says it
    times: int = 0                   # decisions that count for the length of the next
    last_until_ms: float = NEVER
    forget_ms: float = NEVER         # nothing of it matters any more then
    counted: dict = field(default_factory=lambda: collections.defaultdict(list))     # rule → times of its alerts


class DecisionReference:
    """`alerts`: the reference scorer's facts; `chunks`: of a partition's state. `steps` has, for one block after the other, what must be published, as
    published.decision_facts; in the order of each client."""

    def __init__(self, policy, alerts, chunks=CHUNKS):
        self.policy, self.steps, self._chunks = policy, [], chunks
        self.skipped = collections.Counter()
        self._alerts = collections.defaultdict(list)
        for one in alerts:
            if one['kind'] in ('attack', 'abuse') and one['phase'] != 'closed':
                self._alerts[one['record'][1:]].append(one)
        self.begin_partition()

    def begin_partition(self):
        self._clients, self.clock = {}, PartitionClock()
        self._budgets = collections.defaultdict(lambda: Budget(self.policy['per_minute_max'], self._chunks))     # by chunk

    def take_block(self, reports, told_ms, observations, orders=()):
        self.clock.take(reports, told_ms)
        for order in orders:
            self._order(order)
        for one in observations:
            self.clock.advance(one.time_ms, one.is_count)
            for alert in () if one.is_count else self._alerts.get((one.partition, one.offset), ()):
                self._take(alert, self._budgets[chunk_of(one.client_hash, self._chunks)])
        self.clock.follow()

    def end_partition(self):
        """What is over by now, of all clients."""
        for client in self._clients.values():
            self._pass(client)
        self.begin_partition()

    def _pass(self, client):
        """What the partition's event time has done to the client by now. It never goes back, so it is enough to look when it matters."""
        if client.decision and client.decision['until'] <= self.clock.now_ms:
            self._end(client)
        if not client.decision and client.forget_ms <= self.clock.now_ms:
            client.times, client.counted = 0, collections.defaultdict(list)

    def _end(self, client, change='ended'):
        self._tell(change, client.decision)
        client.decision = None
        client.forget_ms = max(client.forget_ms, client.last_until_ms + self.policy['remember_s'] * 1000)

    def _order(self, order):
        """What a person ordered counts from its place in the stream on."""
        subject = subject_of(self.policy, order.client_kind, order.client)
        if order.kind == 'decide' and order.until_ms > self.clock.now_ms and subject is not None:
            self._impose(self._clients.setdefault((order.client_kind, order.client), Client()), order, subject)
        elif order.kind == 'lift' and (client := self._clients.get((order.client_kind, order.client))):
            self._pass(client)
            if client.decision:
                self._end(client, 'deleted')

    def _impose(self, client, order, subject):
        self._pass(client)
        change = 'replaced' if client.decision else 'made'
        origin = (order.kind, order.client_kind, order.client, order.action, order.caller, order.reason, str(order.from_ms), str(order.until_ms))
        client.decision = {
            'version': 1, 'id': uuid_of_text(b'\0'.join(text.encode() for text in origin)), 'action': order.action,
            'scope': scope_of(order.client_kind, subject), 'value': subject, 'client_type': order.client_kind, 'client': order.client,
            'reason': order.reason, 'caller': order.caller, 'from': order.from_ms, 'until': order.until_ms, 'times': client.times,
            'simulate': False, **({'retry_after_s': order.retry_after_ms // 1000} if order.retry_after_ms else {})}
        client.last_until_ms = order.until_ms
        self._tell(change, client.decision)

    def _take(self, alert, budget):
        fitting = [rule for rule in self.policy['rules'] if fits(rule, alert)]
        subject = subject_of(self.policy, alert['client_kind'], alert['client'])
        if not fitting or subject is None:
            self.skipped['spared'] += bool(fitting)
            return
        client = self._clients.setdefault((alert['client_kind'], alert['client']), Client())
        self._pass(client)
        # All that count do, whichever decides.
        ready = [rule for rule in fitting if self._counts(client, rule, alert['time'])]
        if ready:
            self._answer(client, ready[0], alert, subject, budget)

    @staticmethod
    def _counts(client, rule, time_ms):
        if rule.get('alerts', 1) == 1:
            return True
        within_ms = rule.get('within_s', 3600) * 1000
        newest = client.counted[rule['name']] = sorted([*client.counted[rule['name']], time_ms])[-rule['alerts']:]
        client.forget_ms = max(client.forget_ms, time_ms + within_ms)
        return len(newest) == rule['alerts'] and newest[-1] - newest[0] <= within_ms

    def _answer(self, client, rule, alert, subject, budget):
        time_ms = alert['time']
        if client.decision and time_ms >= client.decision['until']:
            self._end(client)
        if client.decision and 'caller' in client.decision:
            return      # a person's
        if client.decision:
            by = ACTIONS.index(rule['action']) - ACTIONS.index(client.decision['action'])
            if by > 0:
                self._make('replaced', client, rule, alert, subject)
            elif by == 0:
                self._prolong(client, time_ms, length_ms(rule, client.times))
            return
        if time_ms >= client.last_until_ms + self.policy['remember_s'] * 1000:
            client.times = 0
        if time_ms + length_ms(rule, client.times + 1) <= self.clock.now_ms:
            self.skipped['late'] += 1
            return
        if not budget.take(self.clock.budget_ms):
            self.skipped['budget'] += 1
            return
        client.times += 1
        self._make('made', client, rule, alert, subject)

    def _prolong(self, client, time_ms, length):
        until = client.decision['until']
        if until - time_ms <= length / 2 and time_ms + length > until:
            client.last_until_ms = time_ms + length
            client.decision = client.decision | {'until': client.last_until_ms}
            self._tell('renewed', client.decision)

    def _make(self, change, client, rule, alert, subject):
        kind, name, until = alert['client_kind'], alert['client'], alert['time'] + length_ms(rule, client.times)
        if client.decision:
            until = max(until, client.decision['until'])
        client.decision = {
            'version': 1, 'id': uuid_of_text(b'\0'.join(text.encode() for text in (alert['id'], rule['name'], rule['action']))),
            'action': rule['action'], 'scope': scope_of(kind, subject), 'value': subject, 'client_type': kind, 'client': name, 'rule': rule['name'],
            'reason': (alert['kind'], tuple(sorted(alert.get('categories') or alert.get('reasons'))), LEVELS[alert['severity']]),
            'alert_id': alert['id'], 'from': alert['time'], 'until': until, 'times': client.times, 'simulate': self.policy['simulate'],
            **({'retry_after_s': rule['retry_after_s']} if rule.get('retry_after_s') else {})}
        client.last_until_ms = until
        self._tell(change, client.decision)

    def _tell(self, change, decision):
        key = f'{decision["client_type"]}:{decision["client"]}'
        self.steps.append(decision_step(key, change, decision['id'], None if change in ('ended', 'deleted') else decision))


def decision_step(key, change, number, value):
    """The facts of one message. A client's decision is made, replaced and ended once, and renewed once until a time: `id` says which it is."""
    return {'id': (key, change, number, value and value['until']), 'client': key, 'value': value}

"""Requests as the reference scorer sees them: read from the records of the requests topic, with no help from weir."""
import hashlib
import ipaddress
import json
from datetime import datetime, timezone
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SEVERITIES = {'informational': 1, 'low': 2, 'medium': 3, 'high': 4, 'critical': 5}


class Rule(NamedTuple):
    word: str
    id: str
    category: str
    weight: int
    severity: int


# The same as tests/faults/rules/markers.yml, decided here by searching for the word.
RULES = tuple(Rule(word, f'7a1d0001-5f0e-4c0a-8a51-0d5f3c2b1a{number:02d}', category, weight, SEVERITIES[level])
              for number, (word, category, weight, level) in enumerate((
                  ('zqhigh', 'sqli', 10, 'high'), ('zqcritical', 'xss', 12, 'critical'),
                  ('zqlow', 'traversal', 11, 'low'), ('zqhalf', 'cmdi', 5, 'medium')), start=1))
BOT_RULE = Rule('zqbot', '7a1d0001-5f0e-4c0a-8a51-0d5f3c2b1a05', 'other', 0, 1)
THRESHOLD = 10           # docs/rules.md: the request score from which a record is malicious
CATEGORY_POINTS_MAX = 30


class Request(NamedTuple):
    topic: str
    partition: int
    offset: int
    time_ms: int
    client_kind: str
    client: str
    address: str
    user_agent: str
    bot: bool
    score: int           # request score, docs/rules.md
    hits: tuple          # rules that hit
    request_id: str
    status: int
    method: str
    host: str
    path: str

    @property
    def malicious(self):
        return self.score >= THRESHOLD


def milliseconds(text):
    since = datetime.fromisoformat(text) - EPOCH
    return (since.days * 86400 + since.seconds) * 1000 + since.microseconds // 1000


def client_of(fields, address):
    """(kind, identity): the customer, else the digest of the API key, else the address, of IPv6 its /64 (docs/alerts.md)."""
    if fields.get('client_id'):
        return 'customer', fields['client_id']
    if fields.get('api_key'):
        return 'api_key', 'sha256:' + hashlib.sha256(fields['api_key'].encode()).hexdigest()[:32]
    parsed = ipaddress.ip_address(address)
    return 'address', address if parsed.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def read(topic, partition, offset, value):
    """One record of the flat profile, or None if it is none and belongs to the dead letters."""
    try:
        fields = json.loads(value)
    except ValueError:
        return None
    query, agent = fields.get('query', ''), fields.get('user_agent', '')
    hits = tuple(rule for rule in RULES if rule.word in query) if 'zq' in query else ()
    points = {}
    for rule in hits:
        points[rule.category] = min(points.get(rule.category, 0) + rule.weight, CATEGORY_POINTS_MAX)
    bot = BOT_RULE.word in agent
    address = ipaddress.ip_address(fields['ip']).compressed
    kind, client = client_of(fields, address)
    return Request(topic, partition, offset, milliseconds(fields['ts']), kind, client, address, agent, bot,
                   sum(points.values()), hits + (BOT_RULE,) if bot else hits, fields.get('request_id', ''),
                   fields.get('status', 0), fields['method'], fields.get('host', '').lower(), fields['path'])

"""Reads blocks of the observations topic, written from docs/observation-block.md: which records were observed, in which order."""
import ipaddress
from typing import NamedTuple

from reference_scorer import hash_of

KINDS = ('customer', 'api_key', 'address')
ORDERS = ('forget', 'silence', 'decide', 'lift')
ACTIONS = ('throttle', 'captcha', 'ban')


class Observation(NamedTuple):
    """What bursts are told from; named as in input_records.Request where it is the same."""
    topic: str
    partition: int
    offset: int
    time_ms: int
    client_kind: str
    client: str
    client_hash: int
    address: str
    path_hash: int
    status: int
    is_count: bool       # the same record once more, for its address
    is_malicious: bool
    rules: int           # distinct ones with weight: bits of a sketch


class SourceReport(NamedTuple):
    """How far a partition of the input has come, as a block says it."""
    source: tuple        # topic, partition
    time_ms: int | None  # None: no record was read yet
    at_end: bool
    waits: bool
    is_mention: bool
    is_doubted: bool


class Order(NamedTuple):
    """What somebody ordered about a client."""
    kind: str
    client_kind: str
    client: str
    client_hash: int
    until_ms: int
    reason: str
    caller: str
    action: str | None   # the next three are of decisions
    from_ms: int | None
    retry_after_ms: int | None


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 1

    def varint(self):
        result = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            result |= (byte & 127) << shift
            if byte < 128:
                return result
            shift += 7

    def zigzag(self):
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def u64(self):
        return int.from_bytes(self.take(8), 'little')

    def skip_text(self):
        size = self.varint()
        self.at += size

    def text(self):
        return self.take(self.varint()).decode()

    def rules_of_evidence(self, has_facts, has_remediation):
        """Reads over the evidence. The sketch of the rules with weight; of all if none has any."""
        for _ in range(6 if has_facts else 0):
            self.varint()
        for _ in range(8 if has_facts else 5):
            self.skip_text()
        self.varint(), self.varint(), self.varint()
        weighted = others = 0
        for _ in range(self.varint()):
            bit = 1 << (hash_of(self.take(self.varint())) >> 58)
            self.skip_text()
            self.at += 3
            if self.zigzag() > 0:
                weighted |= bit
            else:
                others |= bit
            self.skip_text()
            self.skip_text()
            self.varint()
            self.at += 1 if has_facts else 0
        for _ in range(2 if has_remediation else 1):
            self.skip_text()
        return weighted or others


def sources_of(block):
    """What the block says of its sources: it begins with that."""
    reader, found = _Reader(block), []
    while block[0] in (3, 4) and block[reader.at] == 4:
        reader.at += 1
        source, flags = (reader.varint(), reader.zigzag()), block[reader.at]
        reader.at += 1
        time_ms = reader.zigzag() if flags & 2 else None
        found.append(SourceReport(source, time_ms, *(bool(flags & bit) for bit in (1, 4, 8, 16))))
    return found


def orders_of(block):
    """Those that the block holds."""
    reader, found = _Reader(block), []
    while block[0] in (5, 6) and block[reader.at] in (5, 6):
        has_more = block[reader.at] == 6
        kind, client_kind = ORDERS[block[reader.at + 1]], KINDS[block[reader.at + 2]]
        reader.at += 3
        client, client_hash = reader.text(), reader.u64()
        reader.skip_text()      # the episode
        until_ms, reason, caller = reader.zigzag(), reader.text(), reader.text()
        action = ACTIONS[reader.take(1)[0]] if has_more else None
        from_ms, retry_ms = (reader.zigzag(), reader.varint()) if has_more else (None, None)
        found.append(Order(kind, client_kind, client, client_hash, until_ms, reason, caller, action, from_ms, retry_ms))
    return found


def observations_of(block, topics):
    """The observations of one block, in order; `topics`: the names of the requests topics."""
    if block[0] == 2:
        return []  # events for correlations; the records' observations stand in blocks of their own
    if block[0] in (5, 6):
        return []  # an order about a client
    if block[0] not in (1, 3, 4):
        raise ValueError(f'a block of version {block[0]}')
    reader, found, topic, partition, offset, time_ms = _Reader(block), [], 0, 0, 0, 0
    while presence := block[reader.at]:
        reader.at += 1
        if presence == 4:  # how far a source has come
            reader.varint()
            reader.zigzag()
            reader.at += 1
            if block[reader.at - 1] & 2:
                reader.zigzag()
            continue
        if not presence & 1:
            topic, partition = reader.varint(), reader.zigzag()
        offset += reader.zigzag()
        time_ms += reader.zigzag()
        client = reader.take(reader.varint()).decode()
        client_hash = reader.u64()
        address = reader.take(4 if presence & 2 else 16)
        reader.at += 8 if presence & 4 else 0
        path_hash, status = reader.u64(), reader.varint()
        flags = block[reader.at]
        reader.at += 1
        if presence & 8:
            reader.varint(), reader.varint()
        is_malicious = bool(presence & 16)
        rules = reader.rules_of_evidence(bool(flags & 64), bool(flags & 128)) if is_malicious else 0
        for _ in range(3 if flags & 128 else 0):  # agent, path, account
            reader.skip_text()
        found.append(Observation(topics[topic], partition, offset, time_ms, KINDS[presence >> 5 & 3], client, client_hash,
                                 text_of(address), path_hash, status, bool(flags & 16), is_malicious, rules))
    return found


_TEXTS = {}


def text_of(address):
    if address not in _TEXTS:
        _TEXTS[address] = ipaddress.ip_address(address).compressed
    return _TEXTS[address]


class Check:
    """`expected`: all (partition, offset) that are requests; `partitions`: of the requests, those that are looked at (None: all)."""

    def __init__(self, expected, partitions=None):
        self._expected, self._partitions = expected, partitions
        self._seen, self._latest = set(), {}
        self._twice = self._disordered = self._unreadable = 0

    def take(self, target, observations):
        """Of a block of the partition `target`, in order; None for one that cannot be read."""
        if observations is None:
            self._unreadable += 1
            return
        for one in observations:
            if one.is_count or self._partitions is not None and one.partition not in self._partitions:
                continue
            place = one.partition, one.offset
            self._twice += place in self._seen
            self._seen.add(place)
            self._disordered += one.offset < self._latest.get((target, one.partition), -1)
            self._latest[target, one.partition] = one.offset

    def figures(self):
        """Of what is missing, there twice, or behind a later one of the same source within its partition."""
        return {'lost': len(self._expected - self._seen), 'duplicated': self._twice, 'disordered': self._disordered,
                'unexpected': len(self._seen - self._expected), 'unreadable_blocks': self._unreadable}

"""Made-up traffic for the fault tests: clients of every kind of conduct, each in one partition of the requests topic.

A client's records stand in one partition, so their order is defined; event times move on alike in all partitions, so nothing
depends on how weir interleaves them. docs/fault-testing.md says why that matters.
"""
import json
import random
from datetime import datetime, timedelta, timezone

START = datetime(2025, 3, 1, 8, 0, tzinfo=timezone.utc)
BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/{}.0'
BOT = 'zqbot/{}.0'
BAD_EVERY = 997          # one record of so many is none: a dead letter
# Share of clients by conduct. An attacker's and an abuser's spells come and go, so that episodes open and close.
CONDUCTS = (('plain', 50), ('attacker', 20), ('abuser', 12), ('regular', 6), ('crawler', 6), ('half', 6))


class Client:
    def __init__(self, number, chance):
        self.number = number
        self.conduct = chance.choices([name for name, _ in CONDUCTS], [share for _, share in CONDUCTS])[0]
        identity = chance.random()
        self.identity = {'client_id': f'customer-{number}'} if identity < 0.7 else (
            {'api_key': f'key-{number:06d}-zz'} if identity < 0.85 else {})
        self.base = number * 64
        self.by_address = not self.identity
        self.v6 = chance.random() < 0.2
        self.shared = chance.randrange(6) if self.identity and chance.random() < 0.15 else None    # behind one address with others
        self.spell = chance.uniform(10, 90)          # seconds of conduct, then as many without
        self.period = chance.choice((700, 1000, 1300))
        self.next_ms = 0
        self.sent = 0

    def address(self, variant):
        if self.shared is not None and variant == 0:
            return f'100.64.0.{self.shared}'
        number = self.base + (0 if self.by_address else variant)
        if self.v6:
            return f'2001:db8:{number >> 16 & 0xffff:x}:{number & 0xffff:x}::{1 + variant}'
        return f'10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}'

    def active(self, seconds):
        return int(seconds / self.spell) % 2 == 0


class Workload:
    """`records()` yields (partition, bytes) of the main part; `tail()` what closes every episode afterwards."""

    def __init__(self, seed, partitions, clients=400, rate=200.0, uneven=False):
        self.chance = random.Random(seed)
        self.partitions = partitions
        self.rate = rate                             # records a second of event time
        self.clients = [Client(number, self.chance) for number in range(clients)]
        # Uneven: the clients of the first partition send nine times as much as those of the last.
        self.shares = [1 + 8 * (1 - number % partitions / max(1, partitions - 1)) if uneven else 1 for number in range(clients)]
        self.number = 0
        self.uneven = uneven

    def records(self, count):
        for _ in range(count):
            yield self._next()

    def attacks(self, count):
        """Nothing but attackers at work, in whatever spell they are. Event time goes on as slowly as ever."""
        attackers = [client for client in self.clients if client.conduct == 'attacker']
        for _ in range(count):
            client = self.chance.choice(attackers)
            client.sent += 1
            query = f'page={self.chance.randrange(50)}&q={self.chance.choice(("zqlow", "zqhigh", "zqcritical"))}'
            fields = {'query': query, 'user_agent': BROWSER.format(100 + client.number % 40)}
            yield self._record(client, fields, client.address(0), int(self.number / self.rate * 1000))

    def _next(self):
        self.number += 1
        seconds = self.number / self.rate
        client = self.chance.choices(self.clients, self.shares)[0] if self.uneven else self.chance.choice(self.clients)
        client.sent += 1
        fields = {'query': f'page={self.chance.randrange(50)}', 'user_agent': BROWSER.format(100 + client.number % 40)}
        if self.number % BAD_EVERY == 0:
            return client.number % self.partitions, b'{"ts": "broken record ' + str(self.number).encode()
        address, ms = 0, int(seconds * 1000)
        if self.chance.random() < 0.02:
            ms -= self.chance.randrange(5000)        # late, as logs are
        if client.active(seconds):
            fields['status'] = self._status(client)
            address, ms = self._conduct(client, fields, ms)
        elif client.conduct == 'regular':
            ms = ms // client.period * client.period
        return self._record(client, fields, client.address(address), ms)

    def _status(self, client):
        draw = self.chance.random()
        if client.shared is not None and draw < 0.2 or client.conduct == 'abuser' and draw < 0.4:
            return 401
        return 404 if client.conduct in ('crawler', 'half') and draw < 0.6 else 200

    def _conduct(self, client, fields, ms):
        address, draw = 0, self.chance.random()
        if client.conduct == 'attacker' and draw < 0.7:
            word = self.chance.choices(('zqlow', 'zqhigh', 'zqcritical', 'zqhalf', 'zqhigh+zqhalf+zqlow'), (5, 4, 1, 2, 1))[0]
            fields['query'] += f'&q={word}'
        elif client.conduct == 'half':
            fields['query'] += '&q=zqhalf'
        elif client.conduct == 'abuser':
            address = self.chance.randrange(12)
            fields['user_agent'] = BROWSER.format(100 + self.chance.randrange(5))
            if draw < 0.1:
                fields['query'] += '&q=zqhigh'
        elif client.conduct == 'crawler':
            fields['user_agent'] = BOT.format(self.chance.randrange(4))
            address = self.chance.randrange(8)
        elif client.conduct == 'regular':
            # On the beat of a period: equal intervals within a window as long as every beat is hit.
            client.next_ms = max(client.next_ms + client.period, ms - 20 * client.period)
            ms, address = client.next_ms, self.chance.randrange(12)
        return address, ms

    def _record(self, client, fields, ip, ms):
        when = START + timedelta(milliseconds=max(ms, 0))
        whole = {'ts': when.isoformat(timespec='milliseconds').replace('+00:00', 'Z'), 'request_id': f'r{self.number}',
                 **client.identity, 'ip': ip, 'method': 'GET', 'host': 'shop.example', 'path': f'/p/{self.number % 997}',
                 'status': 200, **fields}
        return client.number % self.partitions, json.dumps(whole, separators=(',', ':')).encode()

    def tail(self, ahead_seconds, clients=256, step_seconds=590):
        """Harmless records that move the event time of every partition on by `ahead_seconds`, in steps that it follows:
        two clients' worth at least for each step, spread over so many clients that each partition of weir's has some."""
        first = self.number / self.rate
        for step in range(1, int(ahead_seconds / step_seconds) + 3):
            for number in range(clients):
                self.number += 1
                client = Client(1_000_000 + number, random.Random(number))
                client.identity = {'client_id': f'tail-{number}'}
                yield self._record(client, {'user_agent': BROWSER.format(100)}, f'192.0.2.{number % 250}',
                                   int((first + step * step_seconds) * 1000) + number)


def main(arguments):
    """`python workload.py SEED COUNT FILE` writes the main part, for weir scan."""
    seed, count, path = int(arguments[0]), int(arguments[1]), arguments[2]
    with open(path, 'wb') as file:
        for _, value in Workload(seed, 1).records(count):
            file.write(value + b'\n')


if __name__ == '__main__':
    import sys
    main(sys.argv[1:])

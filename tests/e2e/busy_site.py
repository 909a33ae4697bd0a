"""A made-up site under real traffic, watched by Prometheus: what the pictures of the dashboards show.

Three sources, two processes of weir, ordinary visitors whose number rises and falls, attackers who come in waves, people who mark
alerts, silence a client and exchange rules, and a process that is restarted. Event times are those of the clock.
"""
import itertools
import json
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import traffic
from command import run
from conftest import Pipeline
from prometheus_server import PrometheusServer
from weir_process import REPOSITORY

TOOLS = ('sqlmap/1.8', 'Mozilla/5.0 zgrab/0.x', 'Googlebot/2.1 (+http://www.google.com/bot.html)', 'python-requests/2.32')
FAMILIES = list(traffic.ATTACKS)
POLICY = {
    'defaults': {'url_bytes_max': 512, 'allowed_methods': ['GET', 'POST'], 'response_headers': True},
    'routes': [{'path': '/login', 'name': 'login', 'methods': ['POST'], 'level': 'strict'}],
    'exclusions': [{'rules': ['*'], 'parameter': 'template', 'comment': 'editors write HTML here'}],
}
DECISIONS = {
    'simulate': False, 'never': [f'{traffic.address(300_005)}/32'], 'rules': [
        {'name': 'attacks', 'kinds': ['attack'], 'severity': 'high', 'action': 'ban', 'duration_s': 90, 'factor': 2},
        {'name': 'guessing', 'kinds': ['abuse', 'burst'], 'action': 'throttle', 'retry_after_s': 10, 'duration_s': 60},
    ]}


class BusySite:
    """Start it, let it run for a while, then look at `prometheus`."""

    def __init__(self, broker, folder, scrape_seconds=5, seed=1):
        self.broker, self.folder, self.scrape_seconds = broker, folder, scrape_seconds
        self._chance = random.Random(seed)
        self._number = self._elapsed = 0
        self._odd = itertools.cycle(traffic.tolerated_records().values())
        folder.mkdir(parents=True, exist_ok=True)
        self._pipeline = Pipeline(broker, folder)
        self._topics = {'api': self._pipeline.requests, 'web': f'{self._pipeline.requests}.web', 'mesh': f'{self._pipeline.requests}.mesh'}
        for topic in (self._topics['web'], self._topics['mesh']):
            broker.create_topic(topic, 2)
        self._verdicts = f'{self._pipeline.group}.verdicts'
        broker.create_topic(self._verdicts, 1)
        self._blocked = folder / 'blocked.netset'
        self._blocked.write_text(''.join(f'{traffic.address(300_000 + number)}\n' for number in range(20)))
        self.weirs = [self._weir(name) for name in ('first', 'second')]
        self.prometheus = PrometheusServer(folder / 'prometheus', [f'127.0.0.1:{weir.port}' for weir in self.weirs], scrape_seconds=scrape_seconds)

    def _weir(self, name):
        weir = self._pipeline.weir(
            kafka={'instance_id': name, 'topics': {'verdicts': self._verdicts}},
            sources=[{'name': 'api', 'topics': [self._topics['api']]},
                     {'name': 'web', 'topics': [self._topics['web']], 'profile': 'nginx', 'client_order': ['address']},
                     {'name': 'mesh', 'topics': [self._topics['mesh']], 'profile': 'ecs', 'unwrap': '/message'}],
            rules={'directories': [str(REPOSITORY / 'rules'), str(REPOSITORY / 'examples' / 'correlation')]},
            policy=POLICY, decisions=DECISIONS, enrichment={'threat_lists': [str(self._blocked)]},
            score={'client_idle_ms': 120_000, 'episodes': {'idle_close_ms': 60_000}})
        del weir.config['kafka']['topics']['requests']
        return weir

    # --- one second of traffic

    def _fields(self, attack):
        """(address, fields) of one request."""
        chance = self._chance
        if attack:
            number = chance.randrange(40)
            fields = dict(traffic.ATTACKS[FAMILIES[number % len(FAMILIES)]])
            return traffic.address(300_000 + number), {**fields, 'status': chance.choice((200, 403, 404, 500)), 'response_bytes': 900}
        number = int(self._elapsed) + chance.randrange(600)       # some come for the first time, others do not come back
        fields = {'path': chance.choice(('/products/7', '/search', '/cart', '/account', '/')), 'query': f'page={chance.randrange(20)}',
                  'response_headers': {'content-type': 'text/html', 'x-content-type-options': 'nosniff'}}
        rare = chance.random()
        if rare < 0.01:
            fields['user_agent'] = chance.choice(TOOLS)
        elif rare < 0.015:
            fields['method'] = 'PUT'
        elif rare < 0.02:
            fields['query'] = 'q=' + 'a' * 600
        elif rare < 0.022:
            fields['query'] = 'q=' + 'a' * 9000
        elif rare < 0.027:
            fields['query'] = 'template=%3Cscript%3Ealert(1)%3C%2Fscript%3E'
        return traffic.address(number), fields

    def _flat(self, now, attack=False, **more):
        self._number += 1
        address, fields = self._fields(attack)
        fields = {**fields, **more}
        client = fields.pop('client', f'client-{address}')
        return traffic.record(self._number, now - traffic.START + self._chance.random(), client, fields.pop('ip', address), **fields)

    def _combined(self, now, attack=False):
        one = json.loads(self._flat(now, attack))
        when = datetime.fromtimestamp(now, timezone.utc)
        return (f'{one["ip"]} - - [{when:%d/%b/%Y:%H:%M:%S +0000}] "{one["method"]} {one["path"]}?{one["query"]} HTTP/1.1" '
                f'{one["status"]} 512 "-" "{one["user_agent"]}"').encode()

    def _enveloped(self, now, attack=False):
        one = json.loads(self._flat(now, attack))
        inner = {'@timestamp': one['ts'], 'source.ip': one['ip'], 'http.request.method': one['method'], 'url.path': one['path'],
                 'url.query': one['query'], 'http.response.status_code': one['status'], 'user_agent.original': one['user_agent']}
        return json.dumps({'host': 'node-1', 'message': json.dumps(inner)}).encode()

    def _second(self, now, elapsed, share):
        """{source: records} of this second; `share` of them are attacks."""
        chance, self._elapsed = self._chance, elapsed
        visitors = int(160 + 70 * math.sin(elapsed / 50) + chance.uniform(-15, 15))
        attack = lambda: chance.random() < share
        flat = [self._flat(now, attack()) for _ in range(visitors * 6 // 10)]
        # One who guesses accounts, one who asks faster than people do, one with a new address for each request.
        flat += [self._flat(now, ip='203.0.113.66', client='', path='/login', method='POST', status=401, user=f'user{chance.randrange(90)}')
                 for _ in range(int(share * 20))]
        flat += [self._flat(now, ip='203.0.113.77', client='hasty') for _ in range(int(share * 60))]
        flat += [self._flat(now, ip=traffic.address(400_000 + chance.randrange(9)), client='shared-account',
                            user_agent=traffic.BROWSER.replace('128', str(120 + chance.randrange(4))))] if elapsed % 3 == 0 else []
        flat += [self._flat(now - 300)] if elapsed % 7 == 0 else []            # late ones
        if elapsed % 5 == 0:
            flat += [line for line, _ in list(traffic.bad_records().values())[elapsed // 5 % 5::5]]
            flat += [next(self._odd), self._flat(now).replace(b'"status":200', b'"status":"unknown"'), self._flat(now)[:-20]]
        combined = [self._combined(now, attack()) for _ in range(visitors * 3 // 10)] + [b'no line of a log'] * (elapsed % 11 == 0)
        return {'api': flat, 'web': combined, 'mesh': [self._enveloped(now, attack()) for _ in range(visitors // 10)]}

    # --- what happens besides

    @staticmethod
    def _call(*arguments):
        done = run(*map(str, arguments))
        assert done.code == 0, f'weir {arguments}: {done}'

    def _mark_some(self):
        """Somebody looks at the newest alerts: some were false."""
        opened = [one['alert']['metadata']['uid'] for one in self._pipeline.alerts() if one['alert']['unmapped']['weir']['phase'] == 'opened'
                  and one['alert']['unmapped']['weir']['kind'] == 'attack']
        for number, uid in enumerate(opened[-6:]):
            self._call('alerts', 'mark', uid, 'false' if number % 3 == 0 else 'true', '--config', self.weirs[0].config_path)

    def _renew_the_list(self):
        with open(self._blocked, 'a', encoding='ascii') as file:
            file.write('192.0.2.0/24\n')

    def _silence_somebody(self):
        self._call('ctl', 'silence', f'address:{traffic.address(300_003)}', '--for', '2h', '--reason', 'a scan that was ordered',
                   '--address', f'127.0.0.1:{self.weirs[0].port}')

    def _restart_the_second(self):
        self.weirs[1].stop()
        self.weirs[1].start()

    def start(self):
        for weir in self.weirs:
            weir.start()
        self.prometheus.start()
        return self

    def run(self, seconds):
        """So long there is traffic; returns (start, end) of it in seconds since 1970. Raises what went wrong besides it."""
        events = {0.2: self._renew_the_list, 0.3: self._mark_some, 0.35: self._silence_somebody, 0.45: self.weirs[0].reload,
                  0.5: self.weirs[1].reload, 0.6: self._mark_some, 0.7: self._restart_the_second}
        began = int(time.time())
        with ThreadPoolExecutor(max_workers=2) as others:
            under_way = []
            for elapsed in range(int(seconds)):
                wave = math.sin(2 * math.pi * elapsed / seconds * 3)
                for source, records in self._second(began + elapsed, elapsed, 0.01 + 0.12 * max(wave, 0)).items():
                    self.broker.produce(self._topics[source], records, 'lz4')
                for due in [due for due in events if due * seconds <= elapsed]:
                    under_way.append(others.submit(events.pop(due)))
                time.sleep(max(0, began + elapsed + 1 - time.time()))
            for one in under_way:
                one.result()
        return began, int(time.time())

    def stop(self):
        self.prometheus.stop()
        for weir in self.weirs:
            weir.stop()

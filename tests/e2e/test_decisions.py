"""Decisions about clients: exactly once to their topic, whatever happens to weir, and from there to those who enforce them."""
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

import pytest
import yaml

import traffic
from command import run
from kafka_broker import KafkaBroker
from processes import Process, free_ports
from test_clients_api import came_in_time
from test_exactly_once import STAYS, await_scored, disturb, long_stories
from waiting import PATIENCE, wait_for
from weir_process import OBSERVATIONS, REPOSITORY, Metrics, binary, environment

SPAN_S = 200    # of the stories' event time
# Longer than the stories, however their partitions are interleaved, so that none comes too late; half of it is shorter, so that some are
# prolonged. Not of bursts, whose opening alerts name the period that was found first.
RULES = [{'name': 'grave', 'kinds': 'attack', 'severity': 'high', 'alerts': 2, 'action': 'ban', 'duration_s': 240, 'factor': 2},
         {'name': 'abuse', 'kinds': 'abuse', 'action': 'captcha', 'duration_s': 240},
         {'name': 'rest', 'kinds': 'attack', 'action': 'throttle', 'duration_s': 240, 'retry_after_s': 5}]


def decision_records(pipeline):
    """The committed records of the topic by key, in order: (change, id, value or None)."""
    found = {}
    for key, value, headers in pipeline.broker.raw_records(pipeline.topics['decisions']):
        found.setdefault(key.decode(), []).append(
            (headers['weir-decision-change'].decode(), headers['weir-decision-id'].decode(), json.loads(value) if value else None))
    return found


def check_lives(records):
    """Each decision begins before it goes on, ends once, and there is one of a client at most."""
    for key, steps in records.items():
        current, over = None, set()
        for change, number, value in steps:
            assert number not in over, f'{key}: {change} after its end'
            if change == 'made':
                assert current is None, f'{key}: made while one is in force'
            else:
                assert current is not None, f'{key}: {change} of nothing'
                if change != 'replaced':
                    assert number == current, f'{key}: {change} of another'
            assert (value is None) == (change in ('ended', 'deleted')), (key, change)
            if value is None:
                over.add(current)
                current = None
            else:
                assert value['id'] == number and value['version'] == 1
                current = number


def told(records):
    """What does not depend on how the partitions of the input are interleaved: all but when exactly the ends are told."""
    return {key: [(change, value) for change, _, value in steps if value is not None] for key, steps in records.items()}


def push_time_on(pipeline, first, seconds):
    """So many clients that every partition of the observations gets the time."""
    records = [traffic.record(first + number, seconds + number % 2, f'late-{number % 300}', traffic.address(number % 300)) for number in range(1_200)]
    pipeline.broker.produce(pipeline.requests, records, keys=[f'late-{number % 300}'.encode() for number in range(1_200)])
    return len(records)


def all_over(pipeline):
    return all(steps[-1][2] is None for steps in decision_records(pipeline).values())


def test_kill_9_loses_doubles_and_leaves_over_no_decision(pipeline):
    from conftest import Pipeline
    keys, records = long_stories(count=6_000)
    changes = {**STAYS, 'decisions': {'simulate': False, 'rules': RULES}}
    weir = disturb(pipeline, keys, records, kills=5, between=(0.2, 1.5), **changes)
    assert 'restoring the state' in weir.log(), 'no restore was needed, so nothing is shown'
    other = Pipeline(pipeline.broker, pipeline.folder / 'undisturbed')
    other.folder.mkdir()
    other.requests = other.topics['requests'] = pipeline.requests
    try:
        undisturbed = other.start(**changes)
        await_scored(other, undisturbed, len(records))
        # Now all time is past, for both.
        weir.start()
        count = push_time_on(pipeline, len(records), SPAN_S + 3_600)
        await_scored(other, undisturbed, len(records) + count)
        weir.wait_for_metric(OBSERVATIONS, count)
        wait_for(pipeline.all_scored, 90, 'all observations', 0.5)
        for one in (pipeline, other):
            wait_for(lambda one=one: one.decided('decisions') and all_over(one), 60, 'every decision has ended', 0.5)
        found, wanted = decision_records(pipeline), decision_records(other)
        # Both are counted once a second.
        wait_for(lambda: weir.metrics().sum('weir_decisions_active') == 0, 30, 'no decision to be in force')
        made = sum(change == 'made' for steps in wanted.values() for change, _, _ in steps)
        assert undisturbed.wait_for_metric('weir_decisions_total', made, change='made').sum('weir_decisions_total', change='made') == made
    finally:
        other.close()
    check_lives(found)
    check_lives(wanted)
    assert told(found) == told(wanted)
    kinds = {change for steps in wanted.values() for change, _, _ in steps}
    assert len(wanted) > 100 and kinds >= {'made', 'renewed', 'replaced', 'ended'}, kinds
    actions = {value['action'] for steps in wanted.values() for _, _, value in steps if value}
    assert actions == {'ban', 'captcha', 'throttle'}


def test_a_topic_that_is_not_compacted_is_refused(pipeline):
    pipeline.broker.create_topic(pipeline.topics['decisions'], 1, {'cleanup.policy': 'delete'})
    weir = pipeline.weir(decisions={'rules': RULES})
    weir.launch()
    weir.process.child.wait(timeout=90)
    assert 'set cleanup.policy=compact on it' in weir.log()
    doctor = run('doctor', '--config', weir.config_path, env=environment())
    assert doctor.code != 0 and 'cleanup.policy' in doctor.out + doctor.err


def test_scan_and_replay_tell_the_decisions_of_the_daemon(pipeline, tmp_path):
    keys, records = long_stories(count=2_000, abusers=30, attackers=20)
    weir = pipeline.start(decisions={'rules': RULES}, score={'lateness_ms': 600_000}, lanes={'detect': 1, 'score': 1})
    pipeline.broker.produce(pipeline.requests, records, keys=keys)
    await_scored(pipeline, weir, len(records))
    wait_for(lambda: pipeline.decided('decisions'), 60, 'all decisions')
    wanted = decision_records(pipeline)
    assert wanted and all(value['simulate'] for steps in wanted.values() for _, _, value in steps if value)
    lines = {}
    for name, arguments in {'replay': ['--from', 'beginning'], 'scan': [tmp_path / 'requests.ndjson']}.items():
        (tmp_path / 'requests.ndjson').write_bytes(b'\n'.join(records) + b'\n')
        out = tmp_path / f'{name}.decisions'
        done = run(name, '--config', weir.config_path, '--decisions', out, '-o', 'summary', *arguments, env=environment())
        assert done.code == 0, done.err
        lines[name] = [json.loads(line) for line in out.read_text().splitlines()]
        assert out.stat().st_mode & 0o077 == 0
        by_client = {}
        for line in lines[name]:
            if line['change'] != 'ended':
                by_client.setdefault(f"{line['client_type']}:{line['client']}", []).append(line)
        made = {key: [step['id'] for step in steps] for key, steps in by_client.items()}
        if name == 'replay':
            assert made == {key: [number for change, number, value in steps if value] for key, steps in wanted.items()}
        else:    # one partition, and the topic's name is another, so are the ids
            assert made.keys() == wanted.keys()
    assert run('scan', '--config', weir.config_path, '--decisions', tmp_path / 'no' / 'file', tmp_path / 'requests.ndjson').code == 2


# --- those who enforce

class Service:
    """weir decisions serve over a topic that the test writes."""

    OFTEN = ('--requests-per-minute', '1000000')     # waiting asks again and again

    def __init__(self, broker, folder, name, address='127.0.0.1', allow=(), options=OFTEN):
        self.topic = f'decisions.{name}'
        self.broker, self.folder = broker, folder
        broker.create_topic(self.topic, 1, {'cleanup.policy': 'compact'})
        self.config = folder / 'serve.yaml'
        self.config.write_text(yaml.safe_dump({'kafka': {'bootstrap_servers': broker.bootstrap, 'topics': {'decisions': self.topic}}}))
        self.keys = {}
        lines = []
        for bouncer in ('firewall', 'custom'):
            made = run('apikey', 'generate')
            assert made.code == 0, made.err
            self.keys[bouncer] = made.out.split()[0]
            hashed = run('apikey', 'hash', stdin=self.keys[bouncer].encode())
            lines.append(f'{bouncer} {hashed.out.strip()}')
        (folder / 'bouncers').write_text('\n'.join(lines) + '\n')
        self.port, = free_ports(1)
        self.url = f'http://{address}:{self.port}'
        allowed = [part for network in allow for part in ('--allow', network)]
        self.process = Process([binary(), 'decisions', 'serve', '--config', self.config, '--keys', folder / 'bouncers',
                                '--listen', f'{address}:{self.port}', *allowed, *options], folder / 'serve.log', environment())
        self.process.wait_until(lambda: self.get('/-/ready')[0] == 200, 60, 'the service was ready')

    def put(self, subject, seconds=3_600, **changes):
        now = time.time()
        value = {'version': 1, 'id': f'{abs(hash(subject)):032x}', 'action': 'ban', 'scope': 'ip', 'value': subject, 'client_type': 'address',
                 'client': subject, 'rule': 'test', 'from': stamp(now), 'until': stamp(now + seconds), 'times': 1, 'simulate': False, **changes}
        self.broker.produce(self.topic, [json.dumps(value).encode()], keys=[f"{value['client_type']}:{value['client']}".encode()])

    def end(self, subject):
        self.broker.produce(self.topic, [None], keys=[f'address:{subject}'.encode()])

    def get(self, path, key='firewall', method='GET', headers=None):
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        if key:
            request.add_header('X-Api-Key', self.keys.get(key, key))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                body = answer.read().decode()
                return answer.status, json.loads(body) if body[:1] in '{[n' and body else body
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ''

    def metrics(self):
        status, text = self.get('/metrics', key=None)
        assert status == 200
        return Metrics(text)

    def values(self, query=''):
        """What there is, once the service has read it."""
        status, told = self.get(f'/v1/decisions{query}')
        return sorted(one['value'] for one in told) if status == 200 and told else []

    def close(self):
        assert self.process.stop() == 0, self.process.log_tail()


def stamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


@pytest.fixture
def service(broker, tmp_path, request):
    one = Service(broker, tmp_path, re.sub(r'\W', '_', request.node.name)[-60:])
    yield one
    one.process.kill()


def test_bouncers_are_told_what_holds_and_what_ended(service):
    service.put('203.0.113.9', simulate=True)
    service.put('203.0.113.8', seconds=-10)
    service.put('198.51.100.7')
    service.put('192.0.2.1', value='192.0.2.0/24', scope='range', action='captcha')
    wait_for(lambda: service.values() == ['192.0.2.0/24', '198.51.100.7'], 30, 'both are told')
    assert service.values('?ip=192.0.2.77') == ['192.0.2.0/24']
    assert service.get('/v1/decisions?ip=203.0.113.9')[1] is None
    status, stream = service.get('/v1/decisions/stream?startup=true&scopes=Ip,Range')
    assert status == 200 and len(stream['new']) == 2
    ban = next(one for one in stream['new'] if one['type'] == 'ban')
    assert ban['scope'] == 'Ip' and ban['origin'] == 'weir' and re.fullmatch(r'3[56]\d\d\.\d{3}s', ban['duration'])
    assert service.get('/v1/decisions/stream?startup=false')[1] == {'new': [], 'deleted': []}
    service.end('198.51.100.7')
    service.put('198.51.100.8', seconds=30)
    wait_for(lambda: service.values() == ['192.0.2.0/24', '198.51.100.8'], 30, 'the change is told')
    stream = service.get('/v1/decisions/stream?startup=false')[1]
    assert [one['value'] for one in stream['new']] == ['198.51.100.8'] and [one['value'] for one in stream['deleted']] == ['198.51.100.7']
    wait_for(lambda: service.values() == ['192.0.2.0/24'], 30, 'the short one is over by the clock')
    assert [one['value'] for one in service.get('/v1/decisions/stream?startup=false')[1]['deleted']] == ['198.51.100.8']
    assert len(service.get('/v1/decisions/stream?startup=false', key='custom')[1]['new']) == 1    # has a place of its own
    service.close()


def test_wrong_keys_and_hostile_queries_are_refused(service):
    service.put('198.51.100.7')
    wait_for(lambda: service.values() == ['198.51.100.7'], 30, 'it is told')
    assert service.get('/v1/decisions', method='HEAD')[0] == 200
    wrong = service.keys['firewall'][:-1] + ('A' if service.keys['firewall'][-1] != 'A' else 'B')
    for key in (None, wrong, 'x', 'a' * 4000):
        status, body = service.get('/v1/decisions', key=key)
        assert status == 401 and '198.51' not in str(body), (key, status)
    for path in ('/v1/decisions?ip=1.2.3', '/v1/decisions?ip=%00', '/v1/decisions?range=10.0.0.1', '/v1/decisions?ip=1.2.3.4&ip=1.2.3.5',
                 '/v1/decisions/stream?startup=1', '/v1/decisions?a=%ff', '/v1/decisions?' + '&'.join(f'p{i}=1' for i in range(33)),
                 '/v1/decisions?scopes=' + ','.join(['ip'] * 65)):
        status, body = service.get(path)
        assert status == 400 and 'message' in body, (path, status, body)
    assert service.get('/v1/decisions?x=' + 'a' * 3000)[0] == 414
    for path in ('/v1/decisions/', '/v1/../metrics/x', '/v1/alerts', '/v1/watchers/login', '/v1/decisions/1'):
        assert service.get(path)[0] == 404, path
    for method in ('POST', 'DELETE', 'PUT'):
        assert service.get('/v1/decisions', method=method)[0] in (405, 413, 411), method
    assert service.get('/v1/decisions', headers={'Origin': 'https://evil.example', 'Sec-Fetch-Site': 'cross-site'})[0] == 403
    # An answer is logged, and counted, behind it.
    service.process.wait_until(lambda: 'refused: an unknown API key' in service.process.log(), 30, 'the log says so')
    log = service.process.log()
    assert wrong not in log and service.keys['firewall'] not in log
    # Records that are no decisions are passed over.
    service.broker.produce(service.topic, [b'{', b'{"version":1}', b''], keys=[b'address:1', b'address:2', b'address:3'])
    service.put('198.51.100.9', value='198.51.100.9"; DROP', client='198.51.100.9')
    service.put('198.51.100.10')
    wait_for(lambda: '198.51.100.10' in service.values(), 30, 'it goes on')
    answers = lambda code: service.metrics().sum('weir_decisions_requests_total', code=code)
    wait_for(lambda: answers('401') >= 4 and answers('400') >= 8 and answers('403') >= 1 and answers('200') > 3, 30, 'all answers to be counted')
    metrics = service.metrics()
    assert metrics.sum('weir_decisions_refused_total') == 2 and metrics.sum('weir_decisions_ready') == 1
    assert metrics.sum('weir_decisions_requests_total', code='401') == 4 and metrics.sum('weir_decisions_requests_total', code='400') == 8
    assert metrics.sum('weir_decisions_requests_total', code='403') == 1 and metrics.sum('weir_decisions_requests_total', code='200') > 3
    documented = (REPOSITORY / 'docs/metrics.md').read_text().split('## `weir decisions serve`')[1].split('\n## ')[0]
    assert set(re.findall(r'^\| `(weir_\w+)', documented, re.M)) == {name for name, _, _ in metrics.samples}
    service.close()


def test_the_service_outlives_its_broker(tmp_path):
    broker = KafkaBroker(tmp_path / 'kafka').start()
    service = None
    try:
        service = Service(broker, tmp_path, 'outage')
        service.put('198.51.100.7')
        wait_for(lambda: service.values() == ['198.51.100.7'], 30, 'it is told')
        def asked():
            return service.metrics().sum('weir_decisions_asked_timestamp_seconds')
        wait_for(lambda: abs(asked() - time.time()) < 10, 30, 'a broker told where the topic ends')
        broker.stop()
        assert service.values() == ['198.51.100.7']
        wait_for(lambda: asked() < time.time() - 12, 60, 'no broker tells it any more')
        broker.start()
        service.put('198.51.100.8')
        wait_for(lambda: service.values() == ['198.51.100.7', '198.51.100.8'], 60, 'it goes on')
        wait_for(lambda: asked() > time.time() - 10 and service.metrics().sum('weir_decisions_behind_records') == 0, 60, 'a broker tells it again')
        service.close()
    finally:
        if service:
            service.process.kill()
        broker.kill()


def test_files_for_servers_follow_the_topic(service, tmp_path):
    service.put('198.51.100.7')
    service.put('192.0.2.1', value='192.0.2.0/24', scope='range')
    service.put('203.0.113.9', action='captcha')
    service.put('2001:db8:0:7::/64', value='2001:db8:0:7::/64', scope='range')
    wait_for(lambda: len(service.values()) == 4, 30, 'all are there')
    def export(*arguments):
        done = run('decisions', 'export', '--config', service.config, *arguments, env=environment())
        assert done.code == 0, done.err
        return done.out
    assert export() == '198.51.100.7\n192.0.2.0/24\n2001:db8:0:7::/64\n'
    assert json.loads(export('--format', 'envoy'))[1]['remote_ip'] == {'address_prefix': '192.0.2.0', 'prefix_len': 24}
    deny, geo = tmp_path / 'deny.conf', tmp_path / 'geo.conf'
    export('--format', 'nginx-deny', '-o', deny)
    export('--format', 'nginx-geo', '--action', 'ban', '--action', 'captcha', '-o', geo)
    assert '203.0.113.9 captcha;' in geo.read_text() and '203.0.113.9' not in deny.read_text()
    if shutil.which('nginx'):
        (tmp_path / 'nginx.conf').write_text(f'''pid {tmp_path}/nginx.pid; error_log stderr; events {{}}
            http {{ access_log off; geo $act {{ default ""; include {geo}; }} server {{ listen 127.0.0.1:1; include {deny}; }} }}''')
        done = subprocess.run(['nginx', '-t', '-p', tmp_path, '-c', tmp_path / 'nginx.conf'], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    haproxy_map = tmp_path / 'weir.map'
    export('--format', 'haproxy-map', '-o', haproxy_map)
    if shutil.which('haproxy'):
        (tmp_path / 'haproxy.cfg').write_text(f'''defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:1
  http-request deny if {{ src,map_ip({haproxy_map}) -m str ban }}
''')
        done = subprocess.run(['haproxy', '-c', '-f', tmp_path / 'haproxy.cfg'], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    watched = tmp_path / 'watched'
    watcher = Process([binary(), 'decisions', 'export', '--config', service.config, '-o', watched, '--watch'], tmp_path / 'watch.log', environment())
    watcher.wait_until(lambda: watched.exists() and '198.51.100.7' in watched.read_text(), 60, 'the file is there')
    service.end('198.51.100.7')
    watcher.wait_until(lambda: '198.51.100.7' not in watched.read_text(), 60, 'the file follows')
    assert watched.read_text() == '192.0.2.0/24\n2001:db8:0:7::/64\n'
    assert watcher.stop() == 0
    listed = run('decisions', 'list', '--config', service.config, env=environment())
    assert listed.code == 0 and re.search(r'^192\.0\.2\.0/24 +ban +0:5\d:\d\d +test', listed.out, re.M), listed.out
    lines = run('decisions', 'list', '--json', '--config', service.config, env=environment()).out.splitlines()
    assert len(lines) == 3 and all(json.loads(line)['version'] == 1 for line in lines)


@pytest.mark.skipif(not shutil.which('crowdsec-custom-bouncer'), reason='there is no crowdsec-custom-bouncer')
def test_the_real_custom_bouncer_acts_once_on_each(service, tmp_path):
    script, calls = tmp_path / 'act', tmp_path / 'calls'
    script.write_text(f'#!/bin/sh\necho "$1 $2 $4" >> {calls}\n')
    script.chmod(0o755)
    config = tmp_path / 'custom.yaml'
    config.write_text(yaml.safe_dump({
        'bin_path': str(script), 'piddir': f'{tmp_path}/', 'update_frequency': '1s', 'cache_retention_duration': '1s', 'daemonize': False,
        'log_mode': 'stdout', 'log_level': 'info', 'api_url': service.url + '/', 'api_key': service.keys['custom'],
        'prometheus': {'enabled': False}}))
    service.put('198.51.100.7')
    wait_for(lambda: service.values() == ['198.51.100.7'], 30, 'it is told')
    bouncer = Process(['crowdsec-custom-bouncer', '-c', config], tmp_path / 'custom.log')
    def said():
        return calls.read_text().splitlines() if calls.exists() else []
    try:
        bouncer.wait_until(lambda: 'add 198.51.100.7 weir/test' in said(), 60, 'the ban arrived')
        service.put('198.51.100.8')
        service.end('198.51.100.7')
        bouncer.wait_until(lambda: {'add 198.51.100.8 weir/test'} <= set(said()) and any(line.startswith('del 198.51.100.7') for line in said()),
                           60, 'the change arrived')
        assert sorted(line.split()[:2] for line in said()) == [['add', '198.51.100.7'], ['add', '198.51.100.8'], ['del', '198.51.100.7']]
    finally:
        bouncer.kill()


class Namespace:
    """A network namespace with one wire to the host, on which 10.77.N.2 answers; the host has 10.77.N.1 and further addresses."""

    def __init__(self, number, *further):
        self.name, self.net = f'weir-test-{number}', f'10.77.{number}'
        self.run('ip', 'netns', 'add', self.name)
        self.run('ip', 'link', 'add', f'weir{number}h', 'type', 'veth', 'peer', 'name', f'weir{number}n', 'netns', self.name)
        for address in (1, *further):
            self.run('ip', 'addr', 'add', f'{self.net}.{address}/24', 'dev', f'weir{number}h')
        self.run('ip', 'link', 'set', f'weir{number}h', 'up')
        self.inside('ip', 'addr', 'add', f'{self.net}.2/24', 'dev', f'weir{number}n')
        self.inside('ip', 'link', 'set', f'weir{number}n', 'up')
        self.inside('ip', 'link', 'set', 'lo', 'up')

    @staticmethod
    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def inside(self, *command):
        return self.run('ip', 'netns', 'exec', self.name, *command)

    def reaches(self, source, port):
        """Whether a connection from that address of the host is taken."""
        import socket
        with socket.socket() as one:
            one.settimeout(0.5)
            one.bind((f'{self.net}.{source}', 0))
            return one.connect_ex((f'{self.net}.2', port)) == 0

    def close(self):
        subprocess.run(['ip', 'netns', 'del', self.name], check=False, capture_output=True)


def can_have_namespaces():
    if not all(shutil.which(name) for name in ('ip', 'nft', 'crowdsec-firewall-bouncer')):
        return False
    done = subprocess.run(['unshare', '--net', 'nft', 'add', 'table', 'ip', 'weir'], check=False, capture_output=True)
    return done.returncode == 0


@pytest.mark.skipif(not can_have_namespaces(), reason='no right to network namespaces and nftables, or no crowdsec-firewall-bouncer')
def test_the_real_firewall_bouncer_drops_an_attacker_and_lets_it_in_after_the_end(pipeline, tmp_path):
    net = Namespace(171, 66)
    weir = pipeline.weir(decisions={'simulate': False, 'rules': [{'name': 'attackers', 'kinds': 'attack', 'action': 'ban', 'duration_s': 60}]})
    started = []
    service = None
    try:
        weir.start()
        service = Service.__new__(Service)
        folder = tmp_path / 'serve'
        folder.mkdir()
        # Over the daemon's own topic.
        service.topic, service.broker, service.folder, service.config = pipeline.topics['decisions'], pipeline.broker, folder, weir.config_path
        key = run('apikey', 'generate').out.split()[0]
        service.keys = {'firewall': key}
        (folder / 'bouncers').write_text('firewall ' + run('apikey', 'hash', stdin=key.encode()).out)
        service.port, port = free_ports(2)
        service.url = f'http://{net.net}.1:{service.port}'
        service.process = Process([binary(), 'decisions', 'serve', '--config', weir.config_path, '--keys', folder / 'bouncers', '--listen',
                                   f'{net.net}.1:{service.port}', '--allow', f'{net.net}.0/24'], folder / 'serve.log', environment())
        started.append(service.process)
        service.process.wait_until(lambda: service.get('/-/ready')[0] == 200, 60, 'the service was ready')
        config = tmp_path / 'firewall.yaml'
        config.write_text(yaml.safe_dump({
            'mode': 'nftables', 'pid_dir': f'{tmp_path}/', 'update_frequency': '1s', 'daemonize': False, 'log_mode': 'stdout', 'log_level': 'info',
            'api_url': service.url + '/', 'api_key': key, 'disable_ipv6': False, 'deny_action': 'DROP', 'deny_log': False,
            'supported_decisions_types': ['ban'], 'blacklists_ipv4': 'crowdsec-blacklists', 'blacklists_ipv6': 'crowdsec6-blacklists',
            'nftables': {'ipv4': {'enabled': True, 'set-only': False, 'table': 'crowdsec', 'chain': 'crowdsec-chain'},
                         'ipv6': {'enabled': True, 'set-only': False, 'table': 'crowdsec6', 'chain': 'crowdsec6-chain'}},
            'prometheus': {'enabled': False}}))
        started.append(Process(['ip', 'netns', 'exec', net.name, 'python3', '-m', 'http.server', str(port), '--bind', f'{net.net}.2'], tmp_path / 'http.log'))
        bouncer = Process(['ip', 'netns', 'exec', net.name, 'crowdsec-firewall-bouncer', '-c', config], tmp_path / 'firewall.log')
        started.append(bouncer)
        wait_for(lambda: net.reaches(66, port), 30, 'the server answers')
        bouncer.wait_until(lambda: 'crowdsec' in net.inside('nft', 'list', 'tables'), 60, 'the bouncer has its table')
        attack = time.time()
        record = traffic.record(1, 0, None, f'{net.net}.66', ts=stamp(attack), **traffic.ATTACKS['sqli'])
        pipeline.broker.produce(pipeline.requests, [record])
        # A server that stands still is reached by nobody: the bouncer's own word counts, too.
        bouncer.wait_until(lambda: f'{net.net}.66' in net.inside('nft', 'list', 'ruleset') and not net.reaches(66, port), 60,
                           'the attacker is dropped')
        took = time.time() - attack
        wait_for(lambda: net.reaches(1, port), 10, 'somebody else, who is not dropped')
        assert took < 15 * PATIENCE, f'{took:.1f} s'
        bouncer.wait_until(lambda: net.reaches(66, port), 90, 'the attacker is let in again')
        assert time.time() - attack >= 60
    finally:
        for one in started:
            one.kill()
        net.close()


# --- by hand, and abuse

def test_people_decide_through_the_admin_api(pipeline):
    weir = pipeline.start(decisions={'never': ['203.0.113.0/24'], 'rules': RULES})
    def ctl(*arguments):
        def answered():
            done = run('decisions', *arguments, '--config', weir.config_path, env=environment())
            return 'could not be stored' not in done.out and done    # within 5 s
        done = wait_for(answered, 30, 'the order is stored', 0.2)
        return done.code, json.loads(done.out) if done.out.startswith('{') else done.out + done.err
    code, answer = ctl('add', '198.51.100.7', '--for', '1h', '--action', 'throttle', '--retry-after', '5s', '--reason', 'asked for')
    assert code == 0 and answer['decision'] == 'decide' and answer['action'] == 'throttle', answer
    wait_for(lambda: pipeline.decided('decisions') and decision_records(pipeline).get('address:198.51.100.7'), 60, 'it is published', 0.3)
    (change, _, value), = decision_records(pipeline)['address:198.51.100.7']
    assert change == 'made' and value['caller'] == 'loopback' and value['reason'] == 'asked for' and not value['simulate']
    assert value['retry_after_s'] == 5 and 'rule' not in value
    assert told_of(weir, '198.51.100.7') == {'in_force': value, 'times': 0, 'last_until': value['until']}
    code, answer = ctl('add', '203.0.113.9', '--for', '1h', '--reason', 'x')
    assert code == 1 and 'never the subject' in answer['error']
    assert ctl('add', '198.51.100.7', '--for', 'ever', '--reason', 'x')[0] == 2
    code, answer = ctl('add', '198.51.100.7', '--for', '400d', '--reason', 'x')
    assert code == 1 and 'duration_s' in answer['error']
    code, answer = ctl('delete', '198.51.100.7', '--reason', 'a mistake')
    assert code == 0 and answer['decision'] == 'lift', answer
    wait_for(lambda: [step[0] for step in decision_records(pipeline)['address:198.51.100.7']] == ['made', 'deleted'], 60, 'it is gone', 0.3)
    assert told_of(weir, '198.51.100.7') is None      # nobody has seen it, and nothing is left of what was decided
    weir.wait_for_log('order: loopback: decide address 198.51.100.7, throttle, until')
    assert weir.metrics().sum('weir_client_orders_total') == 2


def told_of(weir, client):
    """What weir ctl client tells of the client's decisions; None if it knows nothing of the client."""
    def answered():
        done = run('ctl', 'client', client, '--address', f'127.0.0.1:{weir.port}', env=environment())
        return came_in_time(done.out) and done
    done = wait_for(answered, 30, f'an answer about {client}', 0.2)
    return json.loads(done.out)['decisions'] if done.code == 0 else None


def test_ctl_client_tells_of_the_decision_in_force_and_of_those_before(pipeline):
    weir = pipeline.start(decisions={'simulate': False, 'remember_s': 3_600, 'rules': [
        {'name': 'attackers', 'kinds': 'attack', 'action': 'ban', 'duration_s': 60, 'factor': 2}]})
    attacker, bystander = '198.51.100.7', '198.51.100.8'

    def scored(*records):
        before = pipeline.observed()
        pipeline.broker.produce(pipeline.requests, records)
        weir.process.wait_until(lambda: pipeline.observed() == before + len(records) and pipeline.all_scored() and pipeline.decided('decisions'),
                                60, 'all is scored')
    scored(traffic.record(1, 0, None, attacker, **traffic.ATTACKS['sqli']), traffic.record(2, 0, None, bystander))
    (_, _, value), = decision_records(pipeline)[f'address:{attacker}']
    assert value['action'] == 'ban' and told_of(weir, attacker) == {'in_force': value, 'times': 1, 'last_until': value['until']}
    assert told_of(weir, bystander) == {'in_force': None, 'times': 0}
    # After its end, and after the end of the alerts' episode: a second one, twice as long.
    scored(traffic.record(3, 500, None, attacker, **traffic.ATTACKS['sqli']))
    *_, (change, _, value) = decision_records(pipeline)[f'address:{attacker}']
    assert change == 'made' and value['times'] == 2 and value['until'] == stamp(traffic.START + 620)
    assert told_of(weir, attacker) == {'in_force': value, 'times': 2, 'last_until': value['until']}
    weir.kill()
    weir.start()
    assert told_of(weir, attacker) == {'in_force': value, 'times': 2, 'last_until': value['until']}


def test_without_rules_nobody_decides(pipeline):
    weir = pipeline.start()
    done = run('decisions', 'add', '198.51.100.7', '--for', '1h', '--reason', 'x', '--config', weir.config_path, env=environment())
    assert done.code == 1 and 'no decisions.rules' in done.out
    assert pipeline.topics['decisions'] not in pipeline.broker.topics()


def test_a_forged_forwarded_for_bans_nobody_else(pipeline):
    """The header names a victim; the connection comes from no trusted proxy, once, and through one, once."""
    weir = pipeline.start(input={'trusted_proxies': ['192.0.2.80/32'], 'fields': {'forwarded_for': ['/xff']}},
                          decisions={'rules': [{'name': 'attackers', 'kinds': 'attack', 'action': 'ban'}]})
    victim, attacker, proxy = '198.51.100.1', '203.0.113.66', '192.0.2.80'
    forged = traffic.record(1, 0, None, attacker, xff=victim, **traffic.ATTACKS['sqli'])
    # The proxy appends whom it saw; what stands before is the attacker's word.
    through_proxy = traffic.record(2, 1, None, proxy, xff=f'{victim}, {attacker}', **traffic.ATTACKS['xss'])
    of_proxy = traffic.record(3, 2, None, proxy, **traffic.ATTACKS['traversal'])
    pipeline.broker.produce(pipeline.requests, [forged, through_proxy, of_proxy])
    weir.wait_for_metric(OBSERVATIONS, 3)
    wait_for(lambda: pipeline.all_scored() and pipeline.decided('decisions'), 60, 'all is scored', 0.3)
    assert {one['key'] for one in pipeline.alerts()} == {attacker, proxy}
    assert set(decision_records(pipeline)) == {f'address:{attacker}'}
    weir.wait_for_metric('weir_decisions_skipped_total', 1, why='spared')


def test_a_flood_of_attackers_keeps_within_the_budget(pipeline):
    weir = pipeline.start(decisions={'per_minute_max': 60, 'rules': [{'name': 'attackers', 'kinds': 'attack', 'action': 'ban'}]},
                          score={'clients_max': 1_000})
    count = 5_000
    records = [traffic.record(number, number * 0.02, None, traffic.address(number), **traffic.ATTACKS['sqli']) for number in range(count)]
    pipeline.broker.produce(pipeline.requests, records)
    weir.wait_for_metric(OBSERVATIONS, count)
    wait_for(lambda: pipeline.all_scored() and pipeline.decided('decisions'), 90, 'all is scored', 0.5)
    partitions = 8
    published = len(decision_records(pipeline))
    made = weir.wait_for_metric('weir_decisions_total', published, change='made').sum('weir_decisions_total', change='made')
    assert made == published
    # 100 s of event time: a minute's share at once, then 60 a minute, of each partition.
    assert 60 <= made <= partitions * (60 + 60 * 100 / 60 + 1), made
    weir.wait_for_metric('weir_decisions_skipped_total', count // 2 + 1, why='budget')

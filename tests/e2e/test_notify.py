"""weir notify: alerts of a real Kafka reach a webhook that the test plays, whatever either side does."""
import http.server
import json
import signal
import ssl
import subprocess
import threading
import time

import pytest
import yaml
from confluent_kafka import Consumer, KafkaException, TopicPartition

from command import run
from kafka_broker import KafkaBroker
from processes import Process
from waiting import wait_for
from weir_process import REPOSITORY, binary, environment

GOLDEN = REPOSITORY / 'tests' / 'data' / 'alerts.golden.ndjson'
TOKEN = 'T0secret-of-the-url'
# Where somebody is killed, others wait so long for its partitions; who lives and stands still for less keeps them.
SHORT_SESSION_MS = 12_000


class Receiver:
    """A webhook. `answers` are taken first, one a message: a status, (status, headers), or a function that gives one or True for none; then 200."""

    def __init__(self):
        self.posts, self.answers, self.lock = [], [], threading.Lock()
        self.released = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                with receiver.lock:
                    answer = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.posts.append({'at': time.monotonic(), 'path': self.path, 'headers': dict(self.headers), 'body': json.loads(body),
                                           'answer': answer if isinstance(answer, int) else None})
                if callable(answer):
                    answer = answer()
                if answer is True:      # nobody waits for it any more
                    self.close_connection = True
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'ok')

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}/services/{TOKEN}'

    def hang(self):
        self.answers.append(self.released.wait)

    def answer_after_a_look(self):
        """The next answer, 200, is not given before this event."""
        looked = threading.Event()
        self.answers.append(lambda: looked.wait() and 200)
        return looked

    def ids(self, status=None):
        with self.lock:
            return [post['body'].get('id') for post in self.posts if status is None or post['answer'] == status]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


def alert(number, **changes):
    first = json.loads(GOLDEN.read_text().splitlines()[0])
    first['metadata']['uid'] = f'alert-{number}'
    first['unmapped']['weir'] |= {'kind': 'attack', 'phase': 'opened', 'categories': ['sqli'], **changes.pop('own', {})}
    return {**first, 'severity_id': 4, 'severity': 'High', **changes}


class Notifying:
    """A topic with alerts, and weir notify on it."""

    def __init__(self, broker, receiver, folder, name, partitions=1, session_timeout_ms=45_000, **notify):
        self.broker, self.topic, self.group, self.folder = broker, f'notify.{name}', f'notify.{name}.group', folder
        self.partitions = partitions
        broker.create_topic(self.topic, partitions)
        (folder / 'hook').write_text(receiver.url + '\n')
        self.config = folder / 'weir.yaml'
        self.config.write_text(yaml.safe_dump({
            'kafka': {'bootstrap_servers': broker.bootstrap, 'session_timeout_ms': session_timeout_ms, 'topics': {'alerts': self.topic}},
            'notify': {'url_file': 'hook', 'group_id': self.group, 'start': 'oldest', 'messages_per_minute': 6000, 'timeout_ms': 60_000,
                       **notify}}))
        self.process = None
        self.asking = Consumer({'bootstrap.servers': broker.bootstrap, 'group.id': self.group})     # is no member of it

    def produce(self, *alerts):
        self.broker.produce(self.topic, [json.dumps(one).encode() for one in alerts])

    def start(self):
        self.process = Process([binary(), 'notify', '--config', self.config], self.folder / 'notify.log', environment())
        return self

    def once(self):
        return run('notify', '--once', '--config', str(self.config))

    def committed(self):
        def asked():
            try:
                partitions = [TopicPartition(self.topic, number) for number in range(self.partitions)]
                return [sum(max(0, one.offset) for one in self.asking.committed(partitions, timeout=60))]
            except KafkaException:          # a broker that has just started is loading its groups
                return None
        return wait_for(asked, 30, 'what is committed')[0]

    def log(self):
        return (self.folder / 'notify.log').read_text()

    def wait(self, condition, timeout=30):
        wait_for(condition, timeout, lambda: self.process.log_tail())

    def stop(self):
        code = self.process.stop()
        assert TOKEN not in self.log()
        return code


@pytest.fixture
def notifying(broker, receiver, tmp_path, request):
    made = []

    def make(**notify):
        made.append(Notifying(broker, receiver, tmp_path, request.node.name.replace('[', '.').rstrip(']'), **notify))
        return made[-1]
    yield make
    for one in made:
        one.asking.close()
        if one.process:
            one.process.kill()


def test_what_is_due_is_delivered_and_nothing_else(notifying, receiver):
    one = notifying(severity='high', kinds=['attack', 'burst'], categories=['sqli'])
    nasty = 'attack: "quoted" \\ ä\nnext </script> {{id}}'
    burst = alert(6, own={'kind': 'burst', 'categories': []})
    one.produce(alert(1, message=nasty), alert(2, severity_id=3), alert(3, own={'phase': 'updated'}), alert(4, own={'kind': 'abuse'}),
                alert(5, own={'categories': ['xss']}), burst, alert(1), {'no': 'alert'})
    one.start()
    one.wait(lambda: one.committed() == 8)
    assert receiver.ids() == ['alert-1', 'alert-6']
    first = receiver.posts[0]
    assert first['body']['message'] == nasty and first['body']['severity_id'] == 4
    assert first['path'].endswith(TOKEN)
    assert first['headers']['Content-Type'] == 'application/json' and first['headers']['Idempotency-Key'] == 'alert-1'
    assert one.stop() == 0
    assert '8 alerts read, 5 passed over, 1 repeats, 2 sent' in one.log()


def test_errors_and_hangs_are_retried_and_nothing_is_committed_before(notifying, receiver):
    # So long that only the hang is one.
    one = notifying(retry_max_ms=1000, timeout_ms=10_000)
    receiver.answers = [500, (503, {'Retry-After': '2'})]
    receiver.hang()
    seen = receiver.answer_after_a_look()
    one.produce(alert(1), alert(2))
    one.start()
    one.wait(lambda: len(receiver.posts) >= 3)
    assert one.committed() == 0
    seen.set()
    one.wait(lambda: one.committed() == 2, 60)
    assert receiver.ids() == ['alert-1'] * 4 + ['alert-2']
    pauses = [b['at'] - a['at'] for a, b in zip(receiver.posts, receiver.posts[1:])]
    assert pauses[0] >= 0.9 and pauses[1] >= 1.9, pauses
    one.stop()
    assert 'answered 503 and asks to wait 2 s' in one.log() and 'answered 500' in one.log()


def test_a_message_that_the_receiver_does_not_take_holds_up_no_other(notifying, receiver):
    one = notifying()
    receiver.answers = [200, 400, 200]
    one.produce(alert(1), alert(2), alert(3))
    one.start()
    one.wait(lambda: one.committed() == 3)
    assert receiver.ids() == ['alert-1', 'alert-2', 'alert-3']
    one.stop()
    assert 'message alert-2 is left out: the receiver answered 400' in one.log()


def test_a_wrong_token_loses_nothing(notifying, receiver):
    one = notifying(retry_max_ms=1000)
    receiver.answers = [403, 404]
    one.produce(alert(1))
    one.start()
    one.wait(lambda: one.committed() == 1)
    assert receiver.ids() == ['alert-1'] * 3
    one.stop()
    assert 'are notify.url and notify.authorization right?' in one.log()


def test_killed_in_the_middle_it_loses_none_and_repeats_only_what_was_not_confirmed(notifying, receiver):
    one = notifying(session_timeout_ms=SHORT_SESSION_MS)
    delivered = 0
    for life in range(3):
        receiver.answers = [200, 200]
        receiver.hang()
        first = life * 4
        one.produce(*(alert(number) for number in range(first, first + 4)))
        posts = len(receiver.posts)
        one.start()
        one.wait(lambda: len(receiver.posts) >= posts + 3)
        one.process.kill()
        delivered += 2
        assert one.committed() == delivered
    receiver.answers = []
    one.start()
    one.wait(lambda: one.committed() == 12)
    ids = receiver.ids()
    assert set(ids) == {f'alert-{number}' for number in range(12)}
    repeated = [name for name in set(ids) if ids.count(name) > 1]
    assert len(repeated) == 3 and len(ids) == 15, ids       # one of each life: under way, not confirmed
    assert one.stop() == 0


def test_two_share_the_work_and_one_takes_over(notifying, receiver, tmp_path):
    one = notifying(partitions=4, session_timeout_ms=SHORT_SESSION_MS)
    one.start()
    other = Process([binary(), 'notify', '--config', one.config], tmp_path / 'other.log', environment())
    try:
        one.wait(lambda: sorted(one.broker.group_members(one.group).values()) == [2, 2])
        one.produce(*(alert(number) for number in range(40)))
        one.wait(lambda: one.committed() == 40)
        other.kill()
        one.produce(*(alert(number) for number in range(40, 80)))
        one.wait(lambda: one.committed() == 80)
    finally:
        other.kill()
    assert sorted(receiver.ids()) == sorted(f'alert-{number}' for number in range(80))
    assert one.stop() == 0


def test_beyond_the_rate_one_message_tells_of_the_rest(notifying, receiver):
    one = notifying(messages_per_minute=3)
    one.produce(*(alert(number, severity_id=4 if number % 2 else 5) for number in range(100)))
    one.start()
    one.wait(lambda: one.committed() == 100)
    assert receiver.ids()[:2] == ['alert-0', 'alert-1']
    assert 3 <= len(receiver.posts) <= 4, len(receiver.posts)
    rest = [post['body'] for post in receiver.posts[2:]]
    assert sum(body.get('more', 1) for body in rest) == 98
    assert rest[0]['severities'].endswith(' high') and ' critical, ' in rest[0]['severities']
    one.stop()


def test_the_form_for_slack(notifying, receiver):
    one = notifying(preset='slack')
    one.produce(alert(1, message='<!channel> & "q"'))
    one.start()
    one.wait(lambda: one.committed() == 1)
    body = receiver.posts[0]['body']
    assert '&lt;!channel&gt; &amp; "q"' in body['text'] and '<' not in body['text'] and body['mrkdwn'] is False
    one.stop()


def test_an_id_makes_no_header_of_its_own(notifying, receiver):
    one = notifying()
    one.produce(alert('1\r\nX-Injected: yes'))
    one.start()
    one.wait(lambda: one.committed() == 1)
    assert 'X-Injected' not in receiver.posts[0]['headers'] and 'Idempotency-Key' not in receiver.posts[0]['headers']
    one.stop()


def test_a_form_of_ones_own_with_a_header(notifying, receiver):
    one = notifying(body='{"summary": "{{title}}", "n": ["{{count}}"], "all": "{{alert}}"}', summary_body='{"n": "{{more}}"}',
                    authorization='Bearer of-the-receiver')
    sent = alert(1)
    one.produce(sent)
    one.start()
    one.wait(lambda: one.committed() == 1)
    post = receiver.posts[0]
    assert post['body'] == {'summary': sent['finding_info']['title'], 'n': [sent['count']], 'all': sent}
    assert post['headers']['Authorization'] == 'Bearer of-the-receiver'
    one.stop()
    assert 'of-the-receiver' not in one.log()


def test_a_new_group_begins_with_what_comes_and_then_misses_nothing(notifying, receiver):
    one = notifying(start='newest', session_timeout_ms=SHORT_SESSION_MS)
    one.produce(alert(1))
    one.start()
    one.wait(lambda: 'reading alerts' in one.log())
    one.process.kill()                                 # before anything came
    one.produce(alert(2))
    one.start()
    one.wait(lambda: receiver.ids() == ['alert-2'])
    one.stop()


def test_a_stop_ends_though_the_broker_goes_away_in_the_middle(receiver, tmp_path):
    broker = KafkaBroker(tmp_path / 'broker').start()
    try:
        one = Notifying(broker, receiver, tmp_path, 'gone')
        receiver.answers = [500] * 100
        one.produce(alert(1))
        one.start()
        one.wait(lambda: receiver.posts)
        one.asking.close()
        one.process.signal(signal.SIGTERM)
    finally:
        broker.kill()
    one.wait(lambda: not one.process.running())      # a second signal would kill it
    assert one.stop() == 0


def test_once_ends_when_all_is_delivered_and_fails_when_it_cannot_be(notifying, receiver):
    one = notifying(retry_max_ms=1000)
    one.produce(alert(1), alert(2))
    ran = one.once()
    assert ran.code == 0 and receiver.ids() == ['alert-1', 'alert-2'], ran
    assert one.once().code == 0 and len(receiver.posts) == 2
    one.produce(alert(3))
    receiver.answers = [500] * 5
    ran = one.once()
    assert ran.code == 1 and 'not delivered after 5 tries' in ran.err and TOKEN not in ran.err, ran
    assert one.once().code == 0 and receiver.ids(200)[-1] == 'alert-3'


def test_a_certificate_that_nobody_vouches_for_is_refused(notifying, receiver, tmp_path):
    key, certificate = tmp_path / 'key.pem', tmp_path / 'certificate.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj',
                    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    port = receiver.server.server_address[1]
    receiver.url = f'https://localhost:{port}/{TOKEN}'
    one = notifying(retry_max_ms=1000)
    one.produce(alert(1))
    ran = one.once()
    assert ran.code == 1 and 'certificate' in ran.err and not receiver.posts, ran
    trusting = yaml.safe_load(one.config.read_text())
    trusting['notify']['ca_file'] = str(certificate)
    one.config.write_text(yaml.safe_dump(trusting))
    assert one.once().code == 0 and receiver.ids() == ['alert-1']
    (tmp_path / 'hook').write_text(f'https://127.0.0.1:{port}/{TOKEN}')       # not the certificate's name
    one.produce(alert(2))
    ran = one.once()
    assert ran.code == 1 and len(receiver.posts) == 1, ran


def test_a_dry_run_prints_the_messages_and_sends_none(notifying, receiver, tmp_path):
    one = notifying(severity='high')
    one.produce(alert(1), alert(2, severity_id=2))
    ran = run('notify', '--dry-run', '--config', str(one.config))
    assert [line['id'] for line in ran.json_lines()] == ['alert-1'], ran
    file = tmp_path / 'alerts.ndjson'
    file.write_text(json.dumps(alert(3)) + '\n')
    for argument, stdin in ((str(file), b''), ('-', file.read_bytes())):
        ran = run('notify', '--dry-run', '--config', str(one.config), argument, stdin=stdin)
        assert [line['id'] for line in ran.json_lines()] == ['alert-3'], ran
    assert not receiver.posts and one.committed() == 0


@pytest.mark.parametrize('notify, words', [
    ({}, 'notify.url is not set'),
    ({'url': 'ftp://example.com/' + TOKEN}, 'notify.url does not begin with https:// or http://'),
    ({'url': 'https://example.com/' + TOKEN, 'body': '{"a": "{{titel}}"}', 'summary_body': '{}'}, 'there is no placeholder {{titel}}'),
    ({'url': 'https://example.com/' + TOKEN, 'body': 'text', 'summary_body': '{}'}, 'no JSON object'),
    ({'url': 'https://example.com/' + TOKEN, 'body': '{}'}, 'notify.body is set, but not the other one'),
    ({'url': 'https://example.com/' + TOKEN, 'kinds': ['atack']}, 'atack'),
    ({'url': 'https://example.com/' + TOKEN, 'phases': []}, 'phases is empty'),
    ({'url': 'https://example.com/' + TOKEN, 'authorization': 'a\nX-B: c'}, 'notify.authorization has a line break'),
])
def test_a_configuration_that_cannot_be_right_is_refused(tmp_path, notify, words):
    config = tmp_path / 'weir.yaml'
    config.write_text(yaml.safe_dump({'notify': notify}))
    ran = run('notify', '--config', str(config))
    assert ran.code == 2 and words in ran.err and TOKEN not in ran.err + ran.out, ran

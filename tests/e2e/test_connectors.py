"""The example of docs/alerts.md: syslog-ng takes alerts out of a real Kafka and brings them to a webhook, to Alertmanager, to OpenSearch and
to a syslog server, each played by the test."""
import http.server
import json
import re
import socketserver
import threading

import pytest

from processes import Process
from shippers import library_path, unpacked
from waiting import wait_for
from weir_process import REPOSITORY

EXAMPLE = REPOSITORY / 'examples' / 'connectors' / 'syslog-ng.conf'
GOLDEN = REPOSITORY / 'tests' / 'data' / 'alerts.golden.ndjson'


class Receiver:
    """An HTTP and a syslog server that keep what they are sent."""

    def __init__(self):
        received = self.received = []
        lines = self.lines = []

        class Http(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append((self.path, self.headers['Content-Type'], self.rfile.read(int(self.headers['Content-Length']))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{}')

            def log_message(self, *_):
                pass

        class Syslog(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    lines.append(line.decode())

        self.servers = [http.server.ThreadingHTTPServer(('127.0.0.1', 0), Http), socketserver.ThreadingTCPServer(('127.0.0.1', 0), Syslog)]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.http, self.syslog = (server.server_address[1] for server in self.servers)

    def bodies(self, path):
        return [body for its, _, body in self.received if its == path]

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


def alert(number, **changes):
    first = json.loads(GOLDEN.read_text().splitlines()[0])
    first['metadata']['uid'] = f'0f4f0d1c-9d3c-8a5e-b1f1-{number:012}'
    return {**first, 'activity_id': 1, 'severity_id': 4, 'severity': 'High', **changes}


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


def syslog_ng(folder, broker, topic, receiver):
    files = unpacked('syslog-ng-http')
    (folder / 'buffers').mkdir(parents=True, exist_ok=True)
    config = EXAMPLE.read_text()
    base = f'http://127.0.0.1:{receiver.http}'
    values = {'brokers': broker.bootstrap, 'topic': topic, 'webhook': f'{base}/hook', 'alertmanager': base, 'opensearch': base,
              'syslog_port': receiver.syslog, 'buffers': folder / 'buffers'}
    for name, value in values.items():
        config, count = re.subn(rf'@define {name} ".*"', f'@define {name} "{value}"', config)
        assert count == 1, name
    config = config.replace('-G weir-syslog-ng', f'-G {topic}.notify')
    (folder / 'syslog-ng.conf').write_text(config)
    modules = next(files.rglob('syslog-ng/*/libhttp.so')).parent
    # What it starts must not see its libraries.
    wrapper = folder / 'kcat'
    wrapper.write_text('#!/bin/sh\nunset LD_LIBRARY_PATH\nexec /usr/bin/kcat "$@"\n')
    wrapper.chmod(0o755)
    (folder / 'syslog-ng.conf').write_text(config.replace('exec kcat', f'exec {wrapper}'))
    return Process([next(files.rglob('sbin/syslog-ng')), '-F', '--no-caps', '-f', folder / 'syslog-ng.conf', '--module-path', modules,
                    '--persist-file', folder / 'persist', '--pidfile', folder / 'pid', '--control', folder / 'ctl'],
                   folder / 'out.log', env={'LD_LIBRARY_PATH': library_path(files)})


def test_alerts_reach_webhook_alertmanager_opensearch_and_syslog(broker, receiver, tmp_path):
    topic = 'connectors.alerts'
    broker.create_topic(topic)
    quoted = 'attack: "quoted" \\ and ä\nnext line'
    alerts = [alert(1, message=quoted), alert(2, activity_id=2), alert(3, severity_id=2, severity='Low'), alert(4)]
    broker.produce(topic, [json.dumps(one).encode() for one in alerts])
    process = syslog_ng(tmp_path, broker, topic, receiver)
    try:
        wait_for(lambda: len(receiver.bodies('/_bulk')) >= 4 and len(receiver.bodies('/hook')) >= 2 and
                 len(receiver.bodies('/api/v2/alerts')) >= 2 and len(receiver.lines) >= 2, 60, lambda: (receiver.received, process.log_tail()))
    finally:
        process.stop()

    indexed = {}
    for body in receiver.bodies('/_bulk'):
        action, document = body.decode().strip().split('\n')
        indexed[json.loads(action)['index']['_id']] = json.loads(document)
    assert indexed == {one['metadata']['uid']: one for one in alerts}
    told = [json.loads(body)['text'] for body in receiver.bodies('/hook')]
    assert told[0].startswith('High: ' + quoted) and len(told) == 2
    posted = [one for body in receiver.bodies('/api/v2/alerts') for one in json.loads(body)]
    assert {one['annotations']['description'] for one in posted} == {quoted, alerts[3]['message']}
    assert all(one['labels']['alertname'] == 'weir_attack' and re.fullmatch(r'[a-z_]+', name) for one in posted for name in one['labels'])
    assert any(alerts[3]['metadata']['uid'] in line for line in receiver.lines)


def test_after_a_restart_it_goes_on_where_it_was(broker, receiver, tmp_path):
    topic = 'connectors.restart'
    broker.create_topic(topic)
    for number in (1, 2):
        broker.produce(topic, [json.dumps(alert(number)).encode()])
        process = syslog_ng(tmp_path, broker, topic, receiver)
        try:
            wait_for(lambda: any(alert(number)['metadata']['uid'].encode() in body for body in receiver.bodies('/hook')), 60,
                     lambda: (receiver.received, process.log_tail()))
            wait_for(lambda: broker.group_offsets(f'{topic}.notify').get((topic, 0)) == number, 30, 'the offset is stored')
        finally:
            process.stop()
        wait_for(lambda: not broker.group_members(f'{topic}.notify'), 60, 'its kcat has left the group')
    assert len(receiver.bodies('/hook')) == 2

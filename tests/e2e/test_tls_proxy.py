"""TLS before the HTTP port, by the nginx configuration that docs/admin-api.md shows."""
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
from pathlib import Path

import pytest

from conftest import Pipeline
from processes import Process, free_ports
from waiting import wait_for
from weir_process import REPOSITORY, binary

NGINX = shutil.which('nginx', path='/usr/sbin:/usr/bin')
pytestmark = pytest.mark.skipif(not NGINX and os.environ.get('CI') != 'true', reason='there is no nginx')


def certificate(folder, common_name):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                    '-subj', f'/CN={common_name}', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', folder / 'weir.key',
                    '-out', folder / 'weir.crt'], check=True, capture_output=True)


def configuration(folder, port, upstream):
    """The block of the document, with the places of this test."""
    block, = re.findall(r'```nginx\n(.*?)```', (REPOSITORY / 'docs/admin-api.md').read_text(encoding='utf-8'), re.S)
    for of_document, here in (('listen 9465 ssl', f'listen 127.0.0.1:{port} ssl'), ('/etc/weir/tls', str(folder)), ('127.0.0.1:9464', f'127.0.0.1:{upstream}')):
        assert of_document in block
        block = block.replace(of_document, here)
    own = '\n'.join(f'{kind}_temp_path {folder}/{kind};' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    return f'daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n{own}\n{block}\n}}\n'


class Proxy:
    def __init__(self, folder, upstream):
        self.folder, (self.port,) = folder, free_ports(1)
        certificate(folder, 'first')
        (folder / 'nginx.conf').write_text(configuration(folder, self.port, upstream))
        self.process = Process([NGINX, '-p', folder, '-c', folder / 'nginx.conf', '-e', 'stderr'], folder / 'nginx.log')
        self.process.wait_until(self.subject, 30, 'nginx was up')

    def workers(self):
        """The process ids of the workers, also of those of before a reload that have not ended yet."""
        return set(Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split())

    def subject(self):
        """The common name of the certificate that a caller is shown now."""
        try:
            shown = ssl.get_server_certificate(('127.0.0.1', self.port), timeout=5)
        except OSError:
            return None
        done = subprocess.run(['openssl', 'x509', '-noout', '-subject'], input=shown, capture_output=True, text=True, check=True)
        return done.stdout.split('=')[-1].strip()

    def call(self, method, path, headers=None, body=None):
        context = ssl.create_default_context(cafile=self.folder / 'weir.crt')
        connection = http.client.HTTPSConnection('localhost', self.port, timeout=60, context=context)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope='module')
def behind(broker, tmp_path_factory):
    """(weir with a key, the key, the proxy before it)"""
    folder = tmp_path_factory.mktemp('tls')
    key = subprocess.run([binary(), 'apikey', 'generate'], capture_output=True, text=True, check=True).stdout.strip()
    hashed = subprocess.run([binary(), 'apikey', 'hash'], input=key, capture_output=True, text=True, check=True).stdout
    (folder / 'keys').write_text(f'ops {hashed}')
    pipeline = Pipeline(broker, folder / 'weir')
    weir = pipeline.start(http={'api_keys_file': str(folder / 'keys'), 'requests_per_minute': 10_000})
    (folder / 'proxy').mkdir()
    proxy = Proxy(folder / 'proxy', weir.port)
    yield weir, key, proxy
    proxy.process.kill()
    pipeline.close()


def test_a_caller_with_a_key_is_served_over_tls_and_told_to_stay_with_it(behind):
    _, key, proxy = behind
    status, headers, body = proxy.call('GET', '/-/status', {'X-API-Key': key})
    assert status == 200 and json.loads(body)['ready'] is True
    assert headers['strict-transport-security'] == 'max-age=31536000' and headers['x-content-type-options'] == 'nosniff'
    status, headers, _ = proxy.call('GET', '/-/status')
    assert status == 401 and 'strict-transport-security' in headers
    record = json.dumps({'ts': '2025-01-15T00:00:00Z', 'ip': '192.0.2.7', 'method': 'GET', 'path': '/a', 'query': 'x=1'})
    assert proxy.call('POST', '/api/v1/analyze', {'X-API-Key': key, 'Content-Type': 'application/json'}, record)[0] == 200
    assert proxy.call('GET', '/api/v1/clients/2001:db8::%2F64', {'X-API-Key': key})[0] == 404


def test_weir_itself_never_sends_what_plain_http_must_not(behind):
    weir, _, _ = behind
    assert 'Strict-Transport-Security' not in weir.get('/metrics')[1]


def test_a_renewed_certificate_is_shown_while_weir_goes_on(behind):
    weir, key, proxy = behind
    pid = weir.process.pid
    assert proxy.subject() == 'first'
    before = proxy.workers()
    certificate(proxy.folder, 'second')
    proxy.process.signal(signal.SIGHUP)     # what systemctl reload does
    # A worker of before accepts connections, with the old certificate, until it has seen that it is to end.
    wait_for(lambda: before and not before & proxy.workers(), 30, 'the workers of before the reload had ended')
    assert proxy.subject() == 'second'
    assert proxy.call('GET', '/-/status', {'X-API-Key': key})[0] == 200 and weir.process.pid == pid and weir.process.running()

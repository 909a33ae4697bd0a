"""The admin API of a running weir: what it answers, and each layer before it."""
import http.client
import json
import shutil
import socket
import subprocess

import pytest

import traffic
from conftest import Pipeline
from test_cli import GOOD_RULE
from waiting import wait_for
from weir_process import REPOSITORY, binary

JSON = {'Content-Type': 'application/json'}
SQLI = traffic.record(1, 1, 'attacker-1', '81.64.0.1', **traffic.ATTACKS['sqli'])


class Api:
    """Calls to one weir's HTTP port."""

    def __init__(self, weir):
        self.weir = weir
        self.host = f'127.0.0.1:{weir.port}'

    def call(self, method, path, body=None, headers=None):
        """(status, headers, body) over a connection of its own; asked again if the machine stood still for the 5 s that a request may take."""
        return wait_for(lambda: self._answer(method, path, body, headers), 30, f'an answer to {method} {path}')

    def _answer(self, method, path, body, headers):
        connection = http.client.HTTPConnection('127.0.0.1', self.weir.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
            return None if answer.status == 408 else found
        except ConnectionError:      # too late with a long body
            return None
        finally:
            connection.close()

    def raw(self, text):
        """The first line of the answer to bytes that no client would send."""
        with socket.create_connection(('127.0.0.1', self.weir.port), timeout=60) as connection:
            connection.sendall(text)
            answer = b''
            while b'\r\n' not in answer:
                part = connection.recv(4096)
                if not part:
                    break
                answer += part
            return answer.split(b'\r\n')[0].decode()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('admin')


@pytest.fixture(scope='module')
def rules(folder):
    directory = folder / 'rules'
    shutil.copytree(REPOSITORY / 'rules' / 'sqli', directory / 'sqli')
    return directory


def started(broker, folder, rules, **http):
    one = Pipeline(broker, folder)
    weir = one.start(rules={'directories': [str(rules)], 'watch': False}, log={'level': 'debug'}, http=http)
    return one, weir


@pytest.fixture(scope='module')
def api(broker, folder, rules):
    """A weir without API keys."""
    pipeline, weir = started(broker, folder / 'open', rules, requests_per_minute=100_000)
    yield Api(weir)
    pipeline.close()


@pytest.fixture(scope='module')
def key():
    return subprocess.run([binary(), 'apikey', 'generate'], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope='module')
def guarded(broker, folder, rules, key):
    """A weir with an API key, and the default limit of requests."""
    hashed = subprocess.run([binary(), 'apikey', 'hash'], input=key, capture_output=True, text=True, check=True).stdout
    keys = folder / 'keys'
    keys.write_text(f'# callers\nops {hashed}')
    pipeline, weir = started(broker, folder / 'guarded', rules, api_keys_file=str(keys), requests_per_minute=100_000)
    yield Api(weir)
    pipeline.close()


# --- what it answers

def test_status_tells_version_rules_lanes_and_lag(api):
    # A lane is not ready for a moment when another one joins its group.
    wait_for(lambda: json.loads(api.call('GET', '/-/status')[2])['ready'], 30, 'all lanes have joined')
    status, headers, body = api.call('GET', '/-/status')
    assert status == 200 and headers['content-type'] == 'application/json'
    told = json.loads(body)
    version = subprocess.run([binary(), '--version'], capture_output=True, text=True, check=True).stdout.split()[1]
    assert told['version'] == version and told['ready'] is True and told['uptime_seconds'] >= 0
    assert told['rules']['count'] > 5 and len(told['rules']['rule_set']) == 32
    assert {lane['name'] for lane in told['lanes']} == {'detect-0', 'detect-1', 'score-0'}
    assert told['lag'] == sum(lane['lag'] for lane in told['lanes'])


def test_a_reload_answers_with_the_new_rules_when_they_are_in_force(api, rules):
    before = json.loads(api.call('GET', '/-/status')[2])['rules']
    (rules / 'more.yml').write_text(GOOD_RULE)
    try:
        status, _, body = api.call('POST', '/-/reload')
        told = json.loads(body)
        assert status == 200 and told['reloaded'] is True
        assert told['rules'] == before['count'] + 1 and told['rule_set'] != before['rule_set']
        assert json.loads(api.call('GET', '/-/status')[2])['rules']['rule_set'] == told['rule_set']
        assert f'fingerprint="{told["rule_set"]}"' in api.call('GET', '/metrics')[2]
    finally:
        (rules / 'more.yml').unlink()
    again = json.loads(api.call('POST', '/-/reload')[2])
    assert again['rule_set'] == before['rule_set'] and again['rules'] == before['count']


def test_a_broken_rule_is_422_with_file_line_and_reason_and_the_old_set_stays(api, rules):
    before = json.loads(api.call('GET', '/-/status')[2])['rules']
    lines = GOOD_RULE.replace('condition: selection', 'condition: nowhere')
    wrong_line = next(i for i, line in enumerate(lines.splitlines(), 1) if 'nowhere' in line)
    (rules / 'broken.yml').write_text(lines)
    try:
        status, _, body = api.call('POST', '/-/reload')
        told = json.loads(body)
        assert status == 422 and told['reloaded'] is False
        finding, = [one for one in told['diagnostics'] if one['severity'] == 'error']
        assert finding['file'] == str(rules / 'broken.yml') and finding['line'] == wrong_line and 'nowhere' in finding['message']
        assert told['rule_set'] == before['rule_set']
        api.weir.wait_for_log(f'broken.yml:{wrong_line}')
        assert api.weir.metrics().sum('weir_rules_last_reload_successful') == 0
        last = json.loads(api.call('GET', '/-/status')[2])['rules']['last_reload']
        assert last['successful'] is False and last['error']
    finally:
        (rules / 'broken.yml').unlink()
    assert api.call('POST', '/-/reload')[0] == 200
    assert api.weir.metrics().sum('weir_rules_last_reload_successful') == 1


def test_analyze_tells_what_explain_tells(api):
    status, _, body = api.call('POST', '/api/v1/analyze', SQLI, JSON)
    told = json.loads(body)
    assert status == 200 and told['malicious'] is True
    assert told['score']['request'] >= told['score']['threshold']
    assert told['score']['categories']['sqli'] > 0
    line = next(one for one in told['lines'] if 'UNION SELECT' in one['text'])
    assert 'percent' in ' '.join(line['steps'])
    hit = next(one for one in told['hits'] if one['category'] == 'sqli' and 'match' in one)
    begin, end = hit['match']
    assert 0 <= begin < end and hit['weight'] > 0
    assert told['rule_set'] == json.loads(api.call('GET', '/-/status')[2])['rules']['rule_set']


def test_analyze_counts_nothing_and_masks_secrets(api):
    before = api.weir.metrics().sum('weir_records_total')
    record = traffic.record(2, 2, 'customer-2', '81.64.0.2', query='password=hunter2hunter2&id=1%27%20OR%201=1--')
    body = api.call('POST', '/api/v1/analyze', record, JSON)[2]
    assert json.loads(body)['malicious'] is True and 'hunter2' not in body
    assert api.weir.metrics().sum('weir_records_total') == before


@pytest.mark.parametrize('name', sorted(set(traffic.bad_records()) - {'empty'}))     # no body at all is another error
def test_a_record_that_cannot_be_read_is_422_with_the_reason(api, name):
    record, reasons = traffic.bad_records()[name]
    status, _, body = api.call('POST', '/api/v1/analyze', record, JSON)
    assert status == 422 and json.loads(body)['reason'].split(':')[0] in reasons


def test_odd_records_are_judged(api):
    for name, record in traffic.tolerated_records().items():
        status, _, body = api.call('POST', '/api/v1/analyze', record, JSON)
        assert status == 200 and json.loads(body)['malicious'], name


# --- the layers

def test_every_answer_has_the_security_headers_and_none_names_the_software(api):
    answers = [api.call('GET', '/-/status'), api.call('POST', '/-/reload'), api.call('GET', '/nowhere'),
               api.call('POST', '/api/v1/analyze', b'{}', JSON), api.call('GET', '/api/v1/analyze')]
    for _, headers, _ in answers:
        assert headers['x-content-type-options'] == 'nosniff' and headers['x-frame-options'] == 'DENY'
        assert "default-src 'none'" in headers['content-security-policy'] and headers['cache-control'] == 'no-store'
        assert headers['referrer-policy'] == 'no-referrer' and 'permissions-policy' in headers
        assert 'server' not in headers and 'access-control-allow-origin' not in headers


@pytest.mark.parametrize('method, path, status', [
    ('GET', '/-/reload', 405), ('PUT', '/-/reload', 405), ('POST', '/-/status', 405), ('DELETE', '/-/status', 405),
    ('GET', '/api/v1/analyze', 405), ('POST', '/api/v1/nothing', 404), ('POST', '/-/reload/', 404), ('POST', '/-/%72eload', 404),
    ('GET', '/-/status?x=1', 400), ('POST', '/-/reload?force=%3Cscript%3E', 400), ('POST', "/-/reload?id=1'--", 400),
])
def test_wrong_methods_paths_and_parameters_are_refused(api, method, path, status):
    assert api.call(method, path)[0] == status


def test_a_long_url_is_414_and_a_large_body_413(api):
    assert api.call('GET', '/-/status?' + 'a' * 2048)[0] == 414
    head = f'POST /api/v1/analyze HTTP/1.1\r\nHost: {api.host}\r\nContent-Type: application/json\r\nContent-Length: '
    assert api.raw((head + '10485761\r\n\r\n').encode()).startswith('HTTP/1.1 413 ')
    for length in ('-1', '1e3', '99999999999999999999999', '5\r\nContent-Length: 6'):
        assert api.raw((head + length + '\r\n\r\n{}').encode()).split()[1] in ('400', '413'), length
    assert api.raw(head.replace('Content-Length: ', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n').encode()).startswith('HTTP/1.1 413 ')


def test_a_body_of_nearly_10_mb_is_taken(api):
    """Larger than a record may be, so it is read, parsed and refused as a record."""
    status, _, body = api.call('POST', '/api/v1/analyze', traffic.huge_record(10 * 1024 * 1024 - 1000), JSON)
    assert status == 422 and json.loads(body)['reason'].startswith('too_large')


@pytest.mark.parametrize('headers', [
    {}, {'Content-Type': 'text/plain'}, {'Content-Type': 'application/x-www-form-urlencoded'}, {'Content-Type': 'multipart/form-data; boundary=x'},
    {'Content-Type': 'application/jsonx'}, {'Content-Type': 'application/json', 'Content-Encoding': 'gzip'},
], ids=lambda headers: '+'.join(headers.values()) or 'none')
def test_other_content_types_are_415(api, headers):
    assert api.call('POST', '/api/v1/analyze', SQLI, headers)[0] == 415


def test_a_body_without_a_length_is_411_and_one_for_reload_413(api):
    head = f'POST /api/v1/analyze HTTP/1.1\r\nHost: {api.host}\r\nContent-Type: application/json\r\n\r\n'
    assert api.raw(head.encode()).startswith('HTTP/1.1 411 ')
    assert api.call('POST', '/-/reload', b'{}', JSON)[0] == 413


def test_a_body_that_never_comes_is_cut_off_and_the_others_are_served(api):
    head = f'POST /api/v1/analyze HTTP/1.1\r\nHost: {api.host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'
    with socket.create_connection(('127.0.0.1', api.weir.port), timeout=60) as slow:
        slow.sendall(head.encode() + b'{')
        assert api.call('GET', '/-/status')[0] == 200
        assert slow.recv(4096).startswith(b'HTTP/1.1 4')


def test_a_page_of_another_site_can_change_nothing(api):
    for headers in ({'Origin': 'http://attacker.example'}, {'Origin': 'null'}, {'Sec-Fetch-Site': 'cross-site'},
                    {'Cookie': 'a=b'}, {'Origin': f'http://{api.host}'}, {'Sec-Fetch-Site': 'same-origin'}):
        assert api.call('POST', '/-/reload', headers=headers)[0] == 403, headers
        assert api.call('POST', '/api/v1/analyze', SQLI, {**JSON, **headers})[0] == 403, headers
    status, headers, _ = api.call('GET', '/-/status', headers={'Origin': 'http://attacker.example'})
    assert status == 403 and 'x-weir-csrf-token' not in headers


def test_a_page_of_this_origin_may_with_its_token(api):
    token = api.call('GET', '/-/status')[1]['x-weir-csrf-token']
    headers = {'Origin': f'http://{api.host}', 'Sec-Fetch-Site': 'same-origin', 'X-Weir-CSRF-Token': token}
    assert api.call('POST', '/-/reload', headers=headers)[0] == 200
    assert api.call('POST', '/-/reload', headers={**headers, 'X-Weir-CSRF-Token': token[:-1] + '!'})[0] == 403


def test_a_name_pointed_at_loopback_is_refused(api):
    assert api.call('GET', '/-/status', headers={'Host': 'attacker.example'})[0] == 403
    assert api.call('GET', '/metrics', headers={'Host': 'attacker.example'})[0] == 200


def test_without_the_key_nothing_but_metrics_and_probes_is_answered(guarded, key):
    log_before = len(guarded.weir.log())
    for path in ('/metrics', '/-/healthy', '/-/ready'):
        assert guarded.call('GET', path)[0] == 200
    for headers in ({}, {'X-API-Key': key[:-1]}, {'Authorization': 'Basic ' + key}, {'Authorization': 'Bearer wk_' + 'A' * 43}):
        status, answered, body = guarded.call('POST', '/-/reload', headers=headers)
        assert status == 401 and body == 'unauthorized\n' and answered['www-authenticate'] == 'Bearer'
    guarded.weir.wait_for_log('an unknown API key', after=log_before)
    guarded.weir.wait_for_log('no API key', after=log_before)
    assert key[3:] not in guarded.weir.log()


def test_with_the_key_the_api_answers_and_the_log_names_the_caller(guarded, key):
    log_before = len(guarded.weir.log())
    assert guarded.call('GET', '/-/status', headers={'X-API-Key': key})[0] == 200
    assert guarded.call('POST', '/-/reload', headers={'Authorization': 'Bearer ' + key})[0] == 200
    guarded.weir.wait_for_log('asked for through the API by ops', after=log_before)
    assert key[3:] not in guarded.weir.log()


def test_more_than_100_requests_a_minute_are_429_and_probes_still_answered(broker, folder, rules):
    pipeline, weir = started(broker, folder / 'limited', rules)
    try:
        api = Api(weir)
        answers = [api.call('GET', path)[0] for path in ('/-/status', '/nowhere') * 50]
        assert answers == [200, 404] * 50
        for path in ('/-/status', '/nowhere'):
            status, headers, body = api.call('GET', path)
            assert status == 429 and 1 <= int(headers['retry-after']) <= 60 and body == 'too many requests\n'
        for path in ('/metrics', '/-/healthy', '/-/ready'):
            assert api.call('GET', path)[0] == 200
    finally:
        pipeline.close()


# --- its client

def ctl(*arguments, key=None, stdin=b''):
    import os
    environment = {**os.environ, **({'WEIR_API_KEY': key} if key else {})}
    return subprocess.run([binary(), 'ctl', *map(str, arguments)], input=stdin, capture_output=True, env=environment)


def test_ctl_is_a_client_of_it(api, guarded, key, tmp_path):
    there = ('--address', api.host)
    told = ctl('status', *there)
    assert told.returncode == 0 and json.loads(told.stdout)['ready'] is True
    assert json.loads(ctl('reload', '--config', api.weir.config_path).stdout)['reloaded'] is True
    assert json.loads(ctl('analyze', *there, stdin=SQLI).stdout)['malicious'] is True
    refused = ctl('status', '--address', guarded.host)
    assert refused.returncode == 1 and b'refused (401)' in refused.stderr
    assert ctl('status', '--address', guarded.host, key=key).returncode == 0
    (tmp_path / 'key').write_text(key + '\n')
    assert ctl('status', '--address', guarded.host, '--api-key-file', tmp_path / 'key').returncode == 0


def test_ctl_says_when_nobody_answers_or_the_address_is_wrong():
    nobody = ctl('status', '--address', '127.0.0.1:9')
    assert nobody.returncode == 1 and b'127.0.0.1:9' in nobody.stderr
    assert ctl('status', '--address', 'localhost').returncode == 2

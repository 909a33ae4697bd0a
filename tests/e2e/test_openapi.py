"""The OpenAPI document of the HTTP port, and the port held to it by generated requests."""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Pipeline
from test_decisions import Service
from waiting import wait_for

# A bounded run; WEIR_OPENAPI_EXAMPLES=2000 makes some ten thousand calls.
EXAMPLES = os.environ.get('WEIR_OPENAPI_EXAMPLES', '30')
# Which records a profile can read is no matter of a schema, so it is not checked that what fits the schema is accepted, or what does
# not is refused.
CHECKS = ('not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,'
          'response_schema_conformance,unsupported_method')


@pytest.fixture(scope='module')
def weir(broker, tmp_path_factory):
    pipeline = Pipeline(broker, tmp_path_factory.mktemp('openapi'))
    yield pipeline.start(http={'requests_per_minute': 1_000_000})
    pipeline.close()


def raw(weir, head):
    """The status line of the answer to a head that no client library would send."""
    with socket.create_connection(('127.0.0.1', weir.port), timeout=60) as connection:
        connection.sendall(head)
        return connection.makefile('rb').readline().decode()


def test_the_document_names_every_call(weir):
    status, headers, body = weir.get('/api/v1/openapi.json')
    document = json.loads(body)
    assert status == 200 and headers['Content-Type'] == 'application/json' and document['openapi'] == '3.1.0'
    assert set(document['paths']) == {'/metrics', '/-/healthy', '/-/ready', '/-/status', '/-/reload', '/api/v1/analyze',
                                      '/api/v1/analyze/{source}', '/api/v1/clients/{id}', '/api/v1/clients/{id}/forget',
                                      '/api/v1/clients/{id}/silence', '/api/v1/clients/{id}/decide',
                                      '/api/v1/clients/{id}/lift', '/api/v1/openapi.json'}
    source, = document['paths']['/api/v1/analyze/{source}']['post']['parameters']
    assert source['schema']['enum'] == ['default']
    assert document['info']['version'] in weir.get('/metrics')[2]


def generated_calls(document, folder, *options, checks=CHECKS):
    done = subprocess.run([Path(sys.executable).parent / 'schemathesis', 'run', document, '--checks', checks,
                           '--max-examples', EXAMPLES, '--phases', 'examples,coverage,fuzzing', '--continue-on-failure',
                           '--request-timeout', '30', '--seed', '15', *options],
                          cwd=folder, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_generated_calls_find_no_answer_that_the_document_does_not_name(weir, tmp_path):
    generated_calls(f'{weir.url}/api/v1/openapi.json', tmp_path)
    weir.process.wait_until(weir.ready, 30, 'weir was ready')


@pytest.fixture(scope='module')
def bouncers_service(broker, tmp_path_factory):
    """Over a topic with decisions of every scope, action and origin."""
    one = Service(broker, tmp_path_factory.mktemp('bouncers'), 'openapi', options=('--requests-per-minute', '1000000'))
    one.put('198.51.100.7')
    one.put('198.51.100.8', rule='', action='captcha', caller='somebody')
    one.put('192.0.2.1', value='192.0.2.0/24', scope='range', action='throttle', retry_after_s=5)
    one.put('customer-1', scope='customer', client_type='customer')
    wait_for(lambda: len(one.values()) == 4, 30, 'all are told')
    yield one
    one.process.kill()


def test_generated_calls_of_bouncers_find_no_answer_that_the_document_does_not_name(bouncers_service, tmp_path):
    one = bouncers_service
    status, document = one.get('/v1/openapi.json')
    assert status == 200 and set(document['paths']) == {'/v1/decisions', '/v1/decisions/stream'}
    before = one.values()
    generated_calls(f'{one.url}/v1/openapi.json', tmp_path, '-H', f"X-Api-Key: {one.keys['firewall']}", checks=f'{CHECKS},ignored_auth')
    assert one.values() == before and one.get('/-/ready')[0] == 200
    one.close()


@pytest.mark.parametrize('head', [
    b'GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', b'GET /metrics HTTP/1.1\r\n\r\n',
    b'GET /metrics HTTP/1.1\r\nHost: a\rX: b\r\n\r\n', b'GET /metrics HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n',
    b'GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n', b'GET /metrics HTTP/1.1\r\nHost: a\x00\r\n\r\n'])
def test_heads_that_two_programs_could_read_differently_are_refused(weir, head):
    assert raw(weir, head).startswith('HTTP/1.1 400 ')


def test_the_log_names_the_caller(broker, tmp_path):
    pipeline = Pipeline(broker, tmp_path)
    one = pipeline.start(log={'level': 'debug'})

    def logged():    # only so many requests a second are
        assert one.get('/nothing')[0] == 404
        return 'http GET /nothing 404 to 127.0.0.1' in one.log()
    one.process.wait_until(logged, 60, 'the log had the request')
    assert ' to -' not in one.log()
    pipeline.close()

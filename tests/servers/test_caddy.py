"""What weir reads of the real Caddy's access log in the forms that its encoders write, without being told which it is."""
import json

import pytest

from command import run
from web_servers import Caddy

NAMES = list(Caddy.formats)


def text(data):
    return data.decode('utf-8', 'replace')


def verdicts_by_target(result):
    return {verdict['target']: verdict for verdict in result.json_lines() if 'rejected' not in verdict}


@pytest.fixture(scope='module')
def scanned(ran):
    results = {}

    def scan(name):
        if name not in results:
            results[name] = run('scan', '--output', 'verdicts', str(ran('caddy').log_path(name)))
        return results[name]
    return scan


@pytest.mark.parametrize('name', NAMES)
def test_the_form_is_recognised_and_each_request_is_read_as_it_was_sent(scanned, sent, name):
    result = scanned(name)
    assert result.code == 0 and ': caddy, ' in result.err, result
    found = verdicts_by_target(result)
    for request in sent.values():
        if not request.is_request or b'%' in request.query:     # secrets in a query may be masked; those are looked at below
            continue
        verdict = found[text(request.target).rstrip('?')]
        assert verdict['host'] == 'www.example.com', verdict
        assert verdict['client'] == ('127.0.0.0' if name == 'filtered' else '127.0.0.1'), verdict


@pytest.mark.parametrize('name', NAMES)
def test_attacks_are_found_in_the_target_and_in_headers(scanned, name):
    found = [verdict['target'] for verdict in scanned(name).json_lines() if verdict.get('malicious')]
    for wanted in ('/attack-1/', '/question-1?', '/jndi-1?'):
        assert any(target.startswith(wanted) for target in found), (wanted, found)
    assert not any(target.startswith(('/plain-1', '/post-1', '/utf8-1')) for target in found), found


@pytest.mark.parametrize('name', NAMES)
def test_each_request_had_what_detection_needs(ran, tmp_path, name):
    figures = tmp_path / 'figures.json'
    run('scan', '--output', 'summary', '--json', str(figures), str(ran('caddy').log_path(name)))
    read = json.loads(figures.read_text())
    assert read['rejected'] == 0 and read['salvaged'] == 0
    fields = read['fields_read']
    assert fields['client_ip'] == fields['method'] == fields['status'] == fields['duration'] == read['requests'] > 20, fields
    if name != 'console':       # its time stands before the JSON
        assert fields['time'] == read['requests']


def test_messages_of_caddy_itself_are_skipped(ran):
    own = ran('caddy').folder / 'out.log'
    result = run('scan', '--profile', 'caddy', '--output', 'summary', str(own))
    assert 'rejected' not in result.out, result

"""What weir reads by a server's own log directive, against what was sent: the real servers log with each directive of directives.yaml,
and `weir profiles compile` reads the logs by the same text."""
import re
import time
from datetime import datetime

import pytest

from command import run
from web_servers import DIRECTIVES

ALL = [(server, one['name']) for server, ones in DIRECTIVES.items() for one in ones]


class Reading:
    """What weir understood of a directive, and made of each line of its log."""

    def __init__(self, server, name, ran):
        self.directive = ran(server).directives[name]
        self.lines = ran(server).logs[name]
        result = run('profiles', 'compile', '--json', '--sample', str(ran(server).log_path(name)),
                     '--format', f'{server}={self.directive["directive"]}')
        assert result.code == 0, result
        self.understood, *read = result.json_lines()
        self.read = {one['line']: one for one in read}
        self.uses = {field['use'] for field in self.understood['fields']}
        self.differs = set(self.directive.get('differs', []))

    def of_request(self, request):
        """The event of the line that the request made."""
        numbers = [number for number, line in enumerate(self.lines, 1) if request.name.encode() in line]
        assert len(numbers) == 1, f'{len(numbers)} lines of {request.name}'
        found = self.read[numbers[0]]
        assert 'event' in found, (found, self.lines[numbers[0] - 1])
        return found['event']


@pytest.fixture(scope='module')
def reading(ran):
    readings = {}

    def read(server, name):
        if (server, name) not in readings:
            readings[server, name] = Reading(server, name, ran)
        return readings[server, name]
    return read


def text(data):
    """As weir shows bytes: what is no UTF-8 is U+FFFD; how many of them is left open."""
    shown = data if isinstance(data, str) else data.decode('utf-8', 'replace')
    return re.sub('\ufffd+', '\ufffd', shown)


def all_texts(value):
    """All texts of an event, whichever field they stand in."""
    if isinstance(value, dict):
        value = list(value.values())
    return ' '.join(map(all_texts, value)) if isinstance(value, list) else str(value)


def test_there_are_at_least_forty_directives():
    assert len(ALL) >= 40 and len(set(ALL)) == len(ALL)


@pytest.mark.parametrize('server, name', ALL)
def test_the_directive_is_understood(reading, server, name):
    one = reading(server, name)
    warnings, expected = one.understood['warnings'], one.directive.get('warns', [])
    assert len(warnings) == len(expected) and all(any(word in warning for warning in warnings) for word in expected), warnings


def test_variables_are_placed_where_they_stand_in_the_directive(reading):
    for server, name in (('nginx', 'main'), ('nginx', 'json'), ('apache', 'key-value'), ('haproxy', 'json'), ('envoy', 'mesh-json')):
        one = reading(server, name)
        lines = one.directive['directive'].split('\n')
        for field in one.understood['fields']:
            written = field['variable'].split(' ')[0].lstrip('$')
            assert lines[field['line'] - 1][field['column'] - 1:].lstrip('${').startswith(written), field


@pytest.mark.parametrize('server, name', ALL)
def test_no_line_is_lost(reading, sent, server, name):
    one = reading(server, name)
    assert len(one.read) == len(one.lines)
    lost = [(found, one.lines[number - 1]) for number, found in one.read.items() if 'event' not in found]
    if 'client_ip' in one.uses:     # else a line of a refused request can hold neither what was asked for nor who asked
        assert not lost
    for found, line in lost:
        assert not any(request.is_request and request.name.encode() in line for request in sent.values()), (found, line)


@pytest.mark.parametrize('server, name', ALL)
def test_the_request_is_read_as_it_was_sent(reading, sent, server, name):
    one = reading(server, name)
    for request in sent.values():
        if not request.is_request:
            continue
        event = one.of_request(request)
        if one.uses & {'method', 'target'}:
            assert event['method'] == request.method, (request.name, event)
        if 'path' not in one.differs:
            assert event['path'] == text(request.path), (request.name, event)
        if one.uses & {'query', 'target'}:
            assert event.get('query', '') == text(request.query), (request.name, event)


@pytest.mark.parametrize('server, name', ALL)
def test_headers_are_read_as_they_were_sent(reading, sent, server, name):
    one = reading(server, name)
    for request in sent.values():
        if not request.is_request:
            continue
        event = one.of_request(request)
        headers = {header['name']: header['value'] for header in event.get('headers', [])}
        for use, found, header in (('user_agent', event.get('user_agent'), 'User-Agent'), ('referer', event.get('referer'), 'Referer'),
                                   ('forwarded_for', headers.get('x-forwarded-for'), 'X-Forwarded-For')):
            if use not in one.uses or use in one.differs:
                continue
            wanted = text(request.header(header))
            if server == 'envoy' and use == 'forwarded_for':
                assert wanted in text(found), (request.name, event)      # Envoy appends the peer
            elif one.directive.get('quotes') == 'ambiguous' and request.name == 'shifted-1':
                for part in wanted.split('"'):
                    assert part.strip() in all_texts(event), (request.name, event)
            elif server == 'envoy' and text(found or '') == request.header(header).decode('latin-1'):
                pass        # in JSON it writes bytes that are no UTF-8 as the characters of those numbers
            elif server == 'haproxy' and text(found or '') == wanted.replace('\ufffd', ''):
                pass        # its converter json leaves them out
            else:
                assert text(found or '') == wanted, (request.name, event)


@pytest.mark.parametrize('server, name', ALL)
def test_times_addresses_and_numbers_are_read(reading, sent, server, name):
    one = reading(server, name)
    for request in sent.values():
        if not request.is_request:
            continue
        event = one.of_request(request)
        moment = datetime.fromisoformat(event['time'].replace('Z', '+00:00')).timestamp()
        assert abs(moment - time.time()) < 3600, event
        if 'client_ip' in one.uses:
            assert event['client_ip'] == '127.0.0.1', event
        if 'status' in one.uses:
            assert event['status'] == (404 if server == 'apache' else 200), event
        assert event.get('duration_us', 0) < 60e6, event


def test_a_directive_that_cannot_be_understood_is_refused_with_its_position():
    result = run('profiles', 'compile', '--format', 'nginx=$remote_addr\n"$request" ${status')
    assert result.code == 2 and 'line 2, column 12' in result.err
    assert run('profiles', 'compile', '--format', 'iis=%s').code == 2
    assert run('profiles', 'compile', '--format-file', 'nginx=/no/such/file').code == 2


def test_a_directive_is_shown_to_people_with_a_line_as_an_example():
    result = run('profiles', 'compile', '--format', 'nginx=$remote_addr [$time_local] "$request" $status $my_own "$http_user_agent"')
    assert result.code == 0, result
    assert re.search(r'\$http_user_agent +user_agent', result.out) and re.search(r'\$my_own +not used', result.out)
    assert re.search(r'client_ip +192\.0\.2\.10', result.out) and re.search(r'query +q=shoes', result.out)


@pytest.mark.parametrize('server', DIRECTIVES)
def test_attacks_in_the_log_are_found_by_scan(ran, server):
    one = ran(server).directives['value-alone' if server != 'envoy' else 'combined']
    result = run('scan', '--format', f'{server}={one["directive"]}', '--output', 'verdicts', str(ran(server).log_path(one['name'])))
    assert result.code == 0, result
    lines = ran(server).logs[one['name']]
    found = {verdict['line'] for verdict in result.json_lines() if verdict['malicious']}
    wanted = {number for number, line in enumerate(lines, 1) if b'/attack-1/' in line or b'/question-1?' in line}
    assert wanted and wanted <= found

"""`weir scan` as people use it: files of all kinds, input that comes slowly, a table to look at, quick starts."""
import gzip
import json
import lzma
import os
import random
import re
import select
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

import traffic
from command import run, run_on_terminal
from test_cli import GOOD_RULE
from waiting import PATIENCE, wait_for
from weir_process import REPOSITORY, binary, environment

RULES = str(REPOSITORY / 'rules')
RULE_ID = '5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d10'


@pytest.fixture(name='rules')
def one_rule(tmp_path):
    """A directory with one rule, which finds the word quuxalpha in a query."""
    directory = tmp_path / 'one-rule'
    directory.mkdir()
    (directory / 'rule.yml').write_text(GOOD_RULE.replace('weir:', 'weir:\n  weight: 20'))
    return str(directory)


def attack(number=1, seconds=1, client='c', ip='81.64.0.1', **fields):
    return traffic.record(number, seconds, client, ip, **{'query': 'id=quuxalpha', **fields})


def verdicts(rules, *arguments, code=0, **more):
    result = run('scan', '--rules', rules, '--output', 'verdicts', *map(str, arguments), **more)
    assert result.code == code, result
    return result.json_lines()


class Running:
    """A scan that reads from a pipe or follows files while the test looks on."""

    def __init__(self, *arguments, env=None):
        self.child = subprocess.Popen([binary(), 'scan', *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env={**os.environ, **environment(env)})
        self.out = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            stream.close()

    def write(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def lines(self, count):
        """Waits until so many lines were printed, and returns them."""
        deadline = time.monotonic() + 60 * PATIENCE
        while self.out.count(b'\n') < count:
            left = deadline - time.monotonic()
            assert left > 0, f'{self.out.count(10)} of {count} lines: {self.out[-2000:]!r}'
            if select.select([self.child.stdout], [], [], left)[0]:
                more = os.read(self.child.stdout.fileno(), 65536)
                assert more, f'ended after {self.out!r}: {self.child.stderr.read()!r}'
                self.out += more
        return self.out.splitlines()

    def end(self, number=signal.SIGINT):
        """(exit code, the rest of standard output, standard error)"""
        self.child.send_signal(number)
        out, err = self.child.communicate(timeout=60 * PATIENCE)
        return self.child.returncode, out.decode(), err.decode()


# --- quick starts

def cached(directory):
    return {path.name: path.stat() for path in Path(directory).glob('*')}


@pytest.mark.parametrize('variables, where', [
    ({'XDG_CACHE_HOME': '{tmp}/xdg'}, 'xdg/weir'),
    ({'XDG_CACHE_HOME': '', 'HOME': '{tmp}/home'}, 'home/.cache/weir'),
    ({'XDG_CACHE_HOME': 'relative', 'HOME': '{tmp}/home'}, 'home/.cache/weir'),
], ids=['xdg', 'home', 'relative is ignored'])
def test_compiled_rules_are_kept_for_the_user(tmp_path, rules, variables, where):
    env = {'WEIR_RULES__CACHE_DIRECTORY': '', **{name: text.format(tmp=tmp_path) for name, text in variables.items()}}
    first = verdicts(rules, '-', stdin=attack(), env=env, cwd=tmp_path)
    assert first[0]['rules'] == [RULE_ID]
    files = cached(tmp_path / where)
    assert {Path(name).suffix for name in files} == {'.hsdb', '.patterns', '.rules'}
    assert all(facts.st_mode & 0o777 == 0o600 for facts in files.values())
    assert (tmp_path / where).stat().st_mode & 0o777 == 0o700
    assert verdicts(rules, '-', stdin=attack(), env=env, cwd=tmp_path) == first
    again = cached(tmp_path / where)
    assert {name: facts.st_ino for name, facts in again.items()} == {name: facts.st_ino for name, facts in files.items()}


def test_a_damaged_or_foreign_cache_is_replaced(tmp_path, rules):
    env = {'WEIR_RULES__CACHE_DIRECTORY': '', 'XDG_CACHE_HOME': str(tmp_path)}
    first = verdicts(rules, '-', stdin=attack(), env=env)
    whole = {path: path.read_bytes() for path in (tmp_path / 'weir').glob('*')}
    for damage in (b'', b'weir', os.urandom(4096)):
        for path in whole:
            path.write_bytes(damage)
        assert verdicts(rules, '-', stdin=attack(), env=env) == first
        for path, content in whole.items():
            assert len(path.read_bytes()) == len(content), path
    for path in whole:
        path.chmod(0o666)
    assert verdicts(rules, '-', stdin=attack(), env=env) == first
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in whole), 'what others could write was taken'


def test_changed_rules_are_compiled_anew(tmp_path, rules):
    env = {'WEIR_RULES__CACHE_DIRECTORY': '', 'XDG_CACHE_HOME': str(tmp_path)}
    assert verdicts(rules, '-', stdin=attack(), env=env)[0]['rules'] == [RULE_ID]
    rule = Path(rules) / 'rule.yml'
    rule.write_text(rule.read_text().replace('quuxalpha', 'quuxbeta'))
    assert verdicts(rules, '-', stdin=attack(), env=env)[0]['rules'] == []
    assert verdicts(rules, '-', stdin=attack(query='id=quuxbeta'), env=env)[0]['rules'] == [RULE_ID]


def test_no_cache_leaves_none(tmp_path, rules):
    env = {'WEIR_RULES__CACHE_DIRECTORY': '', 'XDG_CACHE_HOME': str(tmp_path / 'cache')}
    assert verdicts(rules, '--no-cache', '-', stdin=attack(), env=env)[0]['rules'] == [RULE_ID]
    assert not (tmp_path / 'cache').exists()


def test_findings_about_rules_are_told_at_every_start(tmp_path, rules):
    rule = Path(rules) / 'rule.yml'
    rule.write_text(rule.read_text().replace('cs-uri-query|contains: quuxalpha', 'cs-uri-query|contains: quuxalpha\n    no-such-field: a'))
    env = {'WEIR_RULES__CACHE_DIRECTORY': '', 'XDG_CACHE_HOME': str(tmp_path)}
    texts = [run('scan', '--rules', rules, '--output', 'verdicts', '-', stdin=attack(), env=env).err for _ in range(2)]
    for text in texts:
        assert "unknown field 'no-such-field'" in text


# --- input

def test_results_come_while_the_input_pauses(rules):
    with Running('--rules', rules, '--output', 'verdicts', '-') as scan:
        for number in range(1, 4):
            scan.write(attack(number) + b'\n')
            assert json.loads(scan.lines(number)[-1])['line'] == number
        scan.write(attack(4)[:50])              # half a line says nothing yet
        scan.write(attack(4)[50:] + b'\n')
        assert json.loads(scan.lines(4)[-1])['line'] == 4


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_with_the_summary(rules, number):
    with Running('--rules', rules, '--output', 'verdicts', '-') as scan:
        scan.write(attack() + b'\n')
        scan.lines(1)
        code, _, err = scan.end(number)
        assert code == 0
        assert '1 records' in err and '1 malicious' in err, err


def zstd_frame(data):
    """A Zstandard frame (RFC 8878) that stores the data as they are, in blocks of at most 100 bytes."""
    blocks = [data[at:at + 100] for at in range(0, len(data), 100)] or [b'']
    out = struct.pack('<IBI', 0xFD2FB528, 0xA0, len(data))     # magic; single segment, four bytes of size; the size
    for i, block in enumerate(blocks):
        out += struct.pack('<I', len(block) << 3 | (i == len(blocks) - 1))[:3] + block
    return out


@pytest.mark.parametrize('compress', [gzip.compress, zstd_frame], ids=['gzip', 'zstd'])
def test_compressed_files_are_recognised_by_their_content(tmp_path, rules, compress):
    lines = [attack(number) + b'\n' for number in range(1, 200)]
    path = tmp_path / 'named-like-nothing'
    path.write_bytes(compress(b''.join(lines[:100])) + compress(b''.join(lines[100:])))   # appended to each other
    judged = verdicts(rules, path)
    assert [one['request_id'] for one in judged] == [f'r{number:08d}' for number in range(1, 200)]
    assert [one['line'] for one in judged] == list(range(1, 200))
    assert verdicts(rules, '-', stdin=path.read_bytes()) == [{**one, 'file': '-'} for one in judged]


@pytest.mark.parametrize('compress', [gzip.compress, zstd_frame], ids=['gzip', 'zstd'])
def test_a_compressed_file_that_ends_early_is_read_as_far_as_it_goes(tmp_path, rules, compress):
    path = tmp_path / 'access.log'
    path.write_bytes(compress(b''.join(attack(number) + b'\n' for number in range(1, 2000)))[:-20])
    result = run('scan', '--rules', rules, '--output', 'verdicts', str(path))
    assert result.code == 1
    assert f'{path}: the compressed data' in result.err
    assert len(result.json_lines()) > 1000


def test_a_compression_that_weir_does_not_read_is_named(tmp_path, rules):
    path = tmp_path / 'access.log.xz'
    path.write_bytes(lzma.compress(attack() + b'\n'))
    result = run('scan', '--rules', rules, str(path))
    assert result.code == 1
    assert 'xzcat' in result.err and str(path) in result.err


def test_a_missing_file_does_not_stop_the_others(tmp_path, rules):
    for name in ('a', 'b'):
        (tmp_path / name).write_bytes(attack() + b'\n')
    result = run('scan', '--rules', rules, '--output', 'verdicts', str(tmp_path / 'a'), str(tmp_path / 'missing'),
                 str(tmp_path), str(tmp_path / 'b'))
    assert result.code == 1
    assert [Path(one['file']).name for one in result.json_lines()] == ['a', 'b']
    assert f"{tmp_path / 'missing'}: No such file" in result.err
    assert f'{tmp_path}: Is a directory' in result.err


def test_lines_are_counted_in_each_file(tmp_path, rules):
    for name in ('a', 'b'):
        (tmp_path / name).write_bytes(b'\n'.join([attack(), b'{"broken', attack()]) + b'\n')
    judged = verdicts(rules, tmp_path / 'a', tmp_path / 'b')
    assert [(Path(one['file']).name, one['line'], 'rejected' in one) for one in judged] == [
        (name, line, line == 2) for name in ('a', 'b') for line in (1, 2, 3)]


def test_nothing_readable_is_a_failure_with_a_hint(rules):
    result = run('scan', '--rules', rules, '--profile', 'flat', '--output', 'verdicts', '-', stdin=b'{"a": 1}\n{"b": 2}\n')
    assert result.code == 1, result
    assert 'none of 2 lines' in result.err and "'flat'" in result.err and '--profile' in result.err


def test_lines_of_another_form_than_was_named_are_told_what_they_look_like(rules):
    result = run('scan', '--rules', rules, '--profile', 'flat', '--output', 'verdicts', '-', stdin=combined_line('-') * 2)
    assert result.code == 1, result
    assert "as 'flat': they look like nginx combined" in result.err, result.err


# --- forms that no profile knows

def combined_line(user, status=200, query='id=1'):
    return (f'203.0.113.9 - {user} [15/Jan/2025:10:20:30 +0000] "GET /a?{query} HTTP/1.1" {status} 3 "-" '
            '"Mozilla/5.0 (X11; Linux x86_64)"\n').encode()


def own_form(query='id=1'):
    return (f'at=2025-01-15T10:20:30Z node=web-1 who=203.0.113.9 what="GET /a?{query} HTTP/1.1" code=200 with="Mozilla/5.0 (X11)" '
            'from="https://ref.example/" hit=MISS\n').encode()


def test_a_form_of_ones_own_is_told_from_its_lines_and_its_profile_is_printed(tmp_path, rules):
    log, profile = tmp_path / 'access.log', tmp_path / 'mine.yaml'
    log.write_bytes(own_form() * 3 + own_form('id=quuxalpha'))
    result = run('scan', '--rules', rules, '--output', 'verdicts', str(log))
    assert 'a form of its own, told from its lines, 4 of 4 lines' in result.err, result
    assert [one['malicious'] for one in result.json_lines()] == [False, False, False, True]
    assert {one['client'] for one in result.json_lines()} == {'203.0.113.9'}
    shown = run('profiles', 'detect', str(log)).out
    profile.write_text(shown[shown.index('name: mine'):])
    assert run('profiles', 'test', str(profile)).code == 0
    again = run('scan', '--rules', rules, '--profile', str(profile), '--output', 'verdicts', str(log))
    assert [one['malicious'] for one in again.json_lines()] == [False, False, False, True]


def test_what_a_recognised_form_lacks_is_said(tmp_path, rules):
    log = tmp_path / 'access.log'
    log.write_bytes(b'203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /a?b=c HTTP/1.1" 200 3\n')
    result = run('scan', '--rules', rules, '--output', 'table', str(log))
    assert 'apache common, 1 of 1 lines; no line has user_agent' in result.err, result
    assert 'no request had a user agent' in result.out


# --- who a client is

NAMED = {
    'nginx': [combined_line(f'user{number}', query='id=quuxalpha') for number in range(60)],
    'nginx in json': [json.dumps({'time_iso8601': '2025-01-15T10:20:30Z', 'remote_addr': '203.0.113.9', 'remote_user': f'user{number}',
                                  'request': 'GET /a?id=quuxalpha HTTP/1.1', 'status': 200}).encode() + b'\n' for number in range(60)],
    'apache refused': [combined_line(f'user{number}', 401, 'id=quuxalpha') for number in range(60)],
    'an agent\'s ecs': [json.dumps({'@timestamp': '2025-01-15T10:20:30Z', 'source': {'ip': '203.0.113.9'}, 'user': {'name': f'user{number}'},
                                   'http': {'request': {'method': 'GET'}, 'response': {'status_code': 200}},
                                   'url': {'original': '/a?id=quuxalpha'}}).encode() + b'\n' for number in range(60)],
}


@pytest.mark.parametrize('source', NAMED)
def test_a_name_that_nobody_checked_is_no_client(tmp_path, rules, source):
    log = tmp_path / 'access.log'
    log.write_bytes(b''.join(NAMED[source]))
    profile = {'nginx': 'nginx', 'nginx in json': 'nginx', 'apache refused': 'apache'}.get(source, 'ecs')
    judged = verdicts(rules, '--profile', profile, log)
    assert len(judged) == 60 and {one['client'] for one in judged} == {'203.0.113.9'}
    alerts = run('scan', '--rules', rules, '--profile', profile, '--output', 'alerts', str(log)).json_lines()
    assert 0 < len(alerts) < 10, 'one client, whose attacks are one episode'


def test_requests_without_an_address_raise_attacks_alone(tmp_path, rules):
    log, figures = tmp_path / 'access.log', tmp_path / 'figures.json'
    with open(log, 'wb') as out:
        for number in range(400):
            out.write(json.dumps({'ts': f'2025-01-15T10:20:{number % 60:02}Z', 'ip': 'none', 'method': 'GET', 'path': f'/no/{number}',
                                  'status': 404, 'user_agent': f'agent {number}', 'query': 'id=quuxalpha' if number == 9 else ''}).encode() + b'\n')
    result = run('scan', '--rules', rules, '--profile', 'flat', '--output', 'alerts', '--json', str(figures), str(log))
    assert result.code == 0, result
    read = json.loads(figures.read_text())
    assert (read['alerts_attack'], read['alerts_abuse'], read['alerts_burst']) == (1, 0, 0)
    assert read['without_address'] == 400


# --- following

def test_a_followed_file_is_read_on_through_rotation_and_truncation(tmp_path, rules):
    path = tmp_path / 'access.log'
    path.write_bytes(attack(1) + b'\n')
    with Running('--rules', rules, '--output', 'verdicts', '--follow', path) as scan:
        scan.lines(1)
        with open(path, 'ab') as log:
            log.write(attack(2) + b'\n')
            log.flush()
            scan.lines(2)
            os.rename(path, tmp_path / 'access.log.1')
            path.touch()                                        # there is a new file, but the server still writes to the old one
            log.write(attack(3) + b'\n')
            log.flush()
            scan.lines(3)
        path.write_bytes(attack(4) + b'\n' + attack(5) + b'\n')
        scan.lines(5)
        os.truncate(path, 0)
        wait_for(lambda: b'' == path.read_bytes(), 10, 'the truncation')
        with open(path, 'ab') as log:
            log.write(attack(6) + b'\n')
        seen = [json.loads(line) for line in scan.lines(6)]
        assert [one['request_id'] for one in seen] == [f'r{number:08d}' for number in range(1, 7)]
        assert [one['line'] for one in seen] == [1, 2, 3, 1, 2, 1]
        code, _, err = scan.end()
        assert code == 0 and '6 records' in err, err


def test_two_followed_files_wait_for_each_other_not(tmp_path, rules):
    paths = [tmp_path / 'a', tmp_path / 'b']
    for path in paths:
        path.touch()
    with Running('--rules', rules, '--output', 'verdicts', '--follow', *paths) as scan:
        for count, path in enumerate([paths[1], paths[0], paths[1]], 1):
            with open(path, 'ab') as log:
                log.write(attack(count) + b'\n')
            assert json.loads(scan.lines(count)[-1])['file'] == str(path)


# --- what is read, and how

def test_since_and_until_choose_requests_by_their_time(rules):
    lines = b'\n'.join(attack(number, seconds=number * 60) for number in range(10))
    first = json.loads(lines.splitlines()[3])['ts']
    last = json.loads(lines.splitlines()[6])['ts']
    judged = verdicts(rules, '--since', first, '--until', last, '-', stdin=lines)
    assert [one['request_id'] for one in judged] == ['r00000003', 'r00000004', 'r00000005']
    assert len(verdicts(rules, '--since', first[:10], '-', stdin=lines)) == 10
    assert verdicts(rules, '--since', '1d', '-', stdin=lines) == []


def test_two_wrong_clocks_split_nobodys_episode(rules):
    def hour_with(ahead):
        records = []
        for number in range(600):
            client, seconds, fields = f'customer-{number % 50}', number * 2, {}
            if number % 30 == 0:
                client, fields = 'mallory', {'query': 'id=quuxalpha'}
            if number in (301, 302):
                client, seconds = 'wrong-clock', seconds + ahead
            records.append(traffic.record(number, seconds, client, traffic.address(sum(client.encode())), **fields))
        return run('scan', '--rules', rules, '--output', 'alerts', '-', stdin=b'\n'.join(records) + b'\n')
    right, wrong = hour_with(0), hour_with(165 * 365 * 86_400)
    assert right.code == wrong.code == 0, wrong
    assert 'mallory' in right.out and wrong.out == right.out
    assert '2 requests with times far from those around them' in wrong.err
    assert 'far from those' not in right.err


def test_lines_out_of_order_can_be_scored_by_their_times(tmp_path, rules):
    config = tmp_path / 'weir.yaml'
    config.write_text('score: {order: event_time}\n')
    records = [(number * 0.5, attack(number, number * 0.5, f'client-{number % 20}', traffic.address(number % 20))) for number in range(400)]

    def told(seed, *arguments):
        """What the alerts of the records say, in an order in which none is 5 s late; without line numbers and what is made from them."""
        chance = random.Random(seed)
        lines = [record for _, record in sorted(records, key=lambda one: one[0] + chance.uniform(0, 5))]
        result = run('scan', '--rules', rules, '--output', 'alerts', *arguments, '-', stdin=b'\n'.join(lines) + b'\n')
        assert result.code == 0, result
        alerts = [json.loads(line) for line in result.out.splitlines() if line.startswith('{')]
        return [(one['unmapped']['weir']['phase'], one['time'], one['unmapped']['weir']['client'], one['count'],
                 one['evidences'][0]['http_request']['uid'] if one.get('evidences') else None) for one in alerts]
    ordered = told(1, '--config', config)
    assert len(ordered) >= 60
    assert told(2, '--config', config) == ordered
    assert told(2) != told(1), 'the order of the lines must matter, or nothing is shown'


@pytest.mark.parametrize('option', ['--since', '--until'])
def test_a_time_that_is_none_is_wrong_usage(rules, option):
    result = run('scan', '--rules', rules, option, 'yesterday', '-')
    assert result.code == 2 and option in result.err and "'yesterday'" in result.err


def test_fields_the_envelope_and_proxies_can_be_told_on_the_command_line(rules):
    record = json.loads(attack(ip='10.0.0.1', client='', headers={'x-forwarded-for': '203.0.113.9'}))
    record['remote'] = {'address': record.pop('ip')}
    line = json.dumps({'message': json.dumps(record)}).encode()
    one, = verdicts(rules, '--unwrap', '/message', '--field', 'client_ip=/remote/address', '-', stdin=line)
    assert one['client'] == '10.0.0.1' and one['malicious'] is not None
    one, = verdicts(rules, '--unwrap', '/message', '--field', 'client_ip=/remote/address', '--trusted-proxy', '10.0.0.0/8', '-',
                    stdin=line)
    assert one['client'] == '203.0.113.9'


@pytest.mark.parametrize('arguments, told', [(('--field', 'client_ip'), 'NAME=POINTER'), (('--field', 'cleint=/a'), 'client_ip'),
                                             (('--field', 'client_ip=a'), 'a'), (('--trusted-proxy', 'proxy'), "'proxy'")])
def test_wrong_input_options_say_what_would_be_right(rules, arguments, told):
    result = run('scan', '--rules', rules, *arguments, '-')
    assert result.code == 2 and told in result.err, result


def test_rejects_are_kept_as_they_are(tmp_path, rules):
    bad = [b'{"broken', b'\xff\xfe{]']
    path = tmp_path / 'rejects'
    verdicts(rules, '--rejects', path, '-', stdin=b'\n'.join([attack(), bad[0], attack(), bad[1]]) + b'\n')
    assert path.read_bytes() == b''.join(line + b'\n' for line in bad)
    assert path.stat().st_mode & 0o777 == 0o600


# --- results

def test_verdicts_say_who_did_what_and_why(tmp_path, rules):
    path = tmp_path / 'requests'
    path.write_bytes(attack(7, client='customer-7', query='id=quuxalpha&password=hunter2-hunter2') + b'\n')
    one, = verdicts(rules, path)
    assert one == {'line': 1, 'file': str(path), 'client': 'customer-7', 'host': 'shop.example.com',
                   'target': one['target'], 'request_id': 'r00000007', 'malicious': True, 'score': 20,
                   'categories': ['sqli'], 'rules': [RULE_ID], 'titles': ['A word that only this test uses']}
    assert one['target'].startswith('/products/7?id=quuxalpha&password=')
    assert 'hunter2-' not in json.dumps(one)


def plain(text):
    return re.sub(r'\x1b\[[0-9;]*m', '', text)


def table_input(tmp_path):
    path = tmp_path / 'requests.ndjson'
    records, _ = traffic.with_attacks(2000)
    path.write_bytes(b'\n'.join(records + [b'{"broken', traffic.record(1, 1, 'c', '81.64.0.1', host='x\x1b[31m' + 'y' * 300,
                                                                       **traffic.ATTACKS['sqli'])]) + b'\n')
    return path


@pytest.mark.parametrize('width', [80, 120])
def test_the_table_says_what_was_found_and_fits_the_terminal(tmp_path, width):
    path = table_input(tmp_path)
    result = run('scan', '--rules', RULES, '--output', 'table', str(path), env={'COLUMNS': str(width)})
    assert result.code == 0, result
    assert '\x1b' not in result.out, 'no colours but on a terminal, and none out of requests'
    assert max(len(line) for line in result.out.splitlines()) <= width
    assert '2,001 requests' in result.out and '21 attacks' in result.out
    for expected in ('sqli', 'xss', 'traversal', 'attacker-', '/items', 'requests.ndjson:', 'no path or target'):
        assert expected in result.out, expected


def test_a_terminal_gets_the_table_with_colours_unless_unwanted(tmp_path):
    path = table_input(tmp_path)
    code, shown = on_terminal('scan', '--rules', RULES, str(path))
    assert code == 0
    assert '21 attacks' in plain(shown) and '\x1b[31m' in shown
    _, shown = on_terminal('scan', '--rules', RULES, str(path), env={'NO_COLOR': '1'})
    assert '21 attacks' in shown and not re.search(r'\x1b\[[0-9;]*m', shown)


def on_terminal(*arguments, env=None):
    """(exit code, what a terminal showed of both outputs)"""
    import pty
    master, slave = pty.openpty()
    child = subprocess.Popen([binary(), *arguments], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                             env={**os.environ, **environment({'TERM': 'xterm-256color', **(env or {})})})
    os.close(slave)
    shown = b''
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:              # a pseudo-terminal's end is an error
            break
        if not data:
            break
        shown += data
    os.close(master)
    return child.wait(60), shown.decode('utf-8', 'replace')


def test_a_clean_log_is_said_to_be_clean(tmp_path):
    path = tmp_path / 'requests.ndjson'
    path.write_bytes(b'\n'.join(traffic.benign(50)) + b'\n')
    result = run('scan', '--rules', RULES, '--output', 'table', str(path))
    assert '50 requests' in result.out and 'no attack found' in result.out


def test_attacks_show_on_a_terminal_while_they_come(rules):
    with Running('--rules', rules, '--output', 'table', '-', env={'COLUMNS': '100'}) as scan:
        scan.write(attack(query='id=quuxalpha' + '&x=y' * 100) + b'\n' + traffic.record(2, 2, 'c', '81.64.0.2') + b'\n')
        line, = scan.lines(1)
        assert b'?id=qu' in line and len(line.decode()) <= 100
        code, out, _ = scan.end()
        assert code == 0 and '2 requests' in out

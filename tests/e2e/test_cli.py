"""The command line: what scripts and users rely on (outputs, exit codes)."""
import json
import re

import pytest

import ocsf
import traffic
from command import run, run_on_terminal
from weir_process import REPOSITORY

RULES = str(REPOSITORY / 'rules')
FAMILIES = {'sqli', 'xss', 'cmdi', 'traversal', 'nosql', 'ldap', 'ssrf', 'ssti', 'xxe', 'rce', 'rfi', 'crlf', 'other'}
GOOD_RULE = '''
title: A word that only this test uses
id: 5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d10
status: experimental
description: Finds the word quuxalpha in a query.
author: weir
date: 2025-01-15
tags:
  - attack.t1190
logsource:
  category: webserver
detection:
  selection:
    cs-uri-query|contains: quuxalpha
  condition: selection
falsepositives:
  - None
level: high
weir:
  category: sqli
  examples:
    positive:
      - quuxalpha
    negative:
      - quux
'''


def scan(records, *options):
    return run('scan', '--rules', RULES, *options, '-', stdin=b''.join(line + b'\n' for line in records))


# --- the program

def test_version_names_the_program_and_the_version():
    result = run('--version')
    assert result.code == 0
    assert re.match(r'weir \d+\.\d+\.\d+', result.out)


def test_help_lists_the_commands():
    result = run('--help')
    assert result.code == 0
    for command in ('run', 'scan', 'explain', 'rules', 'config'):
        assert re.search(rf'^\s+{command}\b', result.out, re.M), command


@pytest.mark.parametrize('arguments', [(), ('frobnicate',), ('scan', '--frobnicate'), ('scan', '--output', 'poems', '-'),
                                       ('rules', 'frobnicate'), ('run',), ('run', '--config', '/does/not/exist.yaml')])
def test_wrong_usage_is_code_2_with_a_message(arguments):
    result = run(*arguments)
    assert result.code == 2, result
    assert result.err.strip(), result


# --- scan

def test_scan_verdicts_has_one_object_per_record():
    records, attackers = traffic.with_attacks(1000)
    result = scan(records, '--output', 'verdicts')
    assert result.code == 0, result
    verdicts = result.json_lines()
    assert len(verdicts) == 1000
    for one in verdicts:
        assert set(one) >= {'request_id', 'malicious', 'score', 'categories', 'rules'}, one
        assert isinstance(one['malicious'], bool) and isinstance(one['score'], int)
        assert set(one['categories']) <= FAMILIES
    by_id = {one['request_id']: one['malicious'] for one in verdicts}
    expected = {json.loads(line)['request_id']: json.loads(line)['client_id'] in attackers for line in records}
    assert by_id == expected


@pytest.mark.parametrize('family', sorted(traffic.ATTACKS))
def test_scan_names_the_family_of_an_attack(family):
    result = scan([traffic.record(1, 1, 'c', '81.64.0.1', **traffic.ATTACKS[family])], '--output', 'verdicts')
    assert result.code == 0, result
    verdict, = result.json_lines()
    assert verdict['malicious'] and family in verdict['categories'], verdict


def test_scan_alerts_are_what_the_daemon_would_publish():
    result = scan(traffic.every_kind(), '--output', 'alerts')
    assert result.code == 0, result
    alerts = result.json_lines()
    for one in alerts:
        ocsf.assert_valid(one)
    kinds = {(one['unmapped']['weir']['kind'], one['unmapped']['weir']['phase']) for one in alerts}
    assert {('attack', 'opened'), ('attack', 'updated'), ('attack', 'closed'), ('abuse', 'opened')} <= kinds
    again = scan(traffic.every_kind(), '--output', 'alerts')
    assert again.out == result.out, 'the same records must give the same alerts'


def test_scan_summary_counts(tmp_path):
    records, attackers = traffic.with_attacks(1000)
    path = tmp_path / 'summary.json'
    result = scan(records + [b'{"broken'], '--output', 'summary', '--json', str(path))
    assert result.code == 0, result
    summary = json.loads(path.read_text())
    assert summary['records'] == 1001
    assert summary['malicious'] == len(attackers)
    assert summary['rejected'] == 1


def test_scan_reads_files_in_their_order(tmp_path):
    first, second = tmp_path / 'a.ndjson', tmp_path / 'b.ndjson'
    lines = list(traffic.benign(20))
    first.write_bytes(b'\n'.join(lines[:10]) + b'\n')
    second.write_bytes(b'\n'.join(lines[10:]))          # without a newline at the end
    result = run('scan', '--rules', RULES, '--output', 'verdicts', str(first), str(second))
    assert [one['request_id'] for one in result.json_lines()] == [json.loads(line)['request_id'] for line in lines]


def test_scan_of_a_missing_file_fails():
    result = run('scan', '--rules', RULES, '/does/not/exist.ndjson')
    assert result.code in (1, 2), result
    assert '/does/not/exist.ndjson' in result.err


def test_scan_uses_only_the_rules_it_is_given(tmp_path):
    (tmp_path / 'one.yml').write_text(GOOD_RULE)
    lines = [traffic.record(1, 1, 'c', '81.64.0.1', **traffic.ATTACKS['sqli']),
             traffic.record(2, 2, 'd', '81.64.0.2', query='id=QuuxAlpha')]
    result = run('scan', '--rules', str(tmp_path), '--output', 'verdicts', '-', stdin=b'\n'.join(lines))
    assert result.code == 0, result
    first, second = result.json_lines()
    assert first['rules'] == []
    assert second['rules'] == ['5f3a7d1e-6f0b-4c39-9a55-0c6f2a3f7d10']


def test_scan_shows_a_progress_bar_on_a_terminal_only(tmp_path):
    path = tmp_path / 'requests.ndjson'
    path.write_bytes(b'\n'.join(traffic.benign(30_000)) + b'\n')
    code, out, shown = run_on_terminal('scan', '--rules', RULES, '--output', 'verdicts', str(path))
    assert code == 0
    assert len(out.splitlines()) == 30_000
    assert '%' in shown and '\r' in shown, shown
    plain = run('scan', '--rules', RULES, '--output', 'verdicts', str(path))
    assert '\r' not in plain.err, plain.err


def test_scan_takes_the_profile(tmp_path):
    line = json.dumps({'time_iso8601': '2025-01-15T12:00:00+00:00', 'remote_addr': '81.64.0.1', 'request_method': 'GET',
                       'request_uri': '/items?' + traffic.ATTACKS['sqli']['query'], 'status': '200',
                       'request_time': '0.012', 'http_user_agent': traffic.BROWSER, 'http_host': 'shop.example.com'})
    result = run('scan', '--rules', RULES, '--profile', 'nginx', '--output', 'verdicts', '-', stdin=line.encode())
    assert result.code == 0, result
    verdict, = result.json_lines()
    assert verdict['malicious'] and 'sqli' in verdict['categories']


# --- explain

def test_explain_shows_decoding_hits_and_score():
    line = traffic.record(1, 1, 'c', '81.64.0.1', path='/items', query='id=7%2527%2520UNION%2520SELECT%2520login%2520FROM%2520accounts--')
    result = run('explain', '--rules', RULES, '-', stdin=line)
    assert result.code == 0, result
    text = result.out
    assert re.search(r'percent', text, re.I), result
    assert re.search(r'union select', text, re.I), result
    assert re.search(r'score', text, re.I), result


def test_explain_of_a_bad_record_says_why():
    result = run('explain', '--rules', RULES, '-', stdin=b'{"ts":')
    assert result.code == 1, result
    assert 'missing_field' in result.out + result.err


def test_explain_masks_secrets():
    line = traffic.record(1, 1, 'c', '81.64.0.1', query=traffic.ATTACKS['sqli']['query'] + '&password=hunter2hunter2')
    result = run('explain', '--rules', RULES, '-', stdin=line)
    assert result.code == 0, result
    assert 'hunter2hunter2' not in result.out + result.err


# --- rules

def test_the_shipped_rules_pass_their_own_examples_and_the_linter():
    for command in ('test', 'lint'):
        result = run('rules', command, RULES)
        assert result.code == 0, result


def test_rules_list_prints_one_line_per_rule_its_id_first():
    result = run('rules', 'list', RULES)
    assert result.code == 0
    files = [path for path in (REPOSITORY / 'rules').rglob('*.y*ml')]
    lines = result.out.splitlines()
    assert len(lines) >= len(files) > 12
    for line in lines:
        assert re.match(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b', line), line
    ids = [line.split()[0] for line in lines]
    assert len(set(ids)) == len(ids)


def test_rules_test_fails_when_an_example_does_not_match(tmp_path):
    (tmp_path / 'bad.yml').write_text(GOOD_RULE.replace('- quuxalpha', '- quuxbeta'))
    result = run('rules', 'test', str(tmp_path))
    assert result.code == 1, result
    assert 'bad.yml' in result.out + result.err


@pytest.mark.parametrize('broken', [
    GOOD_RULE.replace('condition: selection', 'condition: selection and nowhere'),
    GOOD_RULE.replace('detection:', 'detektion:'),
    GOOD_RULE.replace('cs-uri-query|contains: quuxalpha', 'cs-uri-query|re: "(unclosed"'),
    GOOD_RULE.replace('cs-uri-query|contains', 'cs-uri-query|frobnicates'),
    'title: [unclosed',
])
def test_a_broken_rule_is_refused_with_file_and_line(tmp_path, broken):
    (tmp_path / 'broken.yml').write_text(broken)
    for arguments in (('rules', 'test', str(tmp_path)), ('scan', '--rules', str(tmp_path), '-')):
        result = run(*arguments)
        assert result.code in (1, 2), result
        assert re.search(r'broken\.yml:\d+', result.out + result.err), result


# --- config

def test_config_check_accepts_the_shipped_configuration():
    result = run('config', 'check', str(REPOSITORY / 'config' / 'weir.yaml'))
    assert result.code == 0, result


def test_config_print_gives_a_configuration_that_checks(tmp_path):
    printed = run('config', 'print', str(REPOSITORY / 'config' / 'weir.yaml'))
    assert printed.code == 0, printed
    path = tmp_path / 'printed.yaml'
    path.write_text(printed.out)
    assert run('config', 'check', str(path)).code == 0
    assert run('config', 'print', str(path)).out == printed.out


def test_all_configuration_errors_are_reported_at_once(tmp_path):
    path = tmp_path / 'bad.yaml'
    path.write_text('kafka:\n'
                    '  bootstrap_server: 127.0.0.1:9092\n'      # misspelt
                    'http:\n'
                    '  port: 99999\n'                           # out of range
                    'lanes:\n'
                    '  detect: many\n'                          # no number
                    'frobnicate: true\n')                       # unknown
    result = run('config', 'check', str(path))
    assert result.code == 2, result
    report = result.out + result.err
    for line in (2, 4, 6, 7):
        assert f'bad.yaml:{line}' in report, result
    assert 'bootstrap_servers' in report, 'a misspelt key deserves a hint'


def test_the_daemon_refuses_a_wrong_configuration_the_same_way(tmp_path):
    path = tmp_path / 'bad.yaml'
    path.write_text('http:\n  port: 99999\nfrobnicate: true\n')
    result = run('run', '--config', str(path))
    assert result.code == 2, result
    assert 'bad.yaml:2' in result.err and 'bad.yaml:3' in result.err


def test_client_properties_that_contradict_each_other_are_refused_where_they_stand(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text('kafka:\n  client_properties:\n    linger.ms: 5\n    transaction.timeout.ms: 10000\n')
    for arguments in (('config', 'check', str(path)), ('run', '--config', str(path))):
        result = run(*arguments)
        assert result.code == 2, result
        assert 'weir.yaml:4:5: error:' in result.err and 'set message.timeout.ms' in result.err, result


def test_config_print_masks_secrets(tmp_path):
    path = tmp_path / 'secret.yaml'
    path.write_text('kafka:\n  security:\n    protocol: sasl_plaintext\n    sasl_mechanism: PLAIN\n'
                    '    sasl_username: weir\n    sasl_password: correct-horse-battery\n')
    result = run('config', 'print', str(path))
    assert 'correct-horse' not in result.out + result.err, result


def test_an_environment_variable_overrides_the_file(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text('http:\n  port: 9470\n')
    result = run('config', 'print', str(path), env={'WEIR_HTTP__PORT': '9471'})
    assert result.code == 0, result
    assert '9471' in result.out and '9470' not in result.out


# --- API keys

def test_a_generated_key_passes_the_check_and_is_masked(tmp_path):
    made = run('apikey', 'generate', '--prefix', 'ops')
    key = made.out.strip()
    assert made.code == 0 and re.fullmatch(r'ops_[A-Za-z0-9_-]{43}', key)
    assert run('apikey', 'check', key).code == 0
    masked = run('apikey', 'mask', key).out.strip()
    assert masked == '***' + key[-4:]
    hashed = run('apikey', 'hash', stdin=key.encode() + b'\n').out.strip()
    assert re.fullmatch('sha256:[0-9a-f]{64}', hashed) and hashed in made.err
    assert run('apikey', 'generate').out != run('apikey', 'generate').out


def test_what_is_no_key_is_refused_without_being_repeated():
    for text in ('hunter2hunter2hunter2', 'wk_short', 'WK_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'wk_with blanks in it, long enough'):
        checked, hashed = run('apikey', 'check', text), run('apikey', 'hash', text)
        assert checked.code == 1 and hashed.code == 2
        assert text not in checked.err + hashed.err
        assert run('apikey', 'mask', text).out.strip() == '***'
    assert run('apikey', 'generate', '--prefix', 'TOOLONG').code == 2


COMBINED = '203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /w?q={} HTTP/1.1" 200 3 "-" "curl/8"\n'
FLAT = '{"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.1","method":"GET","path":"/a","query":"q=1","user_agent":"x"}\n'
TWO_SOURCES = 'sources:\n  - {name: api, topics: [a]}\n  - {name: web, topics: [b], profile: nginx}\n'


def test_config_check_says_whether_a_sample_fits_and_what_to_write(tmp_path):
    config, sample = tmp_path / 'weir.yaml', tmp_path / 'access.log'
    config.write_text('input:\n  profile: flat\n')
    sample.write_text(''.join(COMBINED.format(number) for number in range(20)))
    result = run('config', 'check', str(config), '--sample', str(sample))
    assert result.code == 1
    assert f'{sample}, read as source default (flat): 0 of 20 records fit, 0 requests' in result.out
    assert 'it looks like nginx combined, 20 of 20 records' in result.out
    assert '\n  profile: nginx\n' in result.out

    config.write_text('input:\n  profile: nginx\n')
    result = run('config', 'check', str(config), '--sample', str(sample))
    assert result.code == 0 and '20 of 20 records fit, 20 requests' in result.out
    assert 'no request has' not in result.out


def test_config_check_of_a_sample_names_what_no_request_has(tmp_path):
    config, sample = tmp_path / 'weir.yaml', tmp_path / 'records.json'
    config.write_text('input:\n  fields:\n    cookie: /kookie\n')
    sample.write_text(FLAT.replace(',"user_agent":"x"', ''))
    result = run('config', 'check', str(config), '--sample', str(sample))
    assert result.code == 0
    assert result.out.count('no request has') == 2
    assert 'no request has: user_agent' in result.out and 'no request has: cookie' in result.out


def test_config_check_tries_a_sample_with_each_source_or_the_one_named(tmp_path):
    config, sample = tmp_path / 'weir.yaml', tmp_path / 'access.log'
    config.write_text(TWO_SOURCES)
    sample.write_text(COMBINED.format(1))
    result = run('config', 'check', str(config), '--sample', str(sample))
    assert result.code == 0
    assert 'source api (flat): 0 of 1 records fit' in result.out and 'source web (nginx): 1 of 1' in result.out
    assert run('config', 'check', str(config), '--sample', str(sample), '--source', 'api').code == 1
    wrong = run('config', 'check', str(config), '--sample', str(sample), '--source', 'ape')
    assert wrong.code == 2 and "no source 'ape'; the configuration has api, web" in wrong.err


def test_scan_and_explain_read_as_the_source_that_is_named(tmp_path):
    config, sample = tmp_path / 'weir.yaml', tmp_path / 'access.log'
    config.write_text(TWO_SOURCES)
    sample.write_text(COMBINED.format('1%27%20UNION%20SELECT%20password%20FROM%20users--'))
    rest = ['--config', str(config), '--rules', RULES]
    result = run('scan', *rest, '--source', 'web', '--output', 'alerts', str(sample))
    assert result.code == 0
    record = json.loads(result.out.splitlines()[0])['unmapped']['weir']['record']
    assert (record['topic'], record['source']) == ('b', 'web')
    assert run('scan', *rest, '--source', 'api', str(sample)).code == 1
    assert run('explain', *rest, '--source', 'web', str(sample)).code == 0
    result = run('explain', *rest, str(sample))
    assert result.code == 2 and 'say which with --source: api, web' in result.err
    printed = run('config', 'print', str(config), '--source', 'web').out
    assert 'name: web' in printed and 'name: api' not in printed


def test_profiles_of_ones_own_are_found_by_every_command(tmp_path):
    folder, sample = tmp_path / 'profiles', tmp_path / 'shop.log'
    folder.mkdir()
    profile = folder / 'shop.yaml'
    profile.write_text("""name: shop
title: The shop
text:
  - {name: main, line: '{time}|{client_ip}|{method}|{target}|{user_agent}'}
examples:
  - record: '2025-01-15T10:20:30Z|203.0.113.9|GET|/a?b=c|curl'
    event: {time: 2025-01-15T10:20:30.000Z, client_ip: 203.0.113.9, method: GET, path: /a, query: b=c, user_agent: curl}
""")
    config = tmp_path / 'weir.yaml'
    config.write_text(f'profiles: {{directories: [{folder}]}}\ninput: {{profile: shop}}\n')
    sample.write_text('2025-01-15T10:20:30Z|203.0.113.9|GET|/a?b=c|curl\n')
    assert run('config', 'check', str(config), '--sample', str(sample)).code == 0
    assert 'The shop' in run('profiles', 'list', '--config', str(config)).out
    assert run('profiles', 'test', 'shop', '--config', str(config)).code == 0
    verdict = run('scan', '--config', str(config), '--rules', RULES, '--output', 'verdicts', str(sample))
    assert json.loads(verdict.out)['client'] == '203.0.113.9'
    config.write_text(f'profiles: {{directories: [{folder}]}}\n')
    assert 'shop.log: shop' in run('scan', '--config', str(config), '--rules', RULES, str(sample)).err

    profile.write_text(profile.read_text().replace('title:', 'titel:'))
    for arguments in (['config', 'check', str(config)], ['scan', '--config', str(config), str(sample)]):
        result = run(*arguments)
        assert result.code == 2 and f'{profile}:2' in result.err

"""weir alerts on files and standard input: what is shown, and which."""
import json
import os
import re
import signal
import subprocess

import pytest

import ocsf
import traffic
from command import run
from waiting import wait_for
from weir_process import binary, environment

KEY = 'A' * 43 + '='


@pytest.fixture(scope='module')
def scanned(tmp_path_factory):
    """[(file, its alerts)] in both encodings: of every kind that generated traffic makes."""
    folder = tmp_path_factory.mktemp('alerts')
    requests = folder / 'requests.ndjson'
    requests.write_bytes(b'\n'.join(record for part in traffic.every_kind_in_two_parts() for record in part) + b'\n')
    made = {}
    for encoding in ('ocsf', 'ecs'):
        ran = run('scan', '--profile', 'flat', '--output', 'alerts', str(requests), env={'WEIR_ALERTS__ENCODING': encoding})
        path = folder / f'{encoding}.ndjson'
        path.write_text(ran.out)
        made[encoding] = path, ran.json_lines()
    return made


def own(alert):
    return (alert.get('unmapped') or alert)['weir']


def id_of(alert):
    return alert['metadata']['uid'] if 'metadata' in alert else alert['event']['id']


def episode_of(alert):
    return alert['finding_info']['uid'] if 'finding_info' in alert else alert['weir']['episode']


def without_title(related):
    assert related['title']
    return {name: value for name, value in related.items() if name != 'title'}


def listed(*arguments, **kinds):
    ran = run('alerts', 'list', '--json', *arguments, **kinds)
    assert ran.code == 0, ran
    return ran.json_lines()


def test_a_list_has_a_line_for_each(scanned):
    path, alerts = scanned['ocsf']
    ran = run('alerts', 'list', str(path))
    assert ran.code == 0 and len(ran.out.splitlines()) == len(alerts), ran
    assert all(id_of(alert)[:8] in line for alert, line in zip(alerts, ran.out.splitlines()))
    assert run('alerts', 'list', '-', stdin=path.read_bytes()).out == ran.out
    assert run('alerts', 'list', '--last', '2', str(path)).out.splitlines() == ran.out.splitlines()[-2:]


def test_an_alert_names_what_else_its_client_does(tmp_path):
    requests = [{'ts': 1_700_000_000 + i, 'ip': '203.0.113.9', 'method': 'POST', 'path': '/login', 'status': 401,
                 'user_agent': 'Mozilla/5.0'} for i in range(22)]
    requests.insert(1, requests[0] | {'path': '/search', 'query': "q=1' UNION SELECT password FROM users--", 'status': 200})
    requests.append(requests[-1] | {'path': '/login', 'status': 200})
    log = tmp_path / 'requests.ndjson'
    log.write_text('\n'.join(map(json.dumps, requests)) + '\n')
    for encoding in ('ocsf', 'ecs'):
        ran = run('scan', '--profile', 'flat', '--output', 'alerts', str(log), env={'WEIR_ALERTS__ENCODING': encoding})
        alerts = [alert for alert in ran.json_lines() if own(alert)['phase'] == 'opened']
        kinds = {own(alert)['kind']: alert for alert in alerts}
        assert set(kinds) == {'attack', 'burst', 'correlation'}, ran
        attack, burst = ({'kind': kind, 'episode': episode_of(kinds[kind]), 'opened_by': id_of(kinds[kind])}
                         for kind in ('attack', 'burst'))
        assert [without_title(one) for one in own(kinds['burst'])['related']] == [attack]
        assert [without_title(one) for one in own(kinds['correlation'])['related']] == [attack, burst]
        if encoding == 'ocsf':
            ocsf.assert_valid(kinds['correlation'])
            events = kinds['correlation']['finding_info']['related_events']
            assert [one['uid'] for one in events] == [attack['opened_by'], burst['opened_by']]
            assert 'related_events' not in kinds['attack']['finding_info']
        path = tmp_path / f'{encoding}.alerts'
        path.write_text(ran.out)
        screen = run('alerts', 'show', id_of(kinds['correlation']), str(path)).out
        lines = screen.splitlines()
        first = next(i for i, line in enumerate(lines) if line.split()[:1] == ['related'])
        assert attack['opened_by'] in lines[first] and 'attack: ' in lines[first], screen
        assert burst['opened_by'] in lines[first + 1] and 'failed_authentication' in lines[first + 1], screen


def test_both_encodings_read_alike(scanned):
    for form in ((), ('--full',)):
        shown = [run('alerts', 'list', *form, str(path)).out for path, _ in scanned.values()]
        assert shown[0] == shown[1] and shown[0]


def test_filters_choose_and_combine(scanned):
    path, alerts = scanned['ocsf']
    attacks = [alert for alert in alerts if own(alert)['kind'] == 'attack']
    assert 0 < len(attacks) < len(alerts)
    assert listed('--kind', 'attack', str(path)) == attacks
    assert listed('--kind', 'attack', '--kind', 'abuse', '--kind', 'burst', '--kind', 'correlation', str(path)) == alerts
    category = own(attacks[0])['categories'][0]
    assert listed('--category', category, str(path)) == [one for one in attacks if category in own(one)['categories']]
    client = own(attacks[0])['client']
    assert listed('--client', client, '--kind', 'attack', str(path)) == [one for one in attacks if own(one)['client'] == client]
    host = attacks[0]['evidences'][0]['http_request']['url']['hostname']
    assert attacks[0] in listed('--host', host, str(path)) and listed('--host', 'nobody.example', str(path)) == []
    assert listed('--severity', 'high', str(path)) == [one for one in alerts if one['severity_id'] >= 4]
    latest = max(alert['time'] for alert in alerts)
    assert listed('--since', str(latest), str(path)) == [one for one in alerts if one['time'] >= latest]


def test_one_alert_fills_a_screen_with_all_that_it_says(scanned):
    path, alerts = scanned['ocsf']
    attack = next(one for one in alerts if own(one)['kind'] == 'attack' and any(
        'decode_steps' in hit for hit in one['evidences'][0]['data']['hits']))
    ran = run('alerts', 'show', id_of(attack)[:13], str(path))
    assert ran.code == 0, ran
    evidence = attack['evidences'][0]
    hit = next(one for one in evidence['data']['hits'] if 'decode_steps' in one)
    record = own(attack)['record']
    for text in (attack['finding_info']['title'], own(attack)['client'], evidence['http_request']['url']['path'], hit['rule_id'], hit['title'],
                 hit['excerpt'], 'decoded: ' + ' → '.join(hit['decode_steps']), f"{record['topic']}/{record['partition']} at offset {record['offset']}",
                 id_of(attack)):
        assert text in ran.out, (text, ran)
    assert len(ran.out.splitlines()) <= 80 and '\033' not in ran.out


def test_an_id_that_is_not_there_is_said(scanned):
    ran = run('alerts', 'show', 'ffffffff-none', str(scanned['ocsf'][0]))
    assert ran.code == 1 and ran.out == '' and 'ffffffff-none' in ran.err, ran


def test_on_a_terminal_severity_has_a_colour(scanned):
    import pty
    master, slave = pty.openpty()
    child = subprocess.Popen([binary(), 'alerts', 'list', '--severity', 'high', str(scanned['ocsf'][0])], stdout=slave,
                             env={**os.environ, **environment({'TERM': 'xterm-256color', 'NO_COLOR': ''})})
    os.close(slave)
    shown = b''
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:      # a pseudo-terminal's end is an error
        pass
    os.close(master)
    assert child.wait(30) == 0 and b'\033[31mHigh' in shown


def test_text_of_an_attacker_cannot_drive_the_terminal(tmp_path, scanned):
    _, alerts = scanned['ocsf']
    evil = json.loads(json.dumps(next(one for one in alerts if own(one)['kind'] == 'attack')))
    evil['evidences'][0]['http_request']['user_agent'] = evil['message'] = 'a\u001b[2Jb\u0007\nc'
    path = tmp_path / 'evil.ndjson'
    path.write_text(json.dumps(evil) + '\n')
    for ran in (run('alerts', 'list', str(path)), run('alerts', 'list', '--full', str(path))):
        assert '\033' not in ran.out and '\007' not in ran.out and '\\x1b' in ran.out, ran


def test_encrypted_alerts_are_shown_with_the_key_and_named_without(scanned, tmp_path):
    requests = scanned['ocsf'][0].parent / 'requests.ndjson'
    path = tmp_path / 'encrypted.ndjson'
    path.write_text(run('scan', '--profile', 'flat', '--output', 'alerts', str(requests), env={'ENCRYPTION_KEY': KEY}).out)
    plain = run('alerts', 'list', '--full', str(scanned['ocsf'][0])).out
    assert run('alerts', 'list', '--full', str(path), env={'ENCRYPTION_KEY': KEY}).out == plain
    closed = run('alerts', 'list', '--full', '--kind', 'attack', str(path))
    assert closed.code == 0 and 'encrypted: weir decrypt' in closed.out and 'Mozilla' not in closed.out, closed


def test_tail_shows_what_is_written_to_a_file_until_it_is_interrupted(scanned, tmp_path):
    _, alerts = scanned['ocsf']
    path, out = tmp_path / 'alerts.ndjson', tmp_path / 'out'
    path.write_text('')
    with open(out, 'wb') as shown:
        child = subprocess.Popen([binary(), 'alerts', 'tail', '--json', str(path)], stdout=shown, env={**os.environ, **environment()})
        try:
            for count, alert in enumerate(alerts[:3], 1):
                with open(path, 'a') as file:
                    file.write(json.dumps(alert) + '\n')
                wait_for(lambda: out.read_text().count('\n') == count, 30, lambda: out.read_text())
            child.send_signal(signal.SIGINT)
            assert child.wait(30) == 0
        finally:
            child.kill()
    assert [json.loads(line) for line in out.read_text().splitlines()] == alerts[:3]


def test_lines_that_are_no_alerts_are_counted(scanned):
    path, alerts = scanned['ocsf']
    ran = run('alerts', 'list', '-', stdin=b'hello\n{"a":1}\n' + path.read_bytes())
    assert ran.code == 0 and len(ran.out.splitlines()) == len(alerts) and '2 lines were no alerts' in ran.err, ran


@pytest.mark.parametrize('arguments', [['list', 'no/such/file'], ['list', '--since', 'yesterday', '-'], ['list', '--severity', 'loud', '-'], ['show']])
def test_wrong_use_is_said(arguments):
    ran = run('alerts', *arguments)
    assert ran.code in (1, 2) and ran.out == '' and ran.err, ran


def test_a_burst_shows_what_it_is_made_of_and_a_secret_in_it_is_masked(tmp_path):
    records = []
    for number in range(40):
        records.append(traffic.record(number, number, ['ann', 'bob', 'eve'][number % 3], '203.0.113.9', method='POST', status=401,
                                      path=f'/login/{number}', user_agent='guesser/1.0 token=ghp_' + 'a1B2' * 9))
    ran = run('scan', '--profile', 'flat', '--output', 'alerts', '--close-episodes', '-', stdin=b'\n'.join(records) + b'\n')
    closed = [one for one in ran.json_lines() if own(one)['kind'] == 'burst' and own(one)['phase'] == 'closed'
              and own(one)['client'] == '203.0.113.9' and 'failed_authentication' in one['unmapped']['reasons']]
    assert len(closed) == 1, ran
    made_of = own(closed[0])['made_of']
    assert {one['value']: one['requests'] for one in made_of['accounts']['values']} == {'ann': 14, 'bob': 13, 'eve': 13}
    assert made_of['paths'] == {'values': [{'value': '/login/*', 'requests': 40}]}
    assert made_of['statuses'] == {'values': [{'value': '401', 'requests': 40}]}
    assert made_of['addresses'] == {'values': [{'value': '203.0.113.9', 'requests': 40}]}
    assert len(made_of['agents']['values']) == 1 and 'a1B2a1B2' not in ran.out
    assert own(closed[0])['window']['requests'] == 40

    shown = run('alerts', 'show', id_of(closed[0]), '-', stdin=ran.out.encode()).out
    assert re.search(r'accounts +14 +ann\n', shown) and '/login/*' in shown, shown


def test_the_screen_names_the_outcome_of_the_request_and_of_the_episode():
    attack = "q=%27%20union%20select%20password%20from%20users--"
    records = [traffic.record(number, number, 'eve', '203.0.113.9', query=attack, path=path, status=status)
               for number, (path, status) in enumerate((('/search', 200), ('/account', 403)))]
    ran = run('scan', '--profile', 'flat', '--output', 'alerts', '--close-episodes', '-', stdin=b'\n'.join(records) + b'\n')
    updated = [one for one in ran.json_lines() if own(one)['kind'] == 'attack' and own(one)['phase'] == 'updated']
    shown = run('alerts', 'show', id_of(updated[0]), '-', stdin=ran.out.encode()).out
    assert "blocked (this request), answered (the episode's most telling)" in shown, shown

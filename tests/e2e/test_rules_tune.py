"""weir rules tune: what it proposes ends the false alarms and keeps every attack, and it says what else would go."""
import json
import re
from pathlib import Path

import pytest

from command import run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'policy.md'
SQLI = "1%27+UNION+SELECT+password+FROM+users"


def record(path='/articles/17', query='', **fields):
    return json.dumps({'ts': '2026-11-20T10:00:00Z', 'ip': '192.0.2.1', 'method': 'POST', 'host': 'cms.example', 'path': path,
                       'query': query, **fields})


def file_of(folder, name, records):
    file = folder / name
    file.write_text('\n'.join(records) + '\n')
    return file


def verdicts(records, policy=None):
    more = []
    if policy is not None:
        file = records.parent / 'policy.yaml'
        file.write_text(policy)
        config = records.parent / 'weir.yaml'
        config.write_text('policy: {files: [policy.yaml]}\n')
        more = ['--config', config]
    return [verdict['malicious'] for verdict in run('scan', '--profile', 'flat', '--output', 'verdicts', *more, records).json_lines()]


def tuned(*arguments, code=0, stdin=b''):
    done = run('rules', 'tune', '--profile', 'flat', *arguments, stdin=stdin)
    assert done.code == code, done
    return done


def tuned_json(*arguments, code=0, stdin=b''):
    return json.loads(tuned('--json', *arguments, code=code, stdin=stdin).out)


def widths(found):
    return [proposal['width'] for proposal in found['proposals']]


def test_the_narrowest_exclusion_that_loses_no_attack_is_proposed(tmp_path):
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text={SQLI}'), record('/articles/18', f'text={SQLI}')])
    attacks = [record(query=f'title={SQLI}'), record('/search', f'text={SQLI}'), record('/x', 'f=../../../etc/passwd')]
    against = file_of(tmp_path, 'attacks.ndjson', attacks)
    done = tuned('--from-record', alarms, '--against', against)
    assert 'parameter: "text"' in done.out and '> parameter ' in done.err, done
    assert 'positive examples of the rules concerned are still found' in done.err
    assert verdicts(alarms) == [True, True] and verdicts(against) == [True] * 3
    assert verdicts(alarms, done.out) == [False, False], 'ended'
    assert verdicts(against, done.out) == [True] * 3, 'nothing lost'
    found = tuned_json('--from-record', alarms, '--against', against)
    assert found['chosen'] == 0 and found['proposals'][0]['policy'] in done.out
    assert widths(found) == ['parameter', 'route', 'host', 'client and parameter']
    by_width = {proposal['width']: proposal for proposal in found['proposals']}
    assert by_width['route']['attacks_lost']['count'] == 1, 'the other parameter'
    assert by_width['host']['attacks_lost']['count'] == 2, 'and the other route'
    assert found['range'] == {'requests': 3, 'attacks': 3, 'false_alarms': 0}


def test_a_wider_one_is_taken_rather_than_many(tmp_path):
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text{i}={SQLI}') for i in range(9)])
    done = tuned('--from-record', alarms)
    assert '> route ' in done.err and 'parameter:' not in done.out, done
    assert verdicts(alarms, done.out) == [False] * 9
    assert '> parameter ' in tuned('--from-record', alarms, '--at-most', '9').err
    routes = file_of(tmp_path, 'routes.ndjson', [record(f'/page{"x" * i}/edit', f'text={SQLI}') for i in range(9)])
    done = tuned('--from-record', routes)
    assert '> host ' in done.err and verdicts(routes, done.out) == [False] * 9
    # The wide one would lose an attack, so many it is.
    lost = file_of(tmp_path, 'attacks.ndjson', [record('/login', f'user={SQLI}')])
    done = tuned('--from-record', routes, '--against', lost)
    assert '> parameter ' in done.err and verdicts(lost, done.out) == [True]


def test_an_attack_in_the_same_place_leaves_only_the_client_or_nothing(tmp_path):
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text={SQLI}')])
    other = file_of(tmp_path, 'other.ndjson', [record('/articles/99', f'text={SQLI}', ip='203.0.113.9')])
    done = tuned('--from-record', alarms, '--against', other)
    assert '> client and parameter' in done.err and 'clients: ["192.0.2.1"]' in done.out, done
    assert verdicts(alarms, done.out) == [False] and verdicts(other, done.out) == [True]
    # All that the false alarm says, and more.
    same = file_of(tmp_path, 'same.ndjson', [record(query=f'text={SQLI}', user_agent='curl/8')])
    done = tuned('--from-record', alarms, '--against', same, code=1)
    assert done.out == '' and 'Nothing ends the false alarms and keeps every attack' in done.err
    assert 'same.ndjson:1: POST cms.example/articles/17' in done.err
    assert tuned_json('--from-record', alarms, '--against', same, code=1)['chosen'] is None


def test_where_only_the_text_tells_them_apart_a_filter_is_proposed(tmp_path):
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text=lesson+on+databases:+{SQLI}+is+how'),
                                                record('/articles/9', query=f'text=our+lesson+on+databases:+never+{SQLI}')])
    against = file_of(tmp_path, 'attacks.ndjson', [record('/articles/1', f'text=is+{SQLI}'), record('/articles/2', 'f=../../../etc/passwd')])
    done = tuned('--from-record', alarms, '--against', against)
    assert '> filter ' in done.err and 'whoever sends that text, too, is not found' in done.err, done
    assert "weir.query|contains: 'lesson on databases:'" in done.out and "cs-host: 'cms.example'" in done.out
    found = tuned_json('--from-record', alarms, '--against', against)
    assert found['proposals'][found['chosen']]['filter'] in done.out
    rules = tmp_path / 'rules'
    rules.mkdir()
    (rules / 'filter.yml').write_text(done.out)
    more = ['--rules', ROOT / 'rules', '--rules', rules]
    judged = {file: [verdict['malicious'] for verdict in run('scan', '--profile', 'flat', '--output', 'verdicts', *more, file).json_lines()]
              for file in (alarms, against)}
    assert judged == {alarms: [False, False], against: [True, True]}


@pytest.mark.parametrize('form', ['ocsf', 'ecs'])
def test_alerts_are_enough_and_their_requests_are_known_again(tmp_path, form):
    config = tmp_path / 'alerts.yaml'
    config.write_text(f'alerts: {{encoding: {form}}}\n')
    alarm = record(query=f'text={SQLI}', request_id='r-1')
    alarms = file_of(tmp_path, 'false.ndjson', [alarm])
    alerts = run('scan', '--profile', 'flat', '--config', config, '--output', 'alerts', alarms).out.encode()
    attacks = [record(query=f'title={SQLI}', request_id='r-2'), alarm]
    against = file_of(tmp_path, 'range.ndjson', attacks)
    done = tuned('--from-alert', '-', '--against', against, stdin=alerts)
    assert '1 attacks, 1 of these false alarms once more' in done.err, done
    assert verdicts(against, done.out) == [True, False]
    # The id is the client's to choose: with another path it is another request.
    forged = file_of(tmp_path, 'forged.ndjson', [record('/articles/20', f'text={SQLI}', request_id='r-1')])
    tuned('--from-alert', '-', '--against', forged, code=1, stdin=alerts)
    assert 'is not sure' in tuned('--from-alert', '-', stdin=alerts).err


def test_where_the_request_of_an_alert_is_met_again_all_of_its_hits_are_ended(tmp_path):
    # An alert shows each rule once; the same one hits in a second parameter, too.
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text={SQLI}&note={SQLI}', request_id='r-1')])
    alerts = run('scan', '--profile', 'flat', '--output', 'alerts', alarms).out.encode()
    alone = tuned('--from-alert', '-', stdin=alerts)
    assert 'note' not in alone.out and verdicts(alarms, alone.out) == [True], 'what the note of the report warns of'
    done = tuned('--from-alert', '-', '--against', alarms, stdin=alerts)
    assert '> parameter ' in done.err and 'parameter: "note"' in done.out, done
    assert verdicts(alarms, done.out) == [False]
    # From standard input the range is read once only: then a wider one must do.
    (tmp_path / 'alerts.ndjson').write_bytes(alerts)
    piped = tuned('--from-alert', tmp_path / 'alerts.ndjson', '--against', '-', stdin=alarms.read_bytes())
    assert '> route ' in piped.err and verdicts(alarms, piped.out) == [False]


def test_the_policy_in_force_stays_and_its_routes_are_used(tmp_path):
    config = tmp_path / 'in_force.yaml'
    config.write_text('''policy:
  routes: [{name: editor, path: "/articles/**"}]
  exclusions: [{rules: ["*"], route: editor, parameter: known, comment: as it was}]
''')
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text={SQLI}')])
    against = file_of(tmp_path, 'range.ndjson', [record(query=f'known={SQLI}'), record(query=f'title={SQLI}')])
    found = tuned_json('--config', config, '--from-record', alarms, '--against', against)
    chosen = found['proposals'][found['chosen']]
    assert 'routes: []' in chosen['policy'] and 'route: "editor"' in chosen['policy'], chosen
    assert found['range']['attacks'] == 1, 'what the policy excludes already is none'
    assert all(exclusion['hidden_hits'] == 0 for exclusion in chosen['exclusions'])


def test_positive_examples_on_the_route_of_an_exclusion_are_named(tmp_path):
    # On no host and the path of an example that is a text: the path / and the parameter q.
    alarms = file_of(tmp_path, 'false.ndjson', [json.dumps({'ts': '2026-11-20T10:00:00Z', 'ip': '192.0.2.1', 'method': 'GET', 'path': '/',
                                                            'query': f'q={SQLI}'})])
    done = tuned('--from-record', alarms)
    assert re.search(r"union_select\.yml:\d+: this positive example of 'SQL injection: UNION SELECT' is on the route of GET /, q", done.err), done
    assert any(lost['file'].endswith('union_select.yml') for lost in tuned_json('--from-record', alarms)['proposals'][0]['examples_lost'])


def test_secrets_are_masked_in_what_would_be_hidden(tmp_path):
    alarms = file_of(tmp_path, 'false.ndjson', [record(query=f'text={SQLI}')])
    against = file_of(tmp_path, 'range.ndjson', [record(query=f'text={SQLI}&f=../../../etc/passwd&api_key=AKIAIOSFODNN7EXAMPLE')])
    done = tuned('--from-record', alarms, '--against', against)
    assert 'would also hide' in done.err and 'range.ndjson:1' in done.err, done
    assert 'AKIAIOSFODNN7EXAMPLE' not in done.out + done.err
    assert 'AKIAIOSFODNN7EXAMPLE' not in tuned('--from-record', alarms, '--against', against, '--json').out
    in_path = file_of(tmp_path, 'path.ndjson', [record('/api_key=AKIAIOSFODNN7EXAMPLE/x', f'text={SQLI}')])
    done = tuned('--from-record', in_path)
    assert 'AKIAIOSFODNN7EXAMPLE' not in done.out + done.err and 'path: "/{id}/x"' in done.out, done
    assert verdicts(in_path, done.out) == [False]


def test_what_cannot_be_tuned_is_told(tmp_path):
    quiet = file_of(tmp_path, 'quiet.ndjson', [record(query='text=hello')])
    assert 'quiet.ndjson:1 is not malicious' in tuned('--from-record', quiet, code=1).err
    assert 'no alerts of weir' in tuned('--from-alert', '-', stdin=b'{"a": 1}\n', code=1).err
    assert 'what was a false alarm' in tuned(code=2).err
    assert 'read twice' in tuned('--from-record', '-', code=2).err
    assert 'once only' in tuned('--from-alert', '-', '--against', '-', code=2).err
    assert tuned('--from-record', tmp_path / 'none.ndjson', code=1).out == ''


def test_the_example_of_the_documents_is_what_comes_out(tmp_path):
    section = PAGE.read_text().split('### Without losing an attack', 1)[1].split('\n## ', 1)[0]
    alarms, attacks = re.findall(r'```json\n(.*?)```', section, re.S)
    (console,) = re.findall(r'```console\n(.*?)```', section, re.S)
    (policy,) = re.findall(r'```yaml\n(.*?)```', section, re.S)
    command, expected = console.split('\n', 1)
    file_of(tmp_path, 'false.ndjson', alarms.splitlines())
    file_of(tmp_path, 'attacks.ndjson', attacks.splitlines())
    words = command.removeprefix('$ weir ').split(' > ')[0].split()
    done = run(*words, cwd=tmp_path)
    assert done.code == 0, done
    told = [line for line in done.err.splitlines() if 'lines' not in line and 'no policy was in force' not in line]
    assert told == expected.splitlines()
    assert done.err.count('false.ndjson: flat') == 1, 'read twice, named once'
    assert re.sub(r'expires: \S+', 'expires: 2027-02-27', done.out) == policy

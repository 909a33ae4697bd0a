"""Files of the enrichment that are replaced while weir runs."""
import os

import mmdb_file
import traffic
from waiting import wait_for


def replace(path, text):
    """As programs that fetch lists do: a whole file takes the place of the old one."""
    new = path.with_suffix('.new')
    new.write_text(text)
    os.replace(new, path)


def lists_of(pipeline, client):
    """What the client's first alert names; nothing before it is there."""
    found = [one['alert']['unmapped']['weir']['enrichment'].get('threat_lists', []) for one in pipeline.alerts()
             if one['alert']['unmapped']['weir']['client'] == client]
    return found[0] if found else None


def attack(number, address):
    return traffic.record(number, number, f'client-{number}', address, query='q=%27%20union%20select%20password%20from%20users--')


def test_a_replaced_list_is_used_and_a_broken_one_is_not(pipeline, tmp_path):
    blocked = tmp_path / 'blocked.netset'
    blocked.write_text('192.0.2.1\n')
    database = mmdb_file.write(tmp_path / 'country.mmdb', {'192.0.2.0/24': {'country_code': 'NL'}})
    weir = pipeline.start(enrichment={'threat_lists': [str(blocked)], 'country_database': str(database)})
    weir.wait_for_metric('weir_enrichment_entries', 1, kind='threat_lists')
    assert weir.metric('weir_enrichment_oldest_file_timestamp_seconds') > 1_700_000_000

    pipeline.broker.produce(pipeline.requests, [attack(1, '192.0.2.1'), attack(2, '192.0.2.2')])
    wait_for(lambda: lists_of(pipeline, 'client-1') == ['blocked'], 60, 'the alert of a listed address')
    wait_for(lambda: lists_of(pipeline, 'client-2') == [], 60, 'the alert of another')

    replace(blocked, '192.0.2.3\n192.0.2.4\n')
    weir.wait_for_metric('weir_enrichment_reloads_total', 1, result='success')
    database.write_bytes(database.read_bytes()[:40])      # cut in place
    weir.wait_for_metric('weir_enrichment_reloads_total', 1, result='failure')
    assert weir.metric('weir_enrichment_entries', kind='threat_lists') == 2

    pipeline.broker.produce(pipeline.requests, [attack(3, '192.0.2.3')])
    wait_for(lambda: lists_of(pipeline, 'client-3') == ['blocked'], 60, 'the alert of an address of the new list')
    alert = next(one['alert'] for one in pipeline.alerts() if one['alert']['unmapped']['weir']['client'] == 'client-3')
    assert alert['evidences'][0]['src_endpoint']['location'] == {'country': 'NL'}

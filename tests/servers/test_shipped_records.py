"""Records as the manuals of shippers show them, each with an nginx line in it: read by the line's own directive."""
import json
from pathlib import Path

import pytest

from command import run

LINE = '203.0.113.7 - - [28/Nov/2026:10:00:00 +0000] "GET /search?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20 HTTP/1.1" 200 17 "-" "Mozilla/5.0"'

RECORDS = {
    'filebeat': ('/message', {
        '@timestamp': '2026-11-28T10:00:01.000Z', '@metadata': {'beat': 'filebeat', 'type': '_doc', 'version': '8.15.0'},
        'log': {'offset': 0, 'file': {'path': '/var/log/nginx/access.log'}}, 'message': LINE, 'input': {'type': 'filestream'},
        'ecs': {'version': '8.0.0'}, 'host': {'name': 'web-1'}, 'agent': {'type': 'filebeat', 'name': 'web-1'}}),
    'fluent-bit': ('/log', {'@timestamp': 1795860001.5, 'log': LINE}),
    'vector': ('/message', {
        'file': '/var/log/nginx/access.log', 'host': 'web-1', 'message': LINE, 'source_type': 'file',
        'timestamp': '2026-11-28T10:00:01.000000000Z'}),
}


@pytest.mark.parametrize('shipper', RECORDS)
def test_the_line_within_is_read(tmp_path, shipper):
    unwrap, record = RECORDS[shipper]
    config = tmp_path / 'weir.yaml'
    config.write_text(json.dumps({'input': {'format': {'nginx': 'combined'}, 'unwrap': unwrap}}))
    result = run('scan', '--config', str(config), '--output', 'verdicts', '-', stdin=json.dumps(record).encode() + b'\n')
    assert result.code == 0, result
    verdict, = result.json_lines()
    assert verdict['malicious'] and 'sqli' in verdict['categories'], verdict


@pytest.mark.parametrize('shipper', RECORDS)
def test_the_manual_names_the_same_place(shipper):
    manual = (Path(__file__).parents[2] / 'docs' / 'shippers.md').read_text(encoding='utf-8')
    name = shipper.replace('-', ' ').title()
    row, = [line for line in manual.splitlines() if line.startswith(f'| {name} |')]
    assert f'`unwrap: {RECORDS[shipper][0]}`' in row


@pytest.mark.parametrize('shipper', RECORDS)
def test_the_envelope_is_recognised(tmp_path, shipper):
    unwrap, record = RECORDS[shipper]
    log = tmp_path / 'records.ndjson'
    log.write_text(json.dumps(record) + '\n', encoding='utf-8')
    result = run('profiles', 'detect', str(log))
    assert f'nginx combined, unwrapped from {unwrap}, 1 of 1 lines' in result.out, result

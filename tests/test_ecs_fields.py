"""Alerts in ECS hold fields of the Elastic Common Schema, each with a value of its type, and weir's own under `weir` alone. The list of
fields is that of the package @elastic/ecs, fetched once into build/."""
import datetime
import ipaddress
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / 'e2e'))

import traffic                  # noqa: E402
from command import run         # noqa: E402
from weir_process import REPOSITORY     # noqa: E402

PACKAGE = '@elastic/ecs@8.11.5'
FLAT = 'package/build/commonjs/ecs_flat.js'


def fetched_fields(folder):
    """{name: field} of the whole schema."""
    if not (folder / FLAT).exists():
        folder.mkdir(parents=True, exist_ok=True)
        name = subprocess.run(['npm', 'pack', '--silent', PACKAGE], cwd=folder, check=True, capture_output=True, text=True,
                              timeout=300).stdout.strip().splitlines()[-1]
        with tarfile.open(folder / name) as archive:
            (folder / FLAT).parent.mkdir(parents=True, exist_ok=True)
            (folder / FLAT).write_bytes(archive.extractfile(FLAT).read())
    script = f'process.stdout.write(JSON.stringify(require({json.dumps(str(folder / FLAT))}).EcsFlat))'
    return json.loads(subprocess.run(['node', '-e', script], check=True, capture_output=True, text=True, timeout=60).stdout)


@pytest.fixture(scope='module')
def fields():
    return fetched_fields(REPOSITORY / 'build' / 'ecs-8.11.5')


def leaves(value, name=''):
    for key, inner in value.items():
        full = f'{name}.{key}' if name else key
        if full == 'weir':
            continue
        if isinstance(inner, dict):
            yield from leaves(inner, full)
        else:
            yield full, inner


def is_of_type(value, kind):
    if kind in ('keyword', 'wildcard', 'match_only_text', 'constant_keyword'):
        return isinstance(value, str)
    if kind == 'long':
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == 'float':
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == 'date':
        return bool(datetime.datetime.fromisoformat(value))
    if kind == 'ip':
        return bool(ipaddress.ip_address(value))
    return False


def faults(alert, fields):
    for name, value in leaves(alert):
        field = fields.get(name)
        if field is None:
            yield f'{name} is no field of ECS'
            continue
        if not isinstance(value, list) and 'array' in field['normalize']:
            yield f'{name} is no list'
        for one in value if isinstance(value, list) else [value]:
            if not is_of_type(one, field['type']):
                yield f'{name} is {one!r}, no {field["type"]}'
            allowed = [entry['name'] for entry in field.get('allowed_values') or []]
            if allowed and one not in allowed:
                yield f'{name} is {one!r}, none of {allowed}'


@pytest.fixture(scope='module')
def alerts(tmp_path_factory):
    """One scan's, of every kind that generated traffic makes."""
    path = tmp_path_factory.mktemp('ecs') / 'requests.ndjson'
    path.write_bytes(b'\n'.join(record for part in traffic.every_kind_in_two_parts() for record in part) + b'\n')
    ran = run('scan', '--profile', 'flat', '--close-episodes', '--output', 'alerts', str(path), env={'WEIR_ALERTS__ENCODING': 'ecs'})
    assert ran.code == 0, ran
    return ran.json_lines()


def test_every_alert_holds_fields_of_the_schema_only(alerts, fields):
    assert {alert['weir']['kind'] for alert in alerts} >= {'attack', 'abuse'}
    assert {alert['weir']['phase'] for alert in alerts} == {'opened', 'updated', 'closed'}
    found = sorted({fault for alert in alerts for fault in faults(alert, fields)})
    assert not found, found


def test_what_analysts_search_by_is_there(alerts):
    for alert in alerts:
        assert alert['event']['kind'] == 'alert' and alert['event']['id'] and alert['@timestamp'] and alert['message']
    attacks = [alert for alert in alerts if alert['event']['action'] == 'attack_opened']
    assert attacks and all(alert['source']['ip'] and alert['url']['path'] and alert['rule']['id'] and alert['threat']['technique']['id']
                           for alert in attacks)


def test_a_wrong_field_is_found(alerts, fields):
    broken = {**alerts[0], 'event': {**alerts[0]['event'], 'severity': 'high', 'kind': 'nothing', 'none': 1}}
    assert len(list(faults(broken, fields))) == 3


def test_an_unknown_encoding_is_refused():
    assert run('scan', '--profile', 'flat', '-', env={'WEIR_ALERTS__ENCODING': 'cef'}).code == 2

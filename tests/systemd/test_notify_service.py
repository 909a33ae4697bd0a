"""weir notify as a service of a real systemd: its credential, its hardening, a stop that loses nothing."""
import json
import os
import subprocess

import pytest
import yaml

from machine import EXPOSURE_MAX, Machine, booted, complaints_about, exposure
from waiting import wait_for
from webhook import Webhook
from weir_process import REPOSITORY, binary

UNIT = 'weir-notify.service'
TOPIC = 'notify.service.alerts'
GOLDEN = REPOSITORY / 'tests' / 'data' / 'alerts.golden.ndjson'


def ids_of(webhook):
    return [body['id'] for body in webhook.bodies]


def alert(number):
    one = json.loads(GOLDEN.read_text().splitlines()[0])
    one['metadata']['uid'] = f'alert-{number}'
    return json.dumps({**one, 'severity_id': 4, 'severity': 'High'}).encode()


@pytest.fixture(scope='module')
def receiver():
    """On the host, whose network the machine shares."""
    one = Webhook('/of-the-credential')
    yield one
    one.close()


@pytest.fixture(scope='module')
def machine(supported, broker, receiver, tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp('machine'))
    machine.install(binary(), 'bin/weir', 0o755)
    installed = tmp_path_factory.mktemp('installed')
    subprocess.run(['cmake', '--install', binary().parent, '--prefix', '/usr'], env={**os.environ, 'DESTDIR': str(installed)},
                   stdout=subprocess.DEVNULL, check=True)
    machine.install(installed / f'usr/lib/systemd/system/{UNIT}', f'lib/systemd/system/{UNIT}')
    machine.write('etc/weir/weir.yaml', yaml.safe_dump({
        'kafka': {'bootstrap_servers': broker.bootstrap, 'topics': {'alerts': TOPIC}}, 'notify': {'start': 'oldest', 'timeout_ms': 60_000}}))
    machine.write('etc/weir/secrets/notify_url', receiver.url, 0o600)
    machine.write(f'etc/systemd/system/{UNIT}.d/url.conf', '[Service]\nLoadCredential=notify.url:/etc/weir/secrets/notify_url\n')
    broker.create_topic(TOPIC)
    broker.produce(TOPIC, [alert(1)])
    with booted(machine):
        machine.systemctl('start', UNIT)
        yield machine


def test_it_delivers_under_its_hardening_with_a_credential(machine, broker, receiver):
    assert machine.show(UNIT, 'ActiveState', 'SubState', 'Type') == {'ActiveState': 'active', 'SubState': 'running', 'Type': 'notify'}
    wait_for(lambda: ids_of(receiver) == ['alert-1'], 60, lambda: machine.journal(UNIT)[-3000:])
    broker.produce(TOPIC, [alert(2)])
    wait_for(lambda: ids_of(receiver) == ['alert-1', 'alert-2'], 60, lambda: machine.journal(UNIT)[-3000:])
    assert 'of-the-credential' not in machine.journal(UNIT)


def test_a_stop_is_clean_and_it_goes_on_where_it_was(machine, broker, receiver):
    machine.systemctl('stop', UNIT)
    assert machine.show(UNIT, 'Result', 'ExecMainStatus', 'ActiveState') == {
        'Result': 'success', 'ExecMainStatus': '0', 'ActiveState': 'inactive'}
    broker.produce(TOPIC, [alert(3)])
    machine.systemctl('start', UNIT)
    wait_for(lambda: 'alert-3' in ids_of(receiver), 60, lambda: machine.journal(UNIT)[-3000:])
    assert ids_of(receiver) == ['alert-1', 'alert-2', 'alert-3']


def test_the_units_exposure_is_small(machine):
    score, report = exposure(machine, UNIT)
    assert score <= EXPOSURE_MAX, report


def test_systemd_finds_nothing_to_complain_about_in_the_unit(machine):
    assert complaints_about(machine, UNIT) == []

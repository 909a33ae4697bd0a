"""weir as a service of a real systemd: start and readiness, watchdog, reload, stop, hardening."""
import json
import os
import shutil
import subprocess
import urllib.request

import pytest
import yaml

import traffic
from machine import EXPOSURE_MAX, Machine, booted, complaints_about, exposure
from processes import free_ports
from waiting import wait_for
from weir_process import Metrics, REPOSITORY, binary

UNIT = 'weir.service'


class Service:
    """The machine with weir installed, and weir's HTTP port as seen from the host."""

    def __init__(self, machine, broker, port):
        self.machine, self.broker, self.port = machine, broker, port

    def get(self, path):
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.port}{path}', timeout=60) as answer:
                return answer.read().decode()
        except OSError:
            return ''

    def metric(self, name, **labels):
        return Metrics(wait_for(lambda: self.get('/metrics'), 30, 'the metrics')).sum(name, **labels)

    def show(self, *properties):
        return self.machine.show(UNIT, *properties)

    def journal(self):
        return self.machine.journal(UNIT)


@pytest.fixture(scope='module')
def service(supported, broker, tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp('machine'))
    port, = free_ports(1)
    machine.install(binary(), 'bin/weir', 0o755)
    installed = tmp_path_factory.mktemp('installed')
    subprocess.run(['cmake', '--install', binary().parent, '--prefix', '/usr'], env={**os.environ, 'DESTDIR': str(installed)},
                   stdout=subprocess.DEVNULL, check=True)
    machine.install(installed / f'usr/lib/systemd/system/{UNIT}', f'lib/systemd/system/{UNIT}')
    machine.install(installed / 'usr/share/weir/rules', 'share/weir/rules')
    machine.write('etc/weir/weir.yaml', yaml.safe_dump({
        'kafka': {'bootstrap_servers': broker.bootstrap, 'group_id': 'service'}, 'http': {'port': port}}))
    broker.create_topic('http.requests', 2)
    with booted(machine):
        yield Service(machine, broker, port)


@pytest.fixture(scope='module')
def started(service):
    """The service after `systemctl start`, which with Type=notify returns when weir says that it is ready."""
    service.machine.systemctl('start', UNIT)
    return service


def test_start_returns_when_weir_is_ready(started):
    assert started.show('ActiveState', 'SubState', 'Type') == {'ActiveState': 'active', 'SubState': 'running', 'Type': 'notify'}
    wait_for(lambda: started.get('/-/ready'), 30, lambda: f'readiness\n{started.journal()[-3000:]}')
    assert 'status' not in started.show('StatusErrno') and started.show('StatusText')['StatusText']


def test_it_does_not_run_as_root(started):
    pid = started.show('MainPID')['MainPID']
    user = started.machine.run('stat', '-c', '%u', f'/proc/{pid}').stdout.strip()
    assert user.isdigit() and user != '0'


def test_it_works_under_its_hardening(started):
    records, _ = traffic.every_kind_in_two_parts()
    started.broker.produce('http.requests', records, 'lz4')
    wait_for(lambda: started.metric('weir_observations_total') >= len(records), 60,
             lambda: f'{len(records)} observations\n{started.journal()[-3000:]}')
    alerts = lambda: started.broker.records('weir.alerts')
    wait_for(lambda: {'attack', 'abuse'} <= {json.loads(one['payload'])['unmapped']['weir']['kind'] for one in alerts()},
             30, 'alerts of both kinds', 0.3)


def test_the_watchdog_is_fed(started):
    """It outlives several watchdog periods, shortened for the test by a drop-in; not to less than a busy machine may keep weir waiting."""
    assert int(started.show('WatchdogUSec')['WatchdogUSec'].rstrip('smin') or 0) > 0
    machine = started.machine
    machine.write(f'etc/systemd/system/{UNIT}.d/watchdog.conf', '[Service]\nWatchdogSec=12s\n')
    machine.systemctl('daemon-reload')
    machine.systemctl('restart', UNIT)
    before = started.show('MainPID', 'NRestarts')
    fed = lambda: int(started.show('WatchdogTimestampMonotonic')['WatchdogTimestampMonotonic'])
    first = fed()
    wait_for(lambda: fed() > first + 30_000_000, 60, 'thirty seconds of watchdog messages', 0.2)
    assert started.show('MainPID', 'NRestarts') == before


def test_a_hung_weir_is_restarted(started):
    """The watchdog's other half: with weir stopped in its tracks, systemd kills it and starts another."""
    pid = started.show('MainPID')['MainPID']
    started.machine.run('kill', '-STOP', pid)
    wait_for(lambda: started.show('MainPID')['MainPID'] not in (pid, '0') and started.get('/-/ready'), 60,
             lambda: f'another process\n{started.journal()[-2000:]}', 0.2)
    shutil.rmtree(started.machine.root / f'etc/systemd/system/{UNIT}.d')
    started.machine.systemctl('daemon-reload')
    started.machine.systemctl('reset-failed', UNIT)
    started.machine.systemctl('restart', UNIT)


def test_reload_takes_up_the_rules(started):
    before = started.metric('weir_rule_reloads_total', result='success')
    pid = started.show('MainPID')['MainPID']
    started.machine.systemctl('reload', UNIT)
    wait_for(lambda: started.metric('weir_rule_reloads_total', result='success') == before + 1, 30, 'the reload')
    assert started.show('MainPID', 'ActiveState') == {'MainPID': pid, 'ActiveState': 'active'}


def test_logs_arrive_in_the_journal(started):
    wait_for(lambda: 'weir' in started.journal(), 30, 'a line of the log', 0.3)


def test_the_units_exposure_is_small(started):
    score, report = exposure(started.machine, UNIT)
    print(f'exposure {score}')
    assert score <= EXPOSURE_MAX, report


def test_systemd_finds_nothing_to_complain_about_in_the_unit(started):
    assert complaints_about(started.machine, UNIT) == []


def test_stop_is_clean_and_commits(started):
    started.machine.systemctl('stop', UNIT)
    assert started.show('Result', 'ExecMainStatus', 'ActiveState') == {
        'Result': 'success', 'ExecMainStatus': '0', 'ActiveState': 'inactive'}
    committed = started.broker.group_offsets('service-detect')
    ends = started.broker.end_offsets('http.requests')
    assert {partition: offset for (topic, partition), offset in committed.items() if topic == 'http.requests'} == ends


def test_a_wrong_configuration_fails_the_start_with_its_reason(started):
    path = started.machine.root / 'etc/weir/weir.yaml'
    good = path.read_text()
    try:
        path.write_text('frobnicate: true\n')
        started.machine.systemctl('start', UNIT, check=False)
        wait_for(lambda: started.show('ActiveState')['ActiveState'] in ('failed', 'activating'), 30, 'the failure')
        wait_for(lambda: 'weir.yaml:1' in started.journal(), 30, 'the reason', 0.3)
    finally:
        started.machine.systemctl('stop', UNIT, check=False)
        path.write_text(good)

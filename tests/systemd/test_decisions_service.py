"""weir decisions serve as a service of a real systemd: its keys as a credential, its hardening, what it says without keys."""
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

import pytest
import yaml

from machine import EXPOSURE_MAX, Machine, booted, complaints_about, exposure
from processes import free_ports
from waiting import wait_for
from weir_process import binary

UNIT = 'weir-decisions.service'
TOPIC = 'decisions.service'
BANNED = '198.51.100.7'


def weir(*arguments, stdin=None):
    return subprocess.run([binary(), *arguments], input=stdin, capture_output=True, text=True, check=True).stdout.strip()


def stamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def ban():
    now = time.time()
    return json.dumps({'version': 1, 'id': '0' * 32, 'action': 'ban', 'scope': 'ip', 'value': BANNED, 'client_type': 'address', 'client': BANNED,
                       'rule': 'test', 'from': stamp(now), 'until': stamp(now + 3600), 'times': 1, 'simulate': False}).encode()


class Bouncer:
    """Asks the service from the host, whose network the machine shares."""

    def __init__(self):
        self.port, = free_ports(1)
        self.key = weir('apikey', 'generate')
        self.line = f'firewall {weir("apikey", "hash", stdin=self.key)}\n'

    def get(self, path, key=None):
        request = urllib.request.Request(f'http://127.0.0.1:{self.port}{path}', headers={'X-Api-Key': key} if key else {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ''
        except OSError:
            return 0, ''


@pytest.fixture(scope='module')
def bouncer():
    return Bouncer()


@pytest.fixture(scope='module')
def machine(supported, broker, bouncer, tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp('machine'))
    machine.install(binary(), 'bin/weir', 0o755)
    installed = tmp_path_factory.mktemp('installed')
    subprocess.run(['cmake', '--install', binary().parent, '--prefix', '/usr'], env={**os.environ, 'DESTDIR': str(installed)},
                   stdout=subprocess.DEVNULL, check=True)
    machine.install(installed / f'usr/lib/systemd/system/{UNIT}', f'lib/systemd/system/{UNIT}')
    machine.write('etc/weir/weir.yaml', yaml.safe_dump({'kafka': {'bootstrap_servers': broker.bootstrap, 'topics': {'decisions': TOPIC}}}))
    machine.write(f'etc/systemd/system/{UNIT}.d/port.conf', f'[Service]\nEnvironment="OPTIONS=--listen 127.0.0.1:{bouncer.port}"\n')
    broker.create_topic(TOPIC, 1, {'cleanup.policy': 'compact'})
    broker.produce(TOPIC, [ban()], keys=[f'address:{BANNED}'.encode()])
    with booted(machine):
        yield machine


@pytest.fixture(scope='module')
def running(machine, bouncer):
    machine.write('etc/weir/bouncers', bouncer.line, 0o600)
    machine.systemctl('start', UNIT)
    return machine


def test_without_keys_it_does_not_start_and_says_which_file_is_missing(machine):
    done = machine.run('systemctl', 'start', UNIT, check=False)
    assert done.returncode != 0 and 'Assertion failed' in done.stderr, done
    assert machine.show(UNIT, 'ActiveState', 'MainPID') == {'ActiveState': 'inactive', 'MainPID': '0'}
    wait_for(lambda: 'bouncers' in machine.journal(UNIT), 30, 'the journal to name the file', 0.3)


def test_once_it_is_started_it_knows_every_decision(running, bouncer):
    assert bouncer.get('/-/ready')[0] == 200, running.journal(UNIT)[-3000:]
    assert running.show(UNIT, 'StatusText') == {'StatusText': 'Telling decisions'}


def test_it_answers_whoever_has_a_key_under_its_hardening(running, bouncer):
    status, body = bouncer.get(f'/v1/decisions?ip={BANNED}', bouncer.key)
    assert status == 200 and [one['value'] for one in json.loads(body)] == [BANNED]
    assert bouncer.get('/v1/decisions')[0] == 401
    pid = running.show(UNIT, 'MainPID')['MainPID']
    user = running.run('stat', '-c', '%u', f'/proc/{pid}').stdout.strip()
    assert user.isdigit() and user != '0'


def test_the_units_exposure_is_small(running):
    score, report = exposure(running, UNIT)
    assert score <= EXPOSURE_MAX, report


def test_systemd_finds_nothing_to_complain_about_in_the_unit(running):
    assert complaints_about(running, UNIT) == []


def test_a_stop_is_clean(running):
    running.systemctl('stop', UNIT)
    assert running.show(UNIT, 'Result', 'ExecMainStatus', 'ActiveState') == {'Result': 'success', 'ExecMainStatus': '0', 'ActiveState': 'inactive'}

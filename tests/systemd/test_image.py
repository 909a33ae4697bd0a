"""The container image: what is in it, and the program in it, as its user, on a root that cannot be written."""
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import traffic
from processes import Process, free_ports
from test_package import packed
from waiting import wait_for
from weir_process import REPOSITORY

USER = 65532
ATTACK = '192.0.2.7 - - [28/Nov/2026:10:00:00 +0000] "GET /?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20 HTTP/1.1" 200 17 "-" "x"\n'


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    """The folder of the layout, and the folder into which an engine would unpack it."""
    folder = tmp_path_factory.mktemp('image')
    layout = folder / 'layout'
    subprocess.run([REPOSITORY / 'scripts/image', '--no-install', '--package', packed(folder / 'package'), '--output', layout], check=True)
    subprocess.run(['umoci', 'unpack', '--image', f'{layout}:latest', folder / 'bundle'], check=True)
    return layout, folder / 'bundle'


def container(bundle, *command, environment=()):
    """The command line that runs the program as an engine would: read-only root, its own user, the image's environment."""
    process = json.loads((bundle / 'config.json').read_text())['process']
    settings = [part for one in [*process['env'], *environment] for part in ('--setenv', *one.split('=', 1))]
    return ['bwrap', '--unshare-user', '--uid', str(USER), '--gid', str(USER), '--ro-bind', bundle / 'rootfs', '/', '--proc', '/proc', '--dev', '/dev',
            '--tmpfs', '/tmp', '--clearenv', *settings, '--chdir', process['cwd'], *command]


def in_container(bundle, *command, stdin=''):
    return subprocess.run(container(bundle, *command), input=stdin, capture_output=True, text=True, timeout=120, check=False)


def test_the_image_holds_the_program_and_no_shell(image):
    layout, bundle = image
    config = json.loads((bundle / 'config.json').read_text())['process']
    assert config['user']['uid'] == USER and config['user']['gid'] == USER
    assert config['args'] == ['/usr/bin/weir', 'run', '--config', '/etc/weir/weir.yaml']
    root = bundle / 'rootfs'
    assert sorted(path.name for path in (root / 'usr/bin').iterdir()) == ['weir']
    assert not [path for path in root.rglob('*') if not path.is_symlink() and path.stat().st_mode & 0o6000], 'set-user-id files'
    owned = {path.relative_to(root).as_posix() for path in root.rglob('*') if path.lstat().st_uid == USER}
    assert owned == {'var/lib/weir'}
    assert (layout.with_name('layout.tar')).stat().st_size < 60 << 20


def test_the_program_runs_in_it(image):
    _, bundle = image
    version = in_container(bundle, '/usr/bin/weir', 'version')
    assert version.returncode == 0 and version.stdout.startswith('weir '), version
    scanned = in_container(bundle, '/usr/bin/weir', 'scan', '--output', 'verdicts', '-', stdin=ATTACK)
    assert scanned.returncode == 0, scanned
    verdict = json.loads(scanned.stdout.splitlines()[0])
    assert verdict['client'] == '192.0.2.7' and 'sqli' in scanned.stdout, scanned


def test_the_daemon_runs_in_it(image, broker, tmp_path):
    """As its own command does, with settings from the environment, until it is told to stop."""
    _, bundle = image
    port = free_ports(1)[0]
    topics = {role: f'image.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter')}
    for role in ('requests', 'alerts'):
        broker.create_topic(topics[role])
    environment = [f'WEIR_KAFKA__TOPICS__{role.upper()}={name}' for role, name in topics.items()]
    environment += [f'WEIR_KAFKA__BOOTSTRAP_SERVERS={broker.bootstrap}', 'WEIR_KAFKA__GROUP_ID=image', f'WEIR_HTTP__PORT={port}']
    command = json.loads((bundle / 'config.json').read_text())['process']['args']
    weir = Process(container(bundle, *command, environment=environment), tmp_path / 'weir.log')
    try:
        broker.produce(topics['requests'], [traffic.record(1, 1, 'attacker-1', '203.0.113.7', **traffic.ATTACKS['sqli'])])
        alerts = weir.wait_until(lambda: broker.records(topics['alerts']), 60, 'an alert came')
        assert alerts[0]['key'] == 'attacker-1'
        # The sandbox waits for the program and passes its exit code on, but no signals.
        inside = Path(f'/proc/{weir.pid}/task/{weir.pid}/children').read_text(encoding='ascii').split()
        os.kill(int(inside[0]), signal.SIGTERM)
        weir_ended = wait_for(lambda: not weir.running(), 30, 'the daemon stopped')
        assert weir_ended and weir.child.returncode == 0, weir.log_tail()
    finally:
        weir.kill()

"""A small system with a real systemd as its first process, in a container, sharing the host's network and programs.

Its /usr is the host's with a layer over it, in which weir is installed. Everything else of it is a few files in a
temporary folder.
"""
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'e2e'))

from processes import Process                      # noqa: E402
from waiting import PATIENCE, TimedOut, wait_for   # noqa: E402

OS_RELEASE = 'ID=weirtest\nNAME="weir test machine"\n'
PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'
GROUP = 'root:x:0:\nadm:x:4:\nsystemd-journal:x:999:\nnogroup:x:65534:\n'
NSSWITCH = 'passwd: files systemd\ngroup: files systemd\nhosts: files\n'
# What a container needs none of.
MASKED = ('systemd-logind.service', 'systemd-sysctl.service', 'systemd-networkd.service', 'systemd-resolved.service', 'systemd-timesyncd.service',
          'console-getty.service', 'getty.target', 'cron.service', 'dbus.socket', 'dbus.service', 'postgresql.service',
          'systemd-udevd.service', 'prometheus.service', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'fstrim.timer')


def unsupported():
    """Why no machine can run here; empty if one can."""
    if os.geteuid() != 0:
        return 'only root may start a container'
    for program in ('systemd-nspawn', 'nsenter'):
        if not shutil.which(program):
            return f'there is no {program}'
    if not Path('/usr/lib/systemd/systemd').exists() and not Path('/lib/systemd/systemd').exists():
        return 'there is no systemd'
    mounts = Path('/proc/self/mountinfo').read_text().splitlines()
    if not any(mount.split()[4] == '/' for mount in mounts):
        return 'the root directory is no mount point, as in a plain chroot: bind-mount it onto itself first'
    return ''


class Machine:
    """The container: files first (write, install), then start(). With `packages` its /usr can be written, and dpkg knows what the
    host has installed."""

    def __init__(self, folder, packages=False):
        self.folder = Path(folder)
        self.packages = packages
        self.root = self.folder / 'root'
        self.layer = self.folder / 'layer'
        self._process = None
        self._leader = None
        for name in ('etc/systemd/system', 'var/lib', 'var/log/journal', 'run', 'tmp', 'proc', 'sys', 'dev', 'root', 'usr', 'home'):
            (self.root / name).mkdir(parents=True)
        for name in ('bin', 'sbin', 'lib', 'lib64'):
            (self.root / name).symlink_to(f'usr/{name}')
        self.write('etc/os-release', OS_RELEASE)
        self.write('etc/passwd', PASSWD)
        self.write('etc/group', GROUP)
        self.write('etc/nsswitch.conf', NSSWITCH)
        self.write('etc/hosts', '127.0.0.1 localhost\n')
        self.write('etc/machine-id', '')
        for path in ('/etc/ld.so.cache', '/etc/ld.so.conf'):
            if Path(path).exists():
                shutil.copy(path, self.root / path.lstrip('/'))
        units = self.root / 'etc/systemd/system'
        (units / 'default.target').symlink_to('/usr/lib/systemd/system/multi-user.target')
        for unit in MASKED:
            (units / unit).symlink_to('/dev/null')
        if packages:
            # A container's host forbids packages to touch services; the machine has systemd. (A whiteout: there is no such file.)
            (self.layer / 'sbin').mkdir(parents=True)
            os.mknod(self.layer / 'sbin/policy-rc.d', stat.S_IFCHR, os.makedev(0, 0))
            shutil.copytree('/var/lib/dpkg', self.root / 'var/lib/dpkg', ignore=shutil.ignore_patterns('lock*', '*-old', 'statoverride', 'weir.*'))

    def write(self, name, text, mode=0o644):
        """A file of the machine, outside /usr."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def install(self, source, name, mode=0o644):
        """A file or folder below the machine's /usr."""
        target = self.layer / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(source).is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
            target.chmod(mode)

    def start(self, timeout=60):
        self.layer.mkdir(exist_ok=True)
        overlay = 'overlay' if self.packages else 'overlay-ro'
        self._process = Process(['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--boot',
                                 f'--{overlay}=/usr:{self.layer}:/usr', '--resolv-conf=off', '--timezone=off',
                                 '--link-journal=no', '--directory', self.root], self.folder / 'console.log')
        self._process.wait_until(self._booted, timeout, 'the machine was up')
        return self

    def _booted(self):
        # Asked for each time: the first child is a helper that ends once it has started the machine's first process.
        children = Path(f'/proc/{self._process.pid}/task/{self._process.pid}/children')
        found = children.read_text().split() if children.exists() else []
        self._leader = found[0] if found else None
        if not self._leader:
            return False
        state = self.run('systemctl', 'is-system-running', check=False).stdout.strip()
        return state in ('running', 'degraded')

    def run(self, *command, check=True, timeout=60):
        """A command inside the machine, as root."""
        done = subprocess.run(['nsenter', '--target', self._leader, '--mount', '--uts', '--ipc', '--pid', '--root', '--wd',
                               *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout * PATIENCE, check=False)
        assert not check or done.returncode == 0, f'{command}: {done.returncode}\n{done.stdout}{done.stderr}'
        return done

    def systemctl(self, *arguments, check=True, timeout=90):
        done = self.run('systemctl', *arguments, check=False, timeout=timeout)
        assert not check or done.returncode == 0, \
            f'systemctl {arguments}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.journal(arguments[-1])}'
        return done.stdout

    def show(self, unit, *properties):
        """{property: value} of a unit."""
        lines = self.systemctl('show', unit, *(f'--property={name}' for name in properties)).splitlines()
        return dict(line.split('=', 1) for line in lines if '=' in line)

    def journal(self, unit):
        return self.run('journalctl', '--no-pager', '--output=cat', '--unit', unit, check=False).stdout

    def stop(self):
        if not self._process:
            return
        if self._leader and self._process.running():
            self.run('systemctl', 'poweroff', check=False)
            try:
                wait_for(lambda: not self._process.running(), 30, 'the machine to end')
                return
            except AssertionError:
                pass
        # Systemd in a container powers off on this signal, whatever state it is in.
        if self._process.running():
            self._process.signal(signal.SIGTERM)
        self._process.kill()


# What is left: the network, sockets, and the host's root directory read-only.
EXPOSURE_MAX = 1.2


def exposure(machine, unit):
    """systemd-analyze's exposure score of a unit: 0 is locked up, 10 is open."""
    report = machine.run('systemd-analyze', 'security', '--no-pager', unit, check=False).stdout
    match = re.search(r'Overall exposure level for \S+: ([0-9.]+)', report)
    assert match, report
    return float(match[1]), report


def complaints_about(machine, unit):
    """What systemd finds wrong in a unit of weir's."""
    done = machine.run('systemd-analyze', 'verify', f'/usr/lib/systemd/system/{unit}', check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if 'weir' in line]


@contextmanager
def booted(machine):
    """The machine while it runs. Where none can be started its tests are skipped, but not in CI."""
    try:
        machine.start()
    except (AssertionError, TimedOut) as error:
        machine.stop()
        if os.environ.get('CI') == 'true':
            raise
        pytest.skip(f'no container can be started here: {error}')
    try:
        yield machine
    finally:
        machine.stop()

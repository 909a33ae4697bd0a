"""The Debian package in a small system with a real systemd: installed, set up with three lines, upgraded, removed, purged."""
import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import traffic
from machine import Machine, booted
from processes import free_ports
from waiting import wait_for
from weir_process import binary

REPOSITORY = Path(__file__).resolve().parents[2]
UNIT = 'weir.service'
NEWER = '9.9.9'
DATE = '1764000000'      # 2025-11-24 16:00


def packed(folder, **variables):
    """The package of the build under test, with times of one date."""
    build = binary().parent
    subprocess.run(['cpack', '-G', 'DEB', '--config', build / 'CPackConfig.cmake', '-B', folder, '-D', 'CPACK_DEBIAN_COMPRESSION_TYPE=gzip'],
                   stdout=subprocess.DEVNULL, check=True, env=os.environ | {'SOURCE_DATE_EPOCH': DATE} | variables)
    return next(folder.glob('weir_*.deb'))


def newer(package, folder):
    """The same package with a higher version and another default configuration."""
    content = folder / 'content'
    subprocess.run(['dpkg-deb', '--raw-extract', package, content], check=True)
    control = content / 'DEBIAN/control'
    control.write_text(re.sub(r'^Version: .*$', f'Version: {NEWER}', control.read_text(), flags=re.M))
    with (content / 'etc/weir/weir.yaml').open('a', encoding='utf-8') as config:
        config.write('# of the newer version\n')
    subprocess.run(['dpkg-deb', '--build', '--root-owner-group', '-Znone', content, folder / 'newer.deb'], stdout=subprocess.DEVNULL, check=True)
    return folder / 'newer.deb'


class Host:
    """The machine, and weir's HTTP port as far as it is needed."""

    def __init__(self, machine, broker, port, package, newer_package):
        self.machine, self.broker, self.port = machine, broker, port
        self.package, self.newer_package = package, newer_package

    def dpkg(self, *arguments):
        return self.machine.run('env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', *arguments, timeout=300).stdout

    def path(self, name):
        """Outside /usr."""
        return self.machine.root / name

    def left_behind(self):
        """What there is of the package outside dpkg's own records and the journal."""
        names = self.machine.run('find', '/etc', '/usr', '/var', '-xdev', '(', '-path', '/var/lib/dpkg', '-o', '-path', '/var/log', ')', '-prune',
                                 '-o', '-iname', '*weir*', '-print').stdout
        return sorted(names.split())


@pytest.fixture(scope='module')
def package(tmp_path_factory):
    return packed(tmp_path_factory.mktemp('packed'))


@pytest.fixture(scope='module')
def host(supported, broker, package, tmp_path_factory):
    folder = tmp_path_factory.mktemp('package')
    machine = Machine(folder / 'machine', packages=True)
    for source, name in ((package, 'weir.deb'), (newer(package, folder), 'newer.deb')):
        shutil.copy(source, machine.root / 'root' / name)
    broker.create_topic('http.requests.package', 2)
    with booted(machine):
        port, = free_ports(1)
        yield Host(machine, broker, port, '/root/weir.deb', '/root/newer.deb')


@pytest.mark.skipif(not shutil.which('lintian'), reason='there is no lintian')
def test_lintian_finds_no_errors_or_warnings(package):
    done = subprocess.run(['lintian', '--allow-root', '--fail-on', 'error,warning', package], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which('mandoc'), reason='there is no mandoc')
def test_the_manual_pages_are_without_warnings(package, tmp_path):
    subprocess.run(['dpkg-deb', '--extract', package, tmp_path], check=True)
    pages = sorted((tmp_path / 'usr/share/man/man1').glob('*.1.gz'))
    assert len(pages) >= 9
    for page in pages:
        text = gzip.decompress(page.read_bytes()).decode()
        done = subprocess.run(['mandoc', '-Tlint', '-Wwarning'], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ''), f'{page.name}\n{done.stdout}'
        assert '@' not in text


def test_debug_symbols_are_a_package_of_their_own(package):
    symbols = next(package.parent.glob('weir-dbgsym_*.ddeb'))
    listed = subprocess.run(['dpkg-deb', '--contents', symbols], capture_output=True, text=True, check=True).stdout
    assert re.search(r'/usr/lib/debug/\.build-id/\S+\.debug', listed)
    assert '.debug' not in subprocess.run(['dpkg-deb', '--contents', package], capture_output=True, text=True, check=True).stdout


def test_two_packings_of_one_build_are_the_same_bytes(package, tmp_path):
    assert packed(tmp_path, TZ='Asia/Tokyo').read_bytes() == package.read_bytes()
    listed = subprocess.run(['dpkg-deb', '--contents', package], capture_output=True, text=True, check=True, env=os.environ | {'TZ': 'UTC'}).stdout
    assert max(re.findall(r' (\d{4}-\d\d-\d\d \d\d:\d\d) ', listed)) == '2025-11-24 16:00'


def contents(package, folder):
    subprocess.run(['dpkg-deb', '--extract', package, folder], check=True)
    return folder


def names_of(relations):
    """Of a list of packages as in a control file."""
    return {re.split(r'[ (|]', one.strip())[0] for one in relations.split(',') if one.strip()}


def test_the_package_says_what_it_is_made_of(package, tmp_path):
    root = contents(package, tmp_path)
    bill = json.loads((root / 'usr/share/doc/weir/weir.spdx.json').read_text())
    by_id = {one['SPDXID']: one for one in bill['packages']}
    assert len(by_id) == len(bill['packages'])
    links = {kind: {by_id[one['relatedSpdxElement']]['name'] for one in bill['relationships'] if one['relationshipType'] == kind
                    and one['spdxElementId'] == 'SPDXRef-weir'} for kind in ('DYNAMIC_LINK', 'STATIC_LINK')}
    depends = names_of(subprocess.run(['dpkg-deb', '--field', package, 'Depends'], capture_output=True, text=True, check=True).stdout)
    provided = subprocess.run(['dpkg-query', '--show', '--showformat', '${Provides},', *links['DYNAMIC_LINK']], capture_output=True, text=True, check=True).stdout
    assert depends <= links['DYNAMIC_LINK'] | names_of(provided) and len(depends) > 10      # dpkg leaves out what others bring along
    assert {'libcli11-dev', 'nlohmann-json3-dev'} <= links['STATIC_LINK'] and 'libhyperscan-dev' not in links['STATIC_LINK']
    for one in bill['packages']:
        if one['name'] != 'weir':
            installed_version = subprocess.run(['dpkg-query', '--show', '--showformat', '${Version}\n', one['name']], capture_output=True, text=True, check=True).stdout
            assert one['versionInfo'] in installed_version.split()
    names = {one for relation in bill['relationships'] for one in (relation['spdxElementId'], relation['relatedSpdxElement'])}
    assert names <= {*by_id, 'SPDXRef-DOCUMENT'} and set(by_id) <= names
    explained = {one['licenseId'] for one in bill['hasExtractedLicensingInfos']}
    assert set(re.findall(r'LicenseRef-[A-Za-z0-9.-]+', ' '.join(one['licenseDeclared'] for one in bill['packages']))) == explained


def test_the_list_of_licences_is_that_of_the_build():
    build = binary().parent
    done = subprocess.run([REPOSITORY / 'packaging/sbom.py', '--program', binary(), '--build', build, '--ninja', shutil.which('ninja'), '--version', '0',
                           '--table'], capture_output=True, text=True, check=True)
    page = (REPOSITORY / 'docs/supply-chain.md').read_text(encoding='utf-8')
    release = Path('/etc/os-release').read_text(encoding='utf-8')
    if 'ID=debian' in release and 'VERSION_ID="12"' in release:
        assert done.stdout in page
    else:      # elsewhere copyright files may say the same in other words
        sources = re.findall(r'^\| (\S+) \| (?:linked|headers) \|', done.stdout, re.M)
        assert len(sources) > 15 and not [source for source in sources if f'\n| {source} | ' not in page]


@pytest.fixture(scope='module')
def installed(host):
    host.dpkg('--install', host.package)
    return host


@pytest.fixture(scope='module')
def running(installed):
    """Set up as docs/operating.md says."""
    with installed.path('etc/weir/weir.yaml').open('a', encoding='utf-8') as config:
        config.write('\n# of this machine\n')
    config = installed.path('etc/weir/weir.yaml')
    text = config.read_text()
    text = text.replace('bootstrap_servers: 127.0.0.1:9092', f'bootstrap_servers: {installed.broker.bootstrap}')
    text = text.replace('requests: [http.requests]', 'requests: [http.requests.package]')
    text = re.sub(r'port: 9464', f'port: {installed.port}', text)
    config.write_text(text)
    installed.machine.systemctl('enable', '--now', UNIT)
    return installed


def test_installing_it_neither_enables_nor_starts_it(installed):
    assert installed.machine.systemctl('is-enabled', UNIT, check=False).strip() == 'disabled'
    assert installed.machine.show(UNIT, 'ActiveState', 'LoadState') == {'ActiveState': 'inactive', 'LoadState': 'loaded'}


def test_a_key_of_its_own_is_made_for_the_machine(installed):
    key = installed.path('etc/weir/hash_key')
    assert re.fullmatch(r'[0-9a-f]{64}', key.read_text())
    assert key.stat().st_mode & 0o777 == 0o600


def test_the_command_line_its_pages_and_completions_are_there(installed):
    assert installed.machine.run('weir', 'rules', 'lint').returncode == 0
    assert installed.machine.run('weir', 'config', 'check', '/etc/weir/weir.yaml').returncode == 0
    listed = installed.dpkg('--listfiles', 'weir').split()
    for name in ('weir', 'weir-run', 'weir-scan', 'weir-rules', 'weir-config', 'weir-notify'):
        assert f'/usr/share/man/man1/{name}.1.gz' in listed
    for unit in ('weir-notify', 'weir-decisions'):
        assert f'/usr/lib/systemd/system/{unit}.service' in listed
        assert installed.machine.systemctl('is-enabled', unit, check=False).strip() == 'disabled'
    words = installed.machine.run('bash', '-c', 'source /usr/share/bash-completion/completions/weir; COMP_WORDS=(weir rules cos); COMP_CWORD=2; '
                                                '_weir; echo "${COMPREPLY[@]}"').stdout.split()
    assert words == ['cost']


def test_every_path_that_the_alerts_and_the_unit_name_is_there(installed):
    rules = installed.machine.run('cat', '/usr/share/weir/dashboards/alerts.rules.yml').stdout
    unit = installed.machine.run('cat', f'/usr/lib/systemd/system/{UNIT}').stdout
    named = set(re.findall(r'file://([^#\s]+)', rules + unit)) | set(re.findall(r'^ExecStart=(\S+)', unit, re.M))
    assert len(named) >= 3
    for path in named:
        assert installed.machine.run('test', '-r', path, check=False).returncode == 0, path


def test_three_changed_lines_give_alerts_from_a_real_broker(running):
    records, _ = traffic.every_kind_in_two_parts()
    running.broker.produce('http.requests.package', records, 'lz4')
    kinds = lambda: {json.loads(one['payload'])['unmapped']['weir']['kind'] for one in running.broker.records('weir.alerts')}
    wait_for(lambda: {'attack', 'abuse'} <= kinds(), 90, lambda: f'alerts of both kinds\n{running.machine.journal(UNIT)[-3000:]}', 0.3)
    assert 'hash_key' not in running.machine.journal(UNIT)


def test_an_upgrade_restarts_it_and_keeps_what_the_machine_has_changed(running):
    before = running.machine.show(UNIT, 'MainPID')
    key = running.path('etc/weir/hash_key').read_text()
    config = running.path('etc/weir/weir.yaml').read_text()
    running.dpkg('--force-confold', '--install', running.newer_package)
    assert running.dpkg('-s', 'weir').split('\nVersion: ')[1].split()[0] == NEWER
    wait_for(lambda: running.machine.show(UNIT, 'ActiveState', 'SubState') == {'ActiveState': 'active', 'SubState': 'running'} and
             running.machine.show(UNIT, 'MainPID') != before, 60, lambda: f'the new process\n{running.machine.journal(UNIT)[-2000:]}', 0.3)
    assert running.path('etc/weir/weir.yaml').read_text() == config
    assert running.path('etc/weir/hash_key').read_text() == key
    assert running.machine.systemctl('is-enabled', UNIT).strip() == 'enabled'


def test_removing_it_stops_it_and_keeps_its_configuration(running):
    running.dpkg('--remove', 'weir')
    assert running.machine.show(UNIT, 'ActiveState')['ActiveState'] == 'inactive'
    assert running.machine.run('test', '-e', '/usr/bin/weir', check=False).returncode != 0
    assert running.path('etc/weir/weir.yaml').exists() and running.path('etc/weir/hash_key').exists()


def test_purging_it_leaves_nothing(running):
    running.dpkg('--purge', 'weir')
    assert running.left_behind() == []

"""Log shippers of the distribution that follow a file and produce to Kafka: rsyslog and syslog-ng. Debian lets only one of the two be
installed, so both are unpacked into the cache, with the libraries that they need, and run from there."""
import os
import re
import shutil
import subprocess
from pathlib import Path

from kafka_broker import locked
from processes import Process

PACKAGES = {'rsyslog': ('rsyslog', 'rsyslog-kafka'), 'syslog-ng': ('syslog-ng-core', 'syslog-ng-mod-rdkafka'),
            'syslog-ng-http': ('syslog-ng-core', 'syslog-ng-mod-http')}


def _apt(*command, folder=None):
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _libraries(packages):
    """The libraries that the packages depend on directly, without those that every program has."""
    listed = _apt('apt-cache', 'depends', '--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces',
                  '--no-enhances', *packages).stdout
    found = set(re.findall(r'^  Depends: (lib[a-z0-9.+-]+)$', listed, re.M))
    return sorted(found - {'libc6', 'libsystemd0', 'libelogind0'})


def _download(name, folder):
    """apt-get writes into the current folder; with lists that are too old it finds nothing, so they are renewed once."""
    for renew in (False, True):
        if renew:
            _apt('apt-get', '-q', 'update')
        wanted = [*PACKAGES[name], *_libraries(PACKAGES[name])]
        done = _apt('apt-get', '-q', '-o', 'Acquire::Retries=3', 'download', *wanted, folder=folder)
        if done.returncode == 0:
            return
    raise RuntimeError(f'apt-get could not download {wanted}:\n{done.stdout}{done.stderr}')


def unpacked(name):
    """The folder with the shipper's files, as they lie below / when it is installed."""
    base = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'weir-tests'
    folder = base / f'shipper-{name}'
    with locked(base / f'shipper-{name}.lock'):
        if not (folder / 'complete').exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _download(name, folder)
            for package in folder.glob('*.deb'):
                subprocess.run(['dpkg-deb', '-x', package, folder], stdin=subprocess.DEVNULL, check=True)
            (folder / 'complete').touch()
    return folder


def library_path(folder):
    return ':'.join(sorted({str(path.parent) for path in folder.rglob('*.so*')}))


class Rsyslog:
    """Follows a file; one topic gets the default template, the other one JSON."""

    def __init__(self, folder, source, bootstrap, plain_topic, json_topic):
        files = unpacked('rsyslog')
        folder.mkdir(parents=True)
        config = folder / 'rsyslog.conf'
        config.write_text(f'''
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imfile")
module(load="omkafka")
template(name="as-json" type="list" option.jsonf="on") {{
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}}
ruleset(name="ship") {{
  action(type="omkafka" broker=["{bootstrap}"] topic="{plain_topic}")
  action(type="omkafka" broker=["{bootstrap}"] topic="{json_topic}" template="as-json")
}}
input(type="imfile" File="{source}" Tag="nginx:" Ruleset="ship")
''', encoding='utf-8')
        modules = next(files.rglob('omkafka.so')).parent
        self.process = Process([next(files.rglob('sbin/rsyslogd')), '-n', '-f', config, '-i', folder / 'pid', '-M', modules],
                               folder / 'out.log', env={'LD_LIBRARY_PATH': library_path(files)})

    def stop(self):
        self.process.stop()


class SyslogNg:
    """The same for syslog-ng."""

    def __init__(self, folder, source, bootstrap, plain_topic, json_topic):
        files = unpacked('syslog-ng')
        folder.mkdir(parents=True)
        config = folder / 'syslog-ng.conf'
        config.write_text(f'''
@version: 3.38
options {{ keep-hostname(yes); stats-freq(0); log-msg-size(65536); }};
source s_log {{ file("{source}" flags(no-parse) program-override("nginx") follow-freq(0.2)); }};
destination d_plain {{ kafka-c(bootstrap-servers("{bootstrap}") topic("{plain_topic}") flush-timeout-on-shutdown(10000)); }};
destination d_json {{
  kafka-c(bootstrap-servers("{bootstrap}") topic("{json_topic}") flush-timeout-on-shutdown(10000)
          message("$(format-json --scope rfc5424 --exclude DATE --key ISODATE)"));
}};
log {{ source(s_log); destination(d_plain); destination(d_json); }};
''', encoding='utf-8')
        modules = next(files.rglob("syslog-ng/*/libkafka.so")).parent
        self.process = Process([next(files.rglob('sbin/syslog-ng')), '-F', '--no-caps', '-f', config, '--module-path', modules,
                                '--persist-file', folder / 'persist', '--pidfile', folder / 'pid', '--control', folder / 'ctl'],
                               folder / 'out.log', env={'LD_LIBRARY_PATH': library_path(files)})

    def stop(self):
        self.process.stop()


SHIPPERS = {'rsyslog': Rsyslog, 'syslog-ng': SyslogNg}

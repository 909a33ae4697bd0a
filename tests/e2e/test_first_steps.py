"""The commands of "First alert in five minutes" and "First hour", as they stand in the documents, on a real broker."""
import gzip
import os
import re
import subprocess

import traffic
from waiting import wait_for
from weir_process import REPOSITORY, binary, environment

# Go on until somebody ends them; other tests run them.
ENDLESS = ('weir demo', 'weir top', 'weir alerts tail')


class Reader:
    """Somebody who follows the documents in a folder that stands for /etc/weir and the one where logs are."""

    def __init__(self, folder):
        self.folder = folder
        self.alert = '0f4f0d1c'
        (folder / 'bin').mkdir(parents=True)
        (folder / 'bin/weir').symlink_to(binary())
        (folder / 'etc/policy.d').mkdir(parents=True)
        records = b'\n'.join(traffic.record(number, number, f'somebody-{number}', traffic.address(number), **traffic.ATTACKS['sqli']) for number in range(3))
        (folder / 'access.log').write_bytes(records + b'\n')
        (folder / 'access.log.1.gz').write_bytes(gzip.compress(records + b'\n'))

    def follow(self, page, heading, instead=()):
        """Runs weir's commands below a heading, in order; {command as it stands there: what it wrote}. `instead` has functions for
        commands of others."""
        text = (REPOSITORY / 'docs' / page).read_text(encoding='utf-8')
        section = re.search(rf'^## {re.escape(heading)}\n(.*?)(?=^## |\Z)', text, re.S | re.M)[1]
        shown, others = {}, dict(instead)
        for line in [line for block in re.findall(r'^```sh\n(.*?)^```', section, re.S | re.M) for line in block.splitlines()]:
            command = line.split('  ')[0]
            if command in others:
                others.pop(command)()
            elif command.startswith('weir ') and not command.startswith(ENDLESS):
                shown[command] = self.run(command)
        assert not others, f'{page} does not say {list(others)}'
        return shown

    def run(self, line):
        command = line.replace('/etc/weir', str(self.folder / 'etc')).replace('0f4f0d1c', self.alert)
        done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=180, check=False, env={**os.environ, **environment(), 'PATH': f'{self.folder}/bin:{os.environ["PATH"]}'})
        assert done.returncode == 0, f'{line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}'
        return done.stdout + done.stderr


def test_from_a_log_that_one_has(tmp_path):
    shown = Reader(tmp_path).follow('first-alert.md', 'From a log that you have')
    assert len(shown) == 2
    for command, output in shown.items():
        assert 'SQL injection' in output, command


def test_from_a_topic_through_the_first_hour(pipeline, tmp_path):
    reader = Reader(tmp_path / 'reader')
    weir = pipeline.weir(kafka={'topics': {'verdicts': pipeline.group + '.verdicts'}}, policy={'files': []})
    weir.config_path = reader.folder / 'etc/weir.yaml'
    weir.write_config()
    shown = reader.follow('first-alert.md', 'From your topic', {'sudo systemctl enable --now weir': weir.start})
    check, doctor = shown.items()
    assert '--broker' in check[0] and 'doctor' in doctor[0] and 'its alert was published' in doctor[1], doctor[1]
    reader.follow('first-hour.md', 'Does it read what you think?')

    pipeline.broker.produce(pipeline.requests, [traffic.record(1, 1, 'mallory', '81.64.0.1', **traffic.ATTACKS['sqli'])])

    def attacks():
        return [one for one in pipeline.alerts() if one['key'] == 'mallory']
    wait_for(attacks, 60, 'the alert')
    reader.alert = attacks()[0]['alert']['metadata']['uid']
    shown = reader.follow('first-hour.md', 'Are the alerts right?')
    assert [command.split()[1] + ' ' + command.split()[2] for command in shown] == ['alerts list', 'alerts show', 'alerts mark', 'policy exclude']
    exclusion, = (reader.folder / 'etc/policy.d').iterdir()
    assert 'exclusions' in exclusion.read_text()
    assert weir.stop() == 0

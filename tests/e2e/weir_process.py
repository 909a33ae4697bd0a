"""The daemon under test: its configuration, its life, its metrics."""
import contextlib
import copy
import http.client
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from processes import Process, free_ports
from waiting import wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
# What the tests count by.
RECORDS = 'weir_records_total'
OBSERVATIONS = 'weir_observations_total'
DEAD_LETTERS = 'weir_dead_letters_total'
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def binary():
    """The program to test: $WEIR, else the dev build, else the release build."""
    if os.environ.get('WEIR'):
        return Path(os.environ['WEIR'])
    for preset in ('dev', 'release'):
        path = REPOSITORY / 'build' / preset / 'weir'
        if path.exists():
            return path
    raise FileNotFoundError('no weir: build it, or name it in the variable WEIR')


def environment(more=None):
    """What weir sees of the environment. Compiled rules are kept between runs: some 5 s of work that few tests are about."""
    cache = REPOSITORY / 'build' / 'rules-cache'
    cache.mkdir(parents=True, exist_ok=True)
    return {'WEIR_RULES__CACHE_DIRECTORY': str(cache), **(more or {})}


def merged(base, changes):
    """A copy of nested dicts with changes laid over."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


class Metrics:
    """One scrape."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            match = SAMPLE.match(line)
            if match:
                self.samples.append((match[1], dict(LABEL.findall(match[2] or '')), float(match[3])))

    def sum(self, name, **labels):
        """The sum over all samples of that name with those labels; a missing metric is an error, not a zero."""
        found = [value for sample, has, value in self.samples
                 if sample == name and all(has.get(key) == wanted for key, wanted in labels.items())]
        if not found and not any(sample == name for sample, _, _ in self.samples):
            raise KeyError(f'no metric {name}; there are: {sorted({sample for sample, _, _ in self.samples})}')
        return sum(found)


class WeirProcess:
    """`weir run` in a folder of its own. `topics` has the names by role; `changes` is laid over the configuration."""

    def __init__(self, folder, broker, topics, group, changes=None, env=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, = free_ports(1)
        self.url = f'http://127.0.0.1:{self.port}'
        self.config_path = self.folder / 'weir.yaml'
        self.config = merged({
            'kafka': {
                'bootstrap_servers': broker.bootstrap, 'group_id': group,
                'topics': {'requests': [topics['requests']], 'alerts': topics['alerts'],
                           'observations': topics['observations'], 'state': topics['state'],
                           'dead_letter': topics['dead_letter'],
                           **({'decisions': topics['decisions']} if 'decisions' in topics else {})},
            },
            'lanes': {'detect': 2, 'score': 1},
            'rules': {'directories': [str(REPOSITORY / 'rules')]},
            'http': {'port': self.port},
        }, changes or {})
        self._env = env
        self.process = None

    def write_config(self):
        self.config_path.write_text(yaml.safe_dump(self.config))

    def launch(self, env=None):
        """As start, without waiting."""
        self.write_config()
        self.process = Process([binary(), 'run', '--config', self.config_path], self.folder / 'weir.log',
                               environment({**(self._env or {}), **(env or {})}))

    def start(self, timeout=60, env=None):
        self.launch(env)
        self.process.wait_until(self.ready, timeout, 'weir was ready')
        return self

    def get(self, path):
        """(status, headers, body) of a GET on weir's HTTP port; (0, {}, '') when it does not answer."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()
        except (OSError, http.client.HTTPException):     # the latter: it ended within its answer
            return 0, {}, ''

    def ready(self):
        return self.get('/-/ready')[0] == 200

    def metrics(self):
        """A scrape; asked for again when the answer, or the question, came too late."""
        def scraped():
            status, _, body = self.get('/metrics')
            return status == 200 and body
        return Metrics(self.process.wait_until(scraped, 20, '/metrics was answered'))

    def metric(self, name, **labels):
        """The metric's sum, or None when weir does not answer: a process that may crash at any time can be asked."""
        status, _, body = self.get('/metrics')
        return Metrics(body).sum(name, **labels) if status == 200 else None

    def wait_for_metric(self, name, at_least, timeout=60, **labels):
        """Waits until the metric has reached the value; fails at once when the process dies."""
        def reached():
            return (self.metric(name, **labels) or 0) >= at_least
        self.process.wait_until(reached, timeout, f'{name}{labels or ""} reached {at_least}')
        return self.metrics()

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def stop(self, timeout=30):
        """SIGTERM; the exit code."""
        return self.process.stop(timeout) if self.process else None

    def kill(self):
        if self.process:
            self.process.kill()

    def end(self):
        """What a test leaves behind is killed; with WEIR_TEST_GENTLY it is stopped, so that it writes down what it has to (coverage)."""
        if 'WEIR_TEST_GENTLY' in os.environ and self.process and self.process.running():
            self.process.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.child.wait(60)
        self.kill()

    def log(self):
        return self.process.log()

    def wait_for_log(self, text, timeout=30, after=0):
        """Waits for a text in the log beyond the byte `after`."""
        self.process.wait_until(lambda: text in self.log()[after:], timeout, f'the log said "{text}"')


def wait_for_total(processes, name, total, timeout=120):
    """Waits until the metric, summed over the processes, has reached the total."""
    def reached():
        for one in processes:
            assert one.process.running(), f'weir ended with {one.process.child.returncode}\n{one.process.log_tail()}'
        return sum(one.metrics().sum(name) for one in processes) >= total
    wait_for(reached, timeout, lambda: f'{name} = {total}; now {[one.metrics().sum(name) for one in processes]}')

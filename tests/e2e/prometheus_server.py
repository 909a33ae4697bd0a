"""A real Prometheus server that scrapes given targets, and its query API; a real Alertmanager that hands on what it is told."""
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from processes import Process, free_ports


class PrometheusServer:
    """Scrapes every second unless told otherwise; data live in a folder. `alertmanager`: where it sends alerts, host:port."""

    def __init__(self, folder, targets, rule_files=(), scrape_seconds=1, alertmanager=None):
        self.folder = Path(folder)
        self.port, = free_ports(1)
        self.url = f'http://127.0.0.1:{self.port}'
        self._config = {
            'global': {'scrape_interval': f'{scrape_seconds}s', 'scrape_timeout': '1s', 'evaluation_interval': '1s'},
            'rule_files': [str(path) for path in rule_files],
            'scrape_configs': [{'job_name': 'weir', 'static_configs': [{'targets': list(targets)}]}],
            **({'alerting': {'alertmanagers': [{'static_configs': [{'targets': [alertmanager]}]}]}} if alertmanager else {}),
        }
        self._process = None

    def start(self, timeout=30):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / 'prometheus.yml'
        config.write_text(yaml.safe_dump(self._config))
        self._process = Process(['/usr/bin/prometheus', f'--config.file={config}',
                                 f'--storage.tsdb.path={self.folder / "data"}',
                                 f'--web.listen-address=127.0.0.1:{self.port}', '--log.level=warn'],
                                self.folder / 'prometheus.log')
        self._process.wait_until(self._ready, timeout, 'Prometheus was ready')
        return self

    def _ready(self):
        try:
            with urllib.request.urlopen(f'{self.url}/-/ready', timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self._process:
            self._process.stop()

    def query(self, expression):
        """The result vector of an instant query. Raises ValueError with Prometheus' message for a wrong expression."""
        url = f'{self.url}/api/v1/query?' + urllib.parse.urlencode({'query': expression})
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as error:
            body = json.load(error)
        if body['status'] != 'success':
            raise ValueError(f'{expression}: {body.get("error")}')
        return body['data']['result']

    def rules(self):
        with urllib.request.urlopen(f'{self.url}/api/v1/rules', timeout=10) as answer:
            return json.load(answer)['data']['groups']


class Alertmanager:
    """Posts each change of an alert to a webhook, at once."""

    def __init__(self, folder, webhook):
        self.folder = Path(folder)
        self.port, = free_ports(1)
        self.address = f'127.0.0.1:{self.port}'
        self._config = {
            'route': {'receiver': 'test', 'group_by': ['alertname', 'instance'], 'group_wait': '0s', 'group_interval': '1s',
                      'repeat_interval': '4h'},
            'receivers': [{'name': 'test', 'webhook_configs': [{'url': webhook, 'send_resolved': True}]}],
        }
        self._process = None

    def start(self, timeout=30):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / 'alertmanager.yml'
        config.write_text(yaml.safe_dump(self._config))
        self._process = Process(['/usr/bin/prometheus-alertmanager', f'--config.file={config}', f'--storage.path={self.folder / "data"}',
                                 f'--web.listen-address={self.address}', '--cluster.listen-address=', '--log.level=warn'],
                                self.folder / 'alertmanager.log')
        self._process.wait_until(self._ready, timeout, 'Alertmanager was ready')
        return self

    def _ready(self):
        try:
            with urllib.request.urlopen(f'http://{self.address}/-/ready', timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self._process:
            self._process.stop()

"""A real Prometheus server that scrapes given targets, and its query API; a real Alertmanager that hands on what it is told."""
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from processes import Process, free_ports


class Server:
    """One of both, with its configuration and data in a folder."""

    def __init__(self, name, folder):
        self.name, self.folder = name, Path(folder)
        self.port, = free_ports(1)
        self.address = f'127.0.0.1:{self.port}'
        self.url = f'http://{self.address}'
        self._process = None

    def launch(self, config, arguments, timeout):
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / 'config.yml'
        path.write_text(yaml.safe_dump(config))
        self._process = Process([f'/usr/bin/{self.name}', f'--config.file={path}', f'--web.listen-address={self.address}', '--log.level=warn',
                                 *arguments], self.folder / 'server.log')
        self._process.wait_until(self._ready, timeout, f'{self.name} was ready')
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


class PrometheusServer(Server):
    """Scrapes every second unless told otherwise; data live in a folder. `alertmanager`: where it sends alerts, host:port."""

    def __init__(self, folder, targets, rule_files=(), scrape_seconds=1, alertmanager=None):
        super().__init__('prometheus', folder)
        self._config = {
            'global': {'scrape_interval': f'{scrape_seconds}s', 'scrape_timeout': '1s', 'evaluation_interval': '1s'},
            'rule_files': [str(path) for path in rule_files],
            'scrape_configs': [{'job_name': 'weir', 'static_configs': [{'targets': list(targets)}]}],
            **({'alerting': {'alertmanagers': [{'static_configs': [{'targets': [alertmanager]}]}]}} if alertmanager else {}),
        }

    def start(self, timeout=30):
        return self.launch(self._config, [f'--storage.tsdb.path={self.folder / "data"}'], timeout)

    def query(self, expression):
        """The result vector of an instant query. Raises ValueError with Prometheus' message for a wrong expression."""
        url = f'{self.url}/api/v1/query?' + urllib.parse.urlencode({'query': expression})
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                body = json.load(answer)
        except urllib.error.HTTPError as error:
            body = json.load(error)
        if body['status'] != 'success':
            raise ValueError(f'{expression}: {body.get("error")}')
        return body['data']['result']

    def rules(self):
        with urllib.request.urlopen(f'{self.url}/api/v1/rules', timeout=60) as answer:
            return json.load(answer)['data']['groups']


class Alertmanager(Server):
    """Posts each change of an alert to a webhook, at once."""

    def __init__(self, folder, webhook):
        super().__init__('prometheus-alertmanager', folder)
        self._config = {
            'route': {'receiver': 'test', 'group_by': ['alertname', 'instance'], 'group_wait': '0s', 'group_interval': '1s',
                      'repeat_interval': '4h'},
            'receivers': [{'name': 'test', 'webhook_configs': [{'url': webhook, 'send_resolved': True}]}],
        }

    def start(self, timeout=30):
        return self.launch(self._config, [f'--storage.path={self.folder / "data"}', '--cluster.listen-address='], timeout)

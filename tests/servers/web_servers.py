"""The real servers, each with all directives of directives.yaml at once, on loopback ports; and what they logged."""
import os
import re
import shutil
import socket
import threading
from pathlib import Path

import yaml

from processes import Process, free_ports
from waiting import wait_for

HERE = Path(__file__).parent
DIRECTIVES = yaml.safe_load((HERE / 'directives.yaml').read_text(encoding='utf-8'))


def program(name):
    """The path of a server's program: a missing one is a failure, never a skip."""
    for candidate in (shutil.which(name), f'/usr/sbin/{name}', HERE.parents[1] / 'build' / 'venv' / 'bin' / name):
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    raise AssertionError(f'{name} is not installed; scripts/install-deps --test and the tests\' venv bring it')


def exchange(port, data, timeout=60):
    """Sends the bytes and reads until the server closes; a client that has nothing more to say closes its half."""
    with socket.create_connection(('127.0.0.1', port), timeout) as connection:
        connection.sendall(data)
        try:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:     # a server may reset what it refuses
            pass


class WebServer:
    """Runs one server, sends the requests, and waits until each log holds the last of them."""

    name = ''

    def __init__(self, folder, requests):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.requests = requests
        self.directives = {one['name']: one for one in DIRECTIVES.get(self.name, [])}
        self.logs = {}
        self.process = None

    def log_path(self, name):
        return self.folder / f'{name}.log'

    def ports(self):
        return [self.port]

    def run(self):
        self.start()
        try:
            for port in self.ports():
                for request in self.requests:
                    exchange(port, request.bytes())
            fence = self.requests[-1].name.encode()
            for name in self.directives:
                self.process.wait_until(lambda: fence in self.read(name).rpartition(b'\n')[0], 60, f'the log {name} had the last request')
        finally:
            self.stop()
        self.logs = {name: [line for line in self.read(name).split(b'\n') if line] for name in self.directives}
        return self

    def read(self, name):
        path = self.log_path(name)
        return path.read_bytes() if path.exists() else b''

    def wait_for_port(self, port):
        def open_now():
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', port)) == 0
        self.process.wait_until(open_now, 60, f'{self.name} listened')

    def stop(self):
        if self.process:
            self.process.stop()


class Nginx(WebServer):
    name = 'nginx'

    def start(self):
        self.port, = free_ports(1)
        formats, logs = [], []
        for name, one in self.directives.items():
            directive = one['directive'].strip()
            if directive == 'combined':
                format_name = 'combined'
            elif directive.startswith('log_format'):
                format_name = directive.split()[1]
                formats.append(directive)
            else:
                format_name = 'f_' + name.replace('-', '_')
                formats.append(f"log_format {format_name} '{directive}';")
            logs.append(f'access_log {self.log_path(name)} {format_name};')
        for part in ('body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'):
            (self.folder / part).mkdir(exist_ok=True)
        newline = '\n  '
        config = self.folder / 'nginx.conf'
        config.write_text(f'''
daemon off;
worker_processes 1;
pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/fastcgi;
  uwsgi_temp_path {self.folder}/uwsgi; scgi_temp_path {self.folder}/scgi;
  large_client_header_buffers 4 16k;
  ignore_invalid_headers off;
  {newline.join(formats)}
  server {{
    listen 127.0.0.1:{self.port};
    server_name www.example.com;
    set $proxy_upstream_name "shop-web-80";
    set $proxy_alternative_upstream_name "";
    set $req_id $request_id;
    {newline.join(logs)}
    location / {{ return 200 "fine"; }}
  }}
}}
''', encoding='utf-8')
        self.process = Process([program('nginx'), '-e', self.folder / 'error.log', '-c', config], self.folder / 'out.log')
        self.wait_for_port(self.port)


class Apache(WebServer):
    name = 'apache'
    modules = Path('/usr/lib/apache2/modules')

    def start(self):
        self.port, = free_ports(1)
        lines = []
        for name, one in self.directives.items():
            directive = one['directive'].strip()
            format_name = 'f_' + name.replace('-', '_')
            if directive.startswith('LogFormat'):
                # The same text under a name of its own.
                lines.append(re.sub(r'"\s+\w+$', f'" {format_name}', directive))
            else:
                quoted = directive.replace('"', '\\"')
                lines.append(f'LogFormat "{quoted}" {format_name}')
            lines.append(f'CustomLog {self.log_path(name)} {format_name}')
        (self.folder / 'root').mkdir(exist_ok=True)
        (self.folder / 'root').chmod(0o755)
        loads = '\n'.join(f'LoadModule {module}_module {self.modules}/mod_{module}.so'
                          for module in ('mpm_event', 'authz_core', 'log_config', 'logio', 'alias', 'ssl', 'socache_shmcb', 'rewrite')
                          if (self.modules / f'mod_{module}.so').exists())
        newline = '\n'
        config = self.folder / 'apache.conf'
        config.write_text(f'''
ServerRoot {self.folder}
ServerName www.example.com
PidFile {self.folder}/apache.pid
DefaultRuntimeDir {self.folder}
Listen 127.0.0.1:{self.port}
{loads}
ErrorLog {self.folder}/error.log
DocumentRoot {self.folder}/root
LimitRequestLine 16000
AllowEncodedSlashes On
<Directory />
  Require all granted
</Directory>
RewriteEngine On
RewriteRule .* - [R=404,L]
{newline.join(lines)}
''', encoding='utf-8')
        self.process = Process([program('apache2'), '-D', 'FOREGROUND', '-f', config], self.folder / 'out.log')
        self.wait_for_port(self.port)


class DatagramLog:
    """A socket that HAProxy logs to; every datagram becomes a line of a file. UDP, since a Unix socket holds ten datagrams and
    HAProxy drops the next where its reader is slow."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(('127.0.0.1', 0))
        self.address = f'127.0.0.1:{self.socket.getsockname()[1]}'
        self.file = open(path, 'ab', buffering=0)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while True:
            data = self.socket.recv(65536)
            if not data:
                return
            self.file.write(data.rstrip(b'\n') + b'\n')


class Haproxy(WebServer):
    name = 'haproxy'

    def ports(self):
        return self._ports

    def start(self):
        self._ports = free_ports(len(self.directives))
        frontends = []
        for port, (name, one) in zip(self._ports, self.directives.items()):
            directive = one['directive'].strip()
            if not re.match(r'(option|log-format|capture|http-request)\b', directive):
                quoted = directive.replace('"', '\\"')
                directive = f'log-format "{quoted}"'
            log = DatagramLog(self.log_path(name))
            lines = '\n  '.join(directive.splitlines())
            frontends.append(f'''
frontend {name}
  bind 127.0.0.1:{port}
  log {log.address} len 16384 format raw local0
  {lines}
  http-request return status 200 content-type text/plain string fine
''')
        config = self.folder / 'haproxy.cfg'
        config.write_text('''
global
  maxconn 200
  nbthread 1
  tune.bufsize 32768
  tune.http.logurilen 16000
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 5s
  timeout http-request 20s
''' + ''.join(frontends), encoding='utf-8')
        self.process = Process([program('haproxy'), '-db', '-f', config], self.folder / 'out.log')
        for port in self._ports:
            self.wait_for_port(port)


class Envoy(WebServer):
    name = 'envoy'

    def start(self):
        self.port, = free_ports(1)
        logs = []
        for name, one in self.directives.items():
            directive = one['directive']
            config = {'@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
                      'path': str(self.log_path(name))}
            if directive.lstrip().startswith('{'):
                config['log_format'] = {'json_format': yaml.safe_load(directive)}
            elif directive.strip() != 'default':
                config['log_format'] = {'text_format_source': {'inline_string': directive.rstrip('\n') + '\n'}}
            if 'REQ_WITHOUT_QUERY' in directive:
                config['log_format']['formatters'] = [{'name': 'envoy.formatter.req_without_query', 'typed_config': {
                    '@type': 'type.googleapis.com/envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery'}}]
            logs.append({'name': 'envoy.access_loggers.file', 'typed_config': config})
        manager = {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            'stat_prefix': 'test', 'access_log': logs, 'normalize_path': False, 'use_remote_address': True,
            'http_protocol_options': {'accept_http_10': True},
            'route_config': {'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': [
                {'match': {'prefix': '/'}, 'direct_response': {'status': 200, 'body': {'inline_string': 'fine'}}}]}]},
            'http_filters': [{'name': 'envoy.filters.http.router', 'typed_config': {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'}}],
        }
        config = self.folder / 'envoy.yaml'
        config.write_text(yaml.safe_dump({'static_resources': {'listeners': [{
            'name': 'test', 'address': {'socket_address': {'address': '127.0.0.1', 'port_value': self.port}},
            'filter_chains': [{'filters': [{'name': 'envoy.filters.network.http_connection_manager', 'typed_config': manager}]}],
        }]}}), encoding='utf-8')
        self.process = Process([program('envoy'), '-c', config, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warn',
                                '--file-flush-interval-msec', '20'], self.folder / 'out.log')
        self.wait_for_port(self.port)


class Caddy(WebServer):
    """Caddy has no directive for the fields of its log, but encoders; each here has a site of its own."""

    name = 'caddy'
    formats = {
        'json': 'format json',
        'json-iso': 'format json {\n time_format iso8601\n duration_format string\n }',
        'json-rfc3339': 'format json {\n time_format rfc3339_nano\n duration_format nano\n level_format upper\n }',
        'filtered': 'format filter {\n wrap json\n fields {\n request>headers>Authorization delete\n resp_headers delete\n'
                    ' request>remote_ip ip_mask {\n ipv4 24\n ipv6 32\n }\n }\n }',
        'console': 'format console',
    }

    def __init__(self, folder, requests):
        super().__init__(folder, requests)
        self.directives = {name: {'name': name} for name in self.formats}

    def ports(self):
        return self._ports

    def start(self):
        self._ports = free_ports(len(self.formats))
        sites = [f'http://:{port} {{\n log {{\n output file {self.log_path(name)}\n {lines}\n }}\n respond "fine" 200\n}}\n'
                 for port, (name, lines) in zip(self._ports, self.formats.items())]
        config = self.folder / 'Caddyfile'
        config.write_text('{\n admin off\n auto_https off\n default_bind 127.0.0.1\n}\n' + ''.join(sites), encoding='utf-8')
        self.process = Process([program('caddy'), 'run', '--adapter', 'caddyfile', '--config', config], self.folder / 'out.log',
                               {'HOME': str(self.folder), 'XDG_CONFIG_HOME': str(self.folder), 'XDG_DATA_HOME': str(self.folder)})
        for port in self._ports:
            self.wait_for_port(port)


SERVERS = {one.name: one for one in (Nginx, Apache, Haproxy, Envoy, Caddy)}

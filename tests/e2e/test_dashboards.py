"""Every query of every dashboard, put to a real Prometheus that scrapes the running daemon, returns data."""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest

import dashboard_pictures
import dashboards
import traffic
from command import run
from conftest import Pipeline
from prometheus_server import PrometheusServer
from waiting import wait_for
from weir_process import RECORDS, REPOSITORY


@pytest.fixture(scope='module')
def watched(broker, tmp_path_factory):
    """(weir, Prometheus): a daemon that works on traffic of every kind the whole time, and the server that watches it."""
    folder = tmp_path_factory.mktemp('dashboards')
    pipeline = Pipeline(broker, folder)
    # What some panels are about: somebody's list, and somebody's word on an alert.
    (folder / 'blocked.netset').write_text('192.0.2.0/24\n')
    verdicts = pipeline.group + '.verdicts'
    broker.create_topic(verdicts, 1)
    weir = pipeline.start(enrichment={'threat_lists': [str(folder / 'blocked.netset')]}, kafka={'topics': {'verdicts': verdicts}})
    prometheus = PrometheusServer(folder / 'prometheus', [f'127.0.0.1:{weir.port}'], RULE_FILES).start()
    done = threading.Event()

    def keep_busy():
        bad = [line for line, _ in traffic.bad_records().values()] + list(traffic.tolerated_records().values())
        while not done.wait(0.2):
            broker.produce(pipeline.requests, traffic.every_kind_in_two_parts()[0][:2000] + bad, 'lz4')
    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        weir.wait_for_metric(RECORDS, 1000)
        weir.reload()
        mark_two_alerts(pipeline, weir)
        # Rates need several scrapes.
        wait_for(lambda: prometheus.query(f'count_over_time({RECORDS}[1m]) >= 5'), 60, 'five scrapes', 0.3)
        yield weir, prometheus
    finally:
        done.set()
        busy.join()
        prometheus.stop()
        assert weir.stop() == 0, weir.process.log_tail()


def mark_two_alerts(pipeline, weir):
    def attacks():
        return [one['alert']['metadata']['uid'] for one in pipeline.alerts() if one['alert']['unmapped']['weir']['kind'] == 'attack']
    wait_for(lambda: len(attacks()) >= 2, 60, 'two alerts about attacks', 0.3)
    for uid, verdict in zip(attacks(), ('false', 'true')):
        marked = run('alerts', 'mark', uid, verdict, '--config', str(weir.config_path))
        assert marked.code == 0, marked


RULE_FILES = sorted((REPOSITORY / 'dashboards').glob('*.rules.y*ml'))
ALL_QUERIES = [pytest.param(expression, id=f'{path.stem}-{title}-{number}') for path in dashboards.dashboards()
               for number, (title, expression) in enumerate(dashboards.queries(path))]


def test_there_are_four_dashboards_and_they_are_what_their_table_says():
    assert [path.stem for path in dashboards.dashboards()] == ['clients', 'detection', 'overview', 'pipeline']
    subprocess.run([sys.executable, dashboards.FOLDER / 'build.py', '--check'], check=True)


@pytest.mark.parametrize('expression', ALL_QUERIES)
def test_a_panels_query_returns_data(watched, expression):
    weir, prometheus = watched

    def numbers():
        return [one for one in prometheus.query(expression) if not math.isnan(float(one['value'][1]))]
    wait_for(numbers, 30, lambda: f'data for: {expression}\n{weir.process.log_tail(5)}', 0.3)


@pytest.mark.parametrize('path', dashboards.dashboards(), ids=lambda path: path.stem)
def test_a_variables_query_returns_data(watched, path):
    _, prometheus = watched
    for name, expression in dashboards.variable_queries(path):
        # A scrape that took too long leaves a gap.
        wait_for(lambda: prometheus.query(expression), 30, f'data for {name}: {expression}', 0.3)


@pytest.mark.parametrize('path', dashboards.dashboards(), ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path):
    dashboard = json.loads(path.read_text(encoding='utf-8'))
    assert dashboard['title'] and dashboard['uid'] and dashboard['schemaVersion']
    ids = [panel['id'] for panel in dashboards.panels(dashboard)]
    assert len(set(ids)) == len(ids)
    for panel in dashboards.panels(dashboard):
        assert panel['type'] and panel['gridPos'], panel.get('title')
        if panel['type'] != 'row':
            assert panel['description'] and panel['fieldConfig']['defaults']['unit'], panel['title']
    source = ['source'] if path.stem == 'detection' else []
    assert [variable['name'] for variable in dashboard['templating']['list']] == ['datasource', 'job', 'instance', *source]
    assert any(link['type'] == 'dashboards' and link['tags'] == dashboard['tags'] for link in dashboard['links'])


@pytest.mark.parametrize('path', dashboards.dashboards(), ids=lambda path: path.stem)
def test_panels_do_not_overlap(path):
    taken = set()
    for panel in dashboards.panels(json.loads(path.read_text(encoding='utf-8'))):
        place = panel['gridPos']
        cells = {(x, y) for x in range(place['x'], place['x'] + place['w']) for y in range(place['y'], place['y'] + place['h'])}
        assert place['x'] + place['w'] <= 24 and not cells & taken, panel['title']
        taken |= cells


@pytest.mark.parametrize('path', dashboards.dashboards(), ids=lambda path: path.stem)
def test_an_annotations_query_is_one(watched, path):
    _, prometheus = watched
    dashboard = json.loads(path.read_text(encoding='utf-8'))
    assert [one['name'] for one in dashboard['annotations']['list']] == ['Restart', 'Reload']
    for one in dashboard['annotations']['list']:
        prometheus.query(dashboards.fill_in(one['expr'], dashboards.variables(dashboard)))


def of_decisions_serve():
    """What the documents say that it exports; tests/e2e/test_decisions.py holds them against it."""
    section = (REPOSITORY / 'docs/metrics.md').read_text(encoding='utf-8').split('## `weir decisions serve`')[1].split('\n## ')[0]
    return set(re.findall(r'^\| `(weir_\w+)', section, re.M))


def test_every_metric_that_the_alert_rules_name_is_exported(watched):
    weir, _ = watched
    # A daemon without a certificate has no end of one: tests/e2e/test_security.py sees it at one that has.
    exported = {name for name, _, _ in weir.metrics().samples} | {'weir_certificate_end_timestamp_seconds'} | of_decisions_serve()
    for path in RULE_FILES:
        named = set(re.findall(r'\b(?:weir|process)_[a-z0-9_]+', path.read_text(encoding='utf-8')))
        assert named and named <= exported, f'{path.name}: nobody exports {sorted(named - exported)}'


def test_prometheus_evaluates_the_alert_rules_without_error(watched):
    _, prometheus = watched
    assert RULE_FILES
    rules = lambda: [rule for group in prometheus.rules() for rule in group['rules']]
    wait_for(lambda: rules() and all(rule['health'] != 'unknown' for rule in rules()), 30, 'the evaluation of all rules', 0.3)
    assert not [(rule['name'], rule.get('lastError')) for rule in rules() if rule['health'] != 'ok']


def test_prometheus_scrapes_weir_without_complaint(watched):
    weir, prometheus = watched
    # On a machine that is busy one may take too long.
    wait_for(lambda: [float(one['value'][1]) for one in prometheus.query('up{job="weir"}')] == [1.0], 30, 'a scrape', 0.3)
    _, headers, body = weir.get('/metrics')
    assert headers['Content-Type'].startswith('text/plain')
    for line in body.splitlines():
        name = re.match(r'[a-zA-Z_:]+', line)
        assert line.startswith('#') or name[0].startswith(('weir_', 'process_', 'exposer_')), line
    forbidden = {'client', 'client_id', 'address', 'ip', 'path', 'url'}
    assert not {label for _, labels, _ in weir.metrics().samples for label in labels} & forbidden


def test_health_and_readiness_answer(watched):
    weir, _ = watched
    assert weir.get('/-/healthy')[0] == 200
    weir.process.wait_until(weir.ready, 30, 'weir was ready')
    assert weir.get('/no/such/path')[0] == 404


DRAWN = pytest.mark.skipif(not shutil.which('chromium') and os.environ.get('CI') != 'true', reason='there is no chromium')


@DRAWN
@pytest.mark.parametrize('path', dashboards.dashboards(), ids=lambda path: path.stem)
def test_every_panel_shows_something_under_traffic(watched, path):
    """Drawn by Grafana's own components: a number in each stat, lines and their names in each graph."""
    _, prometheus = watched
    end = int(time.time())
    data = dashboard_pictures.collected(path, prometheus.url, dashboard_pictures.Period(end - 60, end, 1))
    seen = dashboard_pictures.seen(data)
    for panel in data['panels']:
        text = seen[panel['id']]['text']
        assert panel['title'] in text and 'No data' not in text, f'{panel["title"]}: {text}'
        shown = text.replace(panel['title'], '', 1)
        if panel['type'] == 'stat':
            assert re.search(r'\d', shown), f'{panel["title"]}: {text}'
        elif panel['type'] == 'timeseries':
            assert seen[panel['id']]['canvas'] and shown.strip(), f'{panel["title"]}: {text}'


@DRAWN
def test_a_panel_without_data_is_seen_as_such(watched):
    """What the test above relies on."""
    _, prometheus = watched
    end = int(time.time())
    data = dashboard_pictures.collected(dashboards.FOLDER / 'overview.json', prometheus.url, dashboard_pictures.Period(end - 60, end, 1))
    stat, graph = (next(panel for panel in data['panels'] if panel['type'] == kind) for kind in ('stat', 'timeseries'))
    stat['results'] = graph['results'] = [[]]
    seen = dashboard_pictures.seen(data)
    assert all('No data' in seen[panel['id']]['text'] for panel in (stat, graph))

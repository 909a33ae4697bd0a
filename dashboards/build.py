#!/usr/bin/env python3
"""Writes the Grafana dashboards beside this file.

usage: build.py [--check]

A dashboard is a table of panels here and verbose JSON there; edit the table. With --check nothing is written: exit code 1 if
a file is not what this program would write.
"""
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DATASOURCE = {'type': 'prometheus', 'uid': '${datasource}'}
COLUMNS = 24
SELECT = 'instance=~"$instance"'
RATE = '[$__rate_interval]'
SEVERITY_COLOURS = {'informational': 'blue', 'low': 'green', 'medium': 'yellow', 'high': 'orange', 'critical': 'red'}
# Of its colour only from this value on; without steps a panel's colour says nothing.
NO_STEPS = [{'color': 'text', 'value': None}]


def rate(metric, by='', labels=''):
    """The summed rate of a counter, by some labels."""
    grouping = f' by ({by})' if by else ''
    return f'sum{grouping} (rate({metric}{{{SELECT}{labels}}}{RATE}))'


def total(metric, by=''):
    """The sum of a gauge, by some labels."""
    return f'sum{f" by ({by})" if by else ""} ({metric}{{{SELECT}}})'


def quantile(share, metric, window='[5m]'):
    """Alerts are rare: their latency is looked at over a longer window than rates are."""
    return f'histogram_quantile({share}, sum by (le) (rate({metric}_bucket{{{SELECT}}}{window})))'


def row(title):
    return {'type': 'row', 'title': title, 'collapsed': False, 'panels': [], 'width': COLUMNS, 'height': 1}


def panel(kind, title, description, queries, *, unit, width, height, options, custom=None, decimals=None, steps=None, overrides=()):
    defaults = {'unit': unit, 'color': {'mode': 'thresholds' if kind == 'stat' else 'palette-classic'},
                'thresholds': {'mode': 'absolute', 'steps': steps or NO_STEPS}, 'custom': custom or {}}
    if decimals is not None:
        defaults['decimals'] = decimals
    targets = [{'refId': chr(ord('A') + number), 'datasource': DATASOURCE, 'expr': expression, 'legendFormat': legend,
                'range': kind != 'stat', 'instant': kind == 'stat'}
               for number, (legend, expression) in enumerate(queries)]
    return {'type': kind, 'title': title, 'description': description, 'datasource': DATASOURCE, 'width': width, 'height': height,
            'fieldConfig': {'defaults': defaults, 'overrides': list(overrides)}, 'options': options, 'targets': targets}


def stat(title, description, expression, unit='short', steps=None, decimals=None, legend='', text='auto'):
    options = {'reduceOptions': {'calcs': ['lastNotNull'], 'fields': '', 'values': False}, 'colorMode': 'value',
               'graphMode': 'none', 'justifyMode': 'auto', 'orientation': 'auto', 'textMode': text, 'wideLayout': True}
    return panel('stat', title, description, [(legend, expression)], unit=unit, width=4, height=4, options=options,
                 decimals=decimals, steps=steps)


def graph(title, description, queries, unit='short', width=8, stacked=False, overrides=(), minimum=0):
    custom = {'drawStyle': 'line', 'lineWidth': 1, 'fillOpacity': 25 if stacked else 8, 'showPoints': 'never', 'spanNulls': False,
              'stacking': {'mode': 'normal' if stacked else 'none', 'group': 'A'}, 'axisSoftMin': minimum}
    options = {'legend': {'displayMode': 'list', 'placement': 'bottom', 'showLegend': True, 'calcs': []},
               'tooltip': {'mode': 'multi', 'sort': 'desc'}}
    return panel('timeseries', title, description, queries, unit=unit, width=width, height=8, options=options, custom=custom,
                 overrides=overrides)


def coloured(name, colour):
    """Series whose name ends so, in one colour."""
    return {'matcher': {'id': 'byRegexp', 'options': f'.*{name}'},
            'properties': [{'id': 'color', 'value': {'mode': 'fixed', 'fixedColor': colour}}]}


def warn_from(yellow, red):
    return [{'color': 'green', 'value': None}, {'color': 'yellow', 'value': yellow}, {'color': 'red', 'value': red}]


RECORDS = rate('weir_records_total')

OVERVIEW = [
    row('At a glance'),
    stat('Records', 'Records read from the requests topics per second.', RECORDS, 'cps'),
    stat('Malicious', 'Share of the records whose request score reached the threshold.',
         f'{rate("weir_malicious_records_total")} / {RECORDS}', 'percentunit', decimals=2),
    stat('Alerts', 'Alerts published in the last hour.', f'sum (increase(weir_alerts_total{{{SELECT}}}[1h]))', decimals=0),
    stat('Lag', 'Messages of all assigned partitions still to be consumed, both stages.', total('weir_consumer_lag_records'),
         steps=warn_from(100_000, 1_000_000)),
    stat('Alert latency, p99', "From the broker's append of a record to its word that the alert is stored; last 5 minutes.",
         quantile(0.99, 'weir_end_to_end_seconds'), 's', steps=warn_from(5, 30)),
    stat('Version', 'The builds that run.', f'count by (version) (weir_build_info{{{SELECT}}})', legend='{{version}}', text='name'),

    row('Input'),
    graph('Records per second', 'By instance. Compare with the producers of the requests topics.',
          [('{{instance}}', rate('weir_records_total', 'instance'))], 'cps'),
    graph('Bytes per second', 'Payload of the records read.', [('{{instance}}', rate('weir_record_bytes_total', 'instance'))], 'Bps'),
    graph('Parse errors by reason', 'Records that could not become an event. Each goes to the dead-letter topic.',
          [('{{reason}}', rate('weir_parse_errors_total', 'reason') + ' > 0')], 'cps', stacked=True),

    row('Detection'),
    graph('Rule hits by category', 'A record may hit several rules; a hit alone is no alert.',
          [('{{category}}', rate('weir_rule_hits_total', 'category'))], 'cps', width=12, stacked=True),
    graph('Time per record by stage', 'Where the time of a record goes, on one core.',
          [('{{stage}}', f'{rate("weir_stage_seconds_total", "stage")} / on () group_left () {RECORDS}')], 's', width=12, stacked=True),

    row('Alerts'),
    graph('Alerts by kind and severity', 'Openings, updates and closings of episodes.',
          [('{{kind}} {{severity}}', f'sum by (kind, severity) (increase(weir_alerts_total{{{SELECT}}}{RATE}))')], stacked=True,
          overrides=[coloured(severity, colour) for severity, colour in SEVERITY_COLOURS.items()]),
    graph('Flood control', 'Malicious or abusive records counted into an open episode without an alert of their own.',
          [('suppressed', rate('weir_alerts_suppressed_total'))], 'cps'),
    graph('Open episodes', 'Episodes that have neither ended nor gone idle.',
          [('{{instance}}', total('weir_episodes_open', 'instance'))], stacked=True),

    row('Kafka'),
    graph('Consumer lag', 'Messages still to be consumed. On the observations topic a message is a block of many observations.',
          [('{{topic}}', total('weir_consumer_lag_records', 'topic'))]),
    graph('Alert latency', "From the broker's append of a record to its word that the alert is stored.",
          [('p50', quantile(0.5, 'weir_end_to_end_seconds')), ('p99', quantile(0.99, 'weir_end_to_end_seconds'))], 's'),
    graph('Commits', 'Of consumed offsets, with all that was produced for them. Failures should be none.',
          [('{{stage}}', rate('weir_commits_total', 'stage')), ('{{stage}} failed', rate('weir_commit_failures_total', 'stage'))], 'cps',
          overrides=[coloured('failed', 'red')]),
    graph('Rebalances', 'Assignments received. A steady stream of them means instances that come and go.',
          [('{{stage}}', f'sum by (stage) (increase(weir_rebalances_total{{{SELECT}}}{RATE}))')]),
    graph('Dead letters', 'Records that could not be read, written with their reason to the dead-letter topic.',
          [('dead letters', rate('weir_dead_letters_total'))], 'cps'),
    graph('Backpressure and errors', 'Waits for a full output queue, undelivered messages, errors of the client library.',
          [('{{stage}} queue full', rate('weir_queue_full_waits_total', 'stage')),
           ('{{stage}} undelivered', rate('weir_delivery_errors_total', 'stage')),
           ('{{stage}} client errors', rate('weir_kafka_client_errors_total', 'stage'))], 'cps'),

    row('State and resources'),
    graph('Clients', 'In the client tables.', [('{{instance}}', total('weir_clients', 'instance'))], stacked=True),
    graph('Clients forgotten', 'Expired: idle, as configured. Evicted: the table was full (score.clients_max). Late: records too far '
          'behind their client (score.lateness_ms) to count for bursts.',
          [('expired', rate('weir_clients_expired_total')), ('evicted', rate('weir_clients_evicted_total')),
           ('records late for bursts', rate('weir_burst_late_records_total'))], 'cps',
          overrides=[coloured('evicted', 'red')]),
    graph('Memory', 'Resident memory of the process, and the client tables in it.',
          [('{{instance}} resident', total('process_resident_memory_bytes', 'instance')),
           ('{{instance}} client tables', total('weir_state_bytes', 'instance'))], 'bytes'),
    graph('CPU', 'Cores in use.', [('{{instance}}', rate('process_cpu_seconds_total', 'instance'))]),
    graph('Rules', 'Rules in force, and reloads in the interval.',
          [('{{instance}} rules', total('weir_rules_loaded', 'instance')),
           ('reloads {{result}}', f'sum by (result) (increase(weir_rule_reloads_total{{{SELECT}}}{RATE}))')],
          overrides=[coloured('failure', 'red')]),
    graph('Descriptors and threads', 'Open files of the process, sockets to the brokers included.',
          [('{{instance}} descriptors', total('process_open_fds', 'instance')),
           ('{{instance}} threads', total('process_threads', 'instance'))]),
]


def placed(panels):
    """The panels with ids and positions: left to right, a new line when one does not fit."""
    x = y = line_height = 0
    for number, one in enumerate(panels, 1):
        width, height = one.pop('width'), one.pop('height')
        if x + width > COLUMNS:
            x, y, line_height = 0, y + line_height, 0
        one.update(id=number, gridPos={'x': x, 'y': y, 'w': width, 'h': height})
        x, line_height = x + width, max(line_height, height)
    return panels


def dashboard(uid, title, description, panels):
    variables = [
        {'name': 'datasource', 'label': 'Data source', 'type': 'datasource', 'query': 'prometheus', 'hide': 0, 'current': {},
         'options': [], 'refresh': 1, 'regex': '', 'includeAll': False, 'multi': False},
        {'name': 'instance', 'label': 'Instance', 'type': 'query', 'datasource': DATASOURCE, 'hide': 0,
         'query': {'query': 'label_values(weir_build_info, instance)', 'refId': 'instances'},
         'definition': 'label_values(weir_build_info, instance)', 'refresh': 2, 'sort': 1, 'regex': '', 'options': [],
         'includeAll': True, 'multi': True, 'allValue': '.*', 'current': {'text': ['All'], 'value': ['$__all']}},
    ]
    return {'uid': uid, 'title': title, 'description': description, 'tags': ['weir'], 'schemaVersion': 39, 'version': 1, 'id': None,
            'editable': True, 'graphTooltip': 1, 'timezone': 'utc', 'refresh': '30s', 'time': {'from': 'now-1h', 'to': 'now'},
            'timepicker': {}, 'fiscalYearStartMonth': 0, 'liveNow': False, 'links': [], 'weekStart': '',
            'annotations': {'list': []}, 'templating': {'list': variables}, 'panels': placed(panels)}


DASHBOARDS = {
    'overview.json': dashboard('weir-overview', 'weir: overview', 'Input, detection, alerts, Kafka and resources at a glance.', OVERVIEW),
}


def main(arguments):
    if arguments not in ([], ['--check']):
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for name, content in DASHBOARDS.items():
        path, text = FOLDER / name, json.dumps(content, indent=2, ensure_ascii=False) + '\n'
        if not arguments:
            path.write_text(text, encoding='utf-8')
        elif not path.exists() or path.read_text(encoding='utf-8') != text:
            print(f'{path}: not what build.py writes', file=sys.stderr)
            stale = 1
    return stale


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

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
SOURCE = ', source=~"$source"'
SELECT = 'job=~"$job", instance=~"$instance"'
RUNBOOKS = '/usr/share/doc/weir/runbooks.md'
RATE = '[$__rate_interval]'
SEVERITY_COLOURS = {'informational': 'blue', 'low': 'green', 'medium': 'yellow', 'high': 'orange', 'critical': 'red'}
# Of a graph's axis, at least: one event, or one in ten seconds.
SOFT_MAXIMUM = {'short': 1, 'cps': 0.1}
# Of its colour only from this value on; without steps a panel's colour says nothing.
NO_STEPS = [{'color': 'text', 'value': None}]


def rate(metric, by='', labels=''):
    """The summed rate of a counter, by some labels."""
    grouping = f' by ({by})' if by else ''
    return f'sum{grouping} (rate({metric}{{{SELECT}{labels}}}{RATE}))'


def increase(metric, by='', window=RATE):
    """How much a counter grew, by some labels: for what is rare and counted one by one."""
    grouping = f' by ({by})' if by else ''
    return f'sum{grouping} (increase({metric}{{{SELECT}}}{window}))'


def last_hour(metric, labels=''):
    """How much a counter grew, whole: what Prometheus extrapolates has fractions."""
    return f'round(sum (increase({metric}{{{SELECT}{labels}}}[1h])))'


def share(part, whole):
    """Of two rates. Where there is nothing to have a share of it is 0, not nothing."""
    return f'{rate(part)} / clamp_min({rate(whole)}, 1e-9)'


def total(metric, by=''):
    """The sum of a gauge, by some labels."""
    return f'sum{f" by ({by})" if by else ""} ({metric}{{{SELECT}}})'


def verdicts(verdict, at=''):
    """Episodes by the rule that caused them. Every process tells of all of them, so that their sum would count each several times."""
    return f'max by (title) (weir_rule_verdicts{{{SELECT}, verdict="{verdict}"}}{at}) > 0'


def foremost(expression, rank):
    """The ten series of the expression that `rank`, of the same labels, puts first for the whole time shown. A topk of its own at each
    step would put many more than ten into the legend."""
    return f'{expression} and topk(10, {rank})'


def most_over_range(metric, by):
    """The largest value of a gauge in the time shown, for foremost()."""
    return f'sum by ({by}) (max_over_time({metric}{{{SELECT}}}[$__range] @ end()))'


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


def graph(title, description, queries, unit='short', width=8, stacked=False, overrides=(), minimum=0, maximum=None, decimals=None, legend='bottom'):
    """`minimum` and `maximum` are what the axis shows at least; a flat line at 0 would have an axis up to 100 without one."""
    if maximum is None:
        maximum = SOFT_MAXIMUM.get(unit)
    custom = {'drawStyle': 'line', 'lineWidth': 1, 'fillOpacity': 25 if stacked else 0, 'showPoints': 'never', 'spanNulls': False,
              'stacking': {'mode': 'normal' if stacked else 'none', 'group': 'A'}, 'axisSoftMin': minimum,
              **({} if maximum is None else {'axisSoftMax': maximum})}
    options = {'legend': {'displayMode': 'list', 'placement': legend, 'showLegend': True, 'calcs': []},
               'tooltip': {'mode': 'multi', 'sort': 'desc'}}
    return panel('timeseries', title, description, queries, unit=unit, width=width, height=8, options=options, custom=custom,
                 overrides=overrides, decimals=decimals)


def coloured(name, colour):
    """Series whose name ends so, in one colour."""
    return {'matcher': {'id': 'byRegexp', 'options': f'.*{name}'},
            'properties': [{'id': 'color', 'value': {'mode': 'fixed', 'fixedColor': colour}}]}


def warn_from(yellow, red):
    return [{'color': 'green', 'value': None}, {'color': 'yellow', 'value': yellow}, {'color': 'red', 'value': red}]


RECORDS = rate('weir_records_total')
END_TO_END = 'weir_end_to_end_seconds'
# Against the time of its scrape: against the time of the query it would be as old as the scrape, too. The scrape's time is that of its
# beginning, so that a commit may come after it.
LAST_COMMIT = f'weir_last_commit_timestamp_seconds{{{SELECT}}}'
SEVERITIES = [coloured(severity, colour) for severity, colour in SEVERITY_COLOURS.items()]
# From the first of them on: such a thing should never be.
NEVER = [{'color': 'green', 'value': None}, {'color': 'red', 'value': 1}]

OVERVIEW = [
    row('At a glance'),
    stat('Records', 'Records read from the requests topics per second.', RECORDS, 'cps'),
    stat('Malicious', 'Share of the records whose request score reached the threshold.',
         share('weir_malicious_records_total', 'weir_records_total'), 'percentunit', decimals=2, steps=warn_from(0.05, 0.25)),
    stat('Alerts', 'Alerts published in the last hour.', last_hour('weir_alerts_total')),
    stat('Lag', 'Messages of all assigned partitions still to be consumed, both stages.', total('weir_consumer_lag_records'),
         steps=warn_from(100_000, 1_000_000)),
    stat('Alert latency, p99', "From the broker's append of a record to its word that the alert is stored; last 5 minutes.",
         quantile(0.99, END_TO_END), 's', steps=warn_from(5, 30)),
    stat('Version', 'The builds that run.', f'count by (version) (weir_build_info{{{SELECT}}})', legend='{{version}}', text='name'),

    row('Input and detection'),
    graph('Records per second', 'By instance. Compare with the producers of the requests topics.',
          [('{{instance}}', rate('weir_records_total', 'instance'))], 'cps'),
    graph('Rule hits by category', 'A record may hit several rules; a hit alone is no alert.',
          [('{{category}}', rate('weir_rule_hits_total', 'category'))], 'cps', stacked=True),
    graph('Alerts by severity', 'Openings, updates and closings of episodes.',
          [('{{severity}}', increase('weir_alerts_total', 'severity'))], stacked=True, overrides=SEVERITIES),

    row('What should not be'),
    stat('Not up', 'Instances that Prometheus does not reach. Alert WeirDown.', f'count (up{{{SELECT}}} == 0) or vector(0)', steps=NEVER),
    stat('Not ready', 'Instances with a lane that has not joined its group, or restores. Alert WeirNotReady; /-/ready says why.',
         f'count (weir_ready{{{SELECT}}} == 0) or vector(0)', steps=NEVER),
    stat('Rules refused', 'Instances whose newest rules were refused; the ones before stay in force. Alert WeirReloadFailed.',
         f'count (weir_rules_last_reload_successful{{{SELECT}}} == 0) or vector(0)', steps=NEVER),
    stat('Rule sets', 'That are in force at once. More than one for long is the alert WeirDifferentRules.',
         f'count (count by (fingerprint) (weir_rules_info{{{SELECT}}}))', steps=[{'color': 'green', 'value': None}, {'color': 'yellow', 'value': 2}]),
    stat('Records lost', 'Removed by retention before they were read, last hour. Alert WeirRecordsLost.',
         last_hour('weir_records_lost_total'), steps=NEVER),
    stat('Not fully judged', 'Scans that failed, last hour. Alert WeirScanFailures.',
         last_hour('weir_scan_failures_total'), steps=NEVER),
    stat('Quarantined', 'Records set aside because the process crashed at them. Alert WeirRecordsQuarantined.',
         total('weir_quarantined_records_total'), steps=NEVER, decimals=0),

    stat('Clocks apart', "The brokers' clock and this machine's, at least so much, the furthest apart. Alert WeirClockSkew.",
         f'max (abs(weir_clock_skew_seconds{{{SELECT}}}))', 's', steps=warn_from(5, 30), decimals=1),
    stat('Silences', 'Of clients and episodes, that somebody decided on and that are in force: alerts that nobody sees.',
         total('weir_silences'), decimals=0, steps=warn_from(1, 50)),
    stat('Lanes that hung', 'Times that a lane had work and got on with nothing, last hour. Alert WeirLaneStalls.',
         last_hour('weir_lane_stalls_total'), steps=NEVER),
    stat('Sources stuck', 'Partitions of the input that get on with nothing, as the furthest instance sees them. Alert WeirSourceStuck.',
         f'max (weir_sources_stuck{{{SELECT}}})', steps=NEVER),
    stat('Foreign blocks', 'Blocks of another group on the observations topic, last hour. Alert WeirForeignBlocks.',
         last_hour('weir_foreign_observation_blocks_total'), steps=NEVER),

    row('Resources'),
    graph('CPU', 'Cores in use.', [('{{instance}}', rate('process_cpu_seconds_total', 'instance'))], maximum=0.1),
    graph('Memory', 'Resident memory of the process, and the client tables in it.',
          [('{{instance}} resident', total('process_resident_memory_bytes', 'instance')),
           ('{{instance}} client tables', total('weir_state_bytes', 'instance'))], 'bytes'),
    graph('Consumer lag', 'Messages still to be consumed. On the observations topic a message is a block of many observations.',
          [('{{topic}}', total('weir_consumer_lag_records', 'topic'))]),
]

DETECTION = [
    row('Records'),
    graph('Records and malicious ones', 'Per second.', [('records', RECORDS), ('malicious', rate('weir_malicious_records_total'))], 'cps',
          overrides=[coloured('malicious', 'red')]),
    graph('Share that is malicious', 'Of the records read. A step without a change of the traffic is a change of the rules.',
          [('malicious', share('weir_malicious_records_total', 'weir_records_total'))], 'percentunit'),
    graph('Bots and tools', 'Records with the user agent of a bot or tool.', [('records', rate('weir_bot_user_agents_total'))], 'cps'),

    row('Rules'),
    graph('Rule hits by category', 'A record may hit several rules; a hit alone is no alert.',
          [('{{category}}', rate('weir_rule_hits_total', 'category'))], 'cps', width=12, stacked=True),
    graph('Rules in force', 'Loaded rules by instance. Different numbers for long are different rules.',
          [('{{instance}}', total('weir_rules_loaded', 'instance'))], width=6),
    graph('Reloads', 'Of the rules. Marks in all graphs are those, too. After a failure the rules before it stay in force.',
          [('{{result}}', increase('weir_rule_reloads_total', 'result'))], width=6, overrides=[coloured('failure', 'red')]),

    graph('Rules that hit most', 'The ten rules with the most hits. One that rises alone is an attack of its kind, or a false alarm.',
          [('{{title}}', foremost(rate('weir_hits_by_rule_total', 'title'),
                                  f'sum by (title) (increase(weir_hits_by_rule_total{{{SELECT}}}[$__range] @ end()))'))], 'cps', width=24, legend='right'),

    row('By source'),
    graph('Records by source', 'Read from the topics of each source of the configuration; "default" where there are none.',
          [('{{source}}', rate('weir_source_records_total', 'source', SOURCE))], 'cps', width=6, stacked=True),
    graph('Rejected by source', 'Records of a source that could not become an event. A source alone has the wrong profile, or new records.',
          [('{{source}}', rate('weir_source_rejected_total', 'source', SOURCE))], 'cps', width=6, stacked=True),
    graph('Malicious by source', 'Requests of a source whose score reached the threshold, of those judged.',
          [('{{source}}', f'{rate("weir_source_malicious_total", "source", SOURCE)} / '
                          f'clamp_min({rate("weir_source_requests_total", "source", SOURCE)}, 1e-9)')], 'percentunit', width=6),
    graph('Unread by topic', 'Messages still to be consumed. A source is as far behind as its topics.',
          [('{{topic}}', total('weir_consumer_lag_records', 'topic'))], width=6, stacked=True),

    row('Policy'),
    graph('Violations', 'What records had that their route does not allow, by kind of violation.',
          [('{{rule}}', f'label_replace({rate("weir_policy_violations_total", "rule")}, "rule", "$1", "rule", "weir-policy-(.*)")')], 'cps', width=9,
          stacked=True),
    graph('Excluded', 'Hits and violations that an exclusion took away. Much of it may hide attacks.',
          [('hits', rate('weir_excluded_hits_total'))], 'cps', width=4),
    graph('Responses', 'Responses whose headers lack or reveal something.',
          [('{{fault}}', rate('weir_response_faults_total', 'fault'))], 'cps', width=11, stacked=True),

    row('What is not looked at'),
    graph('Parse errors by reason', 'Records that could not become an event. Each goes to the dead-letter topic.',
          [('{{reason}}', rate('weir_parse_errors_total', 'reason') + ' > 0')], 'cps', stacked=True),
    graph('Cut', 'Records with a field that is longer than what is scanned, lines that did not fit, and what else reached a limit.',
          [('records with a long field', rate('weir_truncated_records_total')), ('lines left out', rate('weir_dropped_lines_total')),
           ('scans ended early', rate('weir_capped_scans_total')), ('expressions given up', rate('weir_expression_limits_total')),
           ('exclusions left out', rate('weir_exclusions_left_out_total')),
           ('violations left out', rate('weir_violations_left_out_total'))], 'cps'),
    graph('Repaired and failed', 'Records with invalid UTF-8, judged like others; scans that failed, which should be none.',
          [('repaired', rate('weir_utf8_repaired_records_total')), ('failed', rate('weir_scan_failures_total'))], 'cps',
          overrides=[coloured('failed', 'red')]),

    graph('Fields not understood', 'Requests whose field was there and could not be read, by field. All of a field: the profile does not fit.',
          [('{{field}}', rate('weir_fields_unread_total', 'field') + ' > 0')], 'cps', width=12),
    graph('Read with difficulty', 'Requests from damaged records, without a method or target that is one, without a time or an address, and with a wrong clock.',
          [('salvaged', rate('weir_salvaged_requests_total')), ('malformed', rate('weir_malformed_requests_total')),
           ('without time', rate('weir_requests_without_time_total')), ('without address', rate('weir_requests_without_address_total')),
           ('wrong clock', rate('weir_wrong_clock_records_total'))], 'cps', width=12),

    row('What people say of alerts'),
    graph('Marked false', 'Episodes that people marked as false alarms, by the rules that caused them; the ten with the most. Empty until the first mark '
          '(weir alerts mark). Many of one rule ask for an exclusion or another level: weir rules scorecard.',
          [('{{title}}', foremost(verdicts('false'), verdicts('false', ' @ end()')))], width=12, legend='right'),
    graph('Marked true', 'Episodes that people confirmed, by the rules that caused them; the ten with the most.',
          [('{{title}}', foremost(verdicts('true'), verdicts('true', ' @ end()')))], width=12, legend='right'),

    row('Enrichment'),
    graph('Entries', 'Databases, and entries of the lists, that alerts are enriched from. By instance, as each reads its own files.',
          [('{{instance}} {{kind}}', total('weir_enrichment_entries', 'instance, kind'))], width=8),
    graph('Age of the oldest file', 'Lists and databases that nobody renews say less each day. Empty where there are none.',
          [('{{instance}}', f'time() - (max by (instance) (weir_enrichment_oldest_file_timestamp_seconds{{{SELECT}}}) > 0)')], 's', width=8),
    graph('Reloads', 'Of these files. After a failure what was in force stays so.',
          [('{{result}}', increase('weir_enrichment_reloads_total', 'result'))], width=8, overrides=[coloured('failure', 'red')]),

    row('Cost'),
    graph('Time per record by step', 'Where the time of a record goes, on one core.',
          [('{{stage}}', f'{rate("weir_stage_seconds_total", "stage")} / on () group_left () {RECORDS}')], 's', width=12, stacked=True),
    graph('Bytes per record', 'Payload of the records read, on average.',
          [('bytes', f'{rate("weir_record_bytes_total")} / {RECORDS}')], 'bytes', width=12),
]

CLIENTS = [
    row('Alerts'),
    stat('Attack alerts', 'Of the last hour.', last_hour('weir_alerts_total', ', kind="attack"')),
    stat('Abuse alerts', 'Of the last hour.', last_hour('weir_alerts_total', ', kind="abuse"')),
    stat('Open episodes', 'That have neither ended nor gone idle.', total('weir_episodes_open'), decimals=0),
    stat('Clients', 'In the client tables of all instances.', total('weir_clients')),
    stat('Memory a client', 'Of the client tables and the correlations, on average.',
         f'{total("weir_state_bytes")} / clamp_min({total("weir_clients")}, 1)', 'bytes', decimals=1),
    stat('Counted along', 'Records of an open episode without an alert of their own, last hour.',
         last_hour('weir_alerts_suppressed_total')),

    row('Episodes'),
    graph('Alerts by kind', 'Openings, updates and closings of episodes.', [('{{kind}}', increase('weir_alerts_total', 'kind'))], width=6, stacked=True),
    graph('Alerts by severity', 'Openings, updates and closings of episodes.',
          [('{{severity}}', increase('weir_alerts_total', 'severity'))], width=6, stacked=True, overrides=SEVERITIES),
    graph('Open episodes', 'By instance.', [('{{instance}}', total('weir_episodes_open', 'instance'))], stacked=True, width=6),
    graph('Flood control', 'Malicious or abusive records counted into an open episode without an alert of their own.',
          [('suppressed', rate('weir_alerts_suppressed_total'))], 'cps', width=6),

    graph('Silenced', 'Alerts that were left out because somebody silenced the client or the episode, and orders that were taken in.',
          [('alerts left out', increase('weir_alerts_silenced_total')), ('orders', increase('weir_client_orders_total'))], width=12),
    graph('What became of attacks', 'Malicious records by outcome, judged by the response.',
          [('{{outcome}}', rate('weir_attack_outcomes_total', 'outcome'))], 'cps', width=12, stacked=True),

    row('Decisions'),
    graph('Decisions', 'About clients, by the rules of the configuration or by hand: made, renewed, replaced, ended, deleted.',
          [('{{change}}', increase('weir_decisions_total', 'change'))], stacked=True),
    graph('In force', 'By event time, simulated ones too.', [('{{instance}}', total('weir_decisions_active', 'instance'))], stacked=True),
    graph('Not decided', 'Alerts that a rule answers and that led to nothing: spared addresses, late ones, a spent budget, no room.',
          [('{{why}}', increase('weir_decisions_skipped_total', 'why'))], overrides=[coloured('budget', 'red'), coloured('no_room', 'red')]),

    row('Clients'),
    graph('Clients', 'In the client tables.', [('{{instance}}', total('weir_clients', 'instance'))], stacked=True),
    graph('Clients forgotten', 'Expired: idle, as configured. Evicted: the table was full (score.clients_max).',
          [('expired', rate('weir_clients_expired_total')), ('evicted', rate('weir_clients_evicted_total'))], 'cps',
          overrides=[coloured('evicted', 'red')]),
    graph('Late records', 'Too far behind their client (score.lateness_ms) to count for bursts.',
          [('records', rate('weir_burst_late_records_total'))], 'cps'),

    graph('Waiting for their turn', 'Records and events that wait to be scored in the order of event time (score.order).',
          [('{{instance}}', total('weir_waiting_records', 'instance'))], stacked=True),
    graph('Memory of what waits', 'At most score.waiting_bytes_max for each partition of the observations.',
          [('{{instance}}', total('weir_waiting_bytes', 'instance'))], 'bytes', stacked=True),
    graph('Out of order', 'Records that came too late for the order of event time, and such as were scored early for lack of room. Alert WeirOutOfOrder.',
          [('late', rate('weir_order_late_records_total')), ('early', rate('weir_order_early_records_total'))], 'cps'),

    row('Correlations'),
    graph('Events', 'Records, and results of other correlations, that correlations took in, and those of them that came too late.',
          [('taken in', rate('weir_correlation_events_total')), ('late', rate('weir_correlation_late_events_total'))], 'cps'),
    graph('Groups', 'That correlations remember, and groups that were forgotten for want of room.',
          [('remembered', total('weir_correlation_groups')), ('forgotten', increase('weir_correlation_groups_evicted_total'))],
          overrides=[coloured('forgotten', 'red')]),
    graph('Observations scored', 'By instance. What a record adds for its address is not in it.',
          [('{{instance}}', rate('weir_observations_total', 'instance'))], 'cps', stacked=True),

    row('State'),
    graph('Snapshots', 'Client state written to the state topic.', [('bytes', rate('weir_snapshot_bytes_total'))], 'Bps', width=6),
    graph('Reading state', 'Time that lanes spent reading stored state, in the interval: after a start, and when partitions come.',
          [('{{instance}}', increase('weir_state_restore_seconds_total', 'instance'))], 's', width=6, maximum=0.1),
    graph('Read again', 'Observations read again, muted, to complete restored state.',
          [('{{instance}}', rate('weir_replayed_observations_total', 'instance'))], 'cps', width=6),
    graph('State of no use', 'Stored chunks that were damaged, or whose observations retention had removed. Their clients start afresh.',
          [('damaged', increase('weir_state_chunks_damaged_total')), ('lost', increase('weir_state_chunks_lost_total'))], width=6,
          overrides=[coloured('lost', 'red')]),
]

PIPELINE = [
    row('Way of a record'),
    graph('Consumed', 'Messages by stage. On the observations topic a message is a block of many observations.',
          [('{{stage}}', rate('weir_consumed_messages_total', 'stage'))], 'cps'),
    graph('Produced', 'Messages by stage: blocks and dead letters of detect, alerts and state of score.',
          [('{{stage}}', rate('weir_produced_messages_total', 'stage'))], 'cps'),
    graph('Alert latency', "From the broker's append of a record to its word that the alert is stored.",
          [('p50', quantile(0.5, END_TO_END)), ('p99', quantile(0.99, END_TO_END))], 's'),

    row('Lag'),
    graph('By topic', 'Messages still to be consumed.', [('{{topic}}', total('weir_consumer_lag_records', 'topic'))], width=12),
    graph('By partition', 'The ten that are furthest behind. One alone is a hot partition, or a lane that hangs.',
          [('{{topic}} {{partition}}', foremost(total('weir_consumer_lag_records', 'topic, partition'),
                                                 most_over_range('weir_consumer_lag_records', 'topic, partition')))], width=12, legend='right'),

    row('Commits and transactions'),
    graph('Commits', 'Of consumed offsets, with all that was produced for them. Failures should be none.',
          [('{{stage}}', rate('weir_commits_total', 'stage')), ('{{stage}} failed', rate('weir_commit_failures_total', 'stage'))], 'cps',
          overrides=[coloured('failed', 'red')]),
    graph('Transactions', 'Committed and aborted. Aborted work is done again.',
          [('{{stage}}', rate('weir_transactions_committed_total', 'stage')),
           ('{{stage}} aborted', rate('weir_transactions_aborted_total', 'stage')),
           ('{{stage}} made again', rate('weir_output_retries_total', 'stage'))], 'cps', overrides=[coloured('aborted', 'red')]),
    graph('Clients made anew', 'Producers that were fenced or failed, consumers that were of no use any more.',
          [('{{stage}} producers', increase('weir_producer_renewals_total', 'stage')),
           ('{{stage}} consumers', increase('weir_consumer_renewals_total', 'stage'))]),

    graph('Since the last commit', 'By lane. One that has records and does not commit hangs; one without any has nothing to commit.',
          [('{{instance}} {{lane}}', f'clamp_min(max by (instance, lane) (timestamp({LAST_COMMIT}) - {LAST_COMMIT}), 0)')], 's', width=12),
    graph('Clocks', "The brokers' clock less this machine's, at least so much, by lane. Event times are cut at the brokers' time.",
          [('{{instance}} {{lane}}', total('weir_clock_skew_seconds', 'instance, lane'))], 's', width=12, minimum=-1, maximum=1),

    row('Groups'),
    graph('Assigned partitions', 'By stage and instance.', [('{{stage}} {{instance}}', total('weir_assigned_partitions', 'stage, instance'))],
          stacked=True),
    graph('Rebalances', 'Assignments received. A steady stream of them means instances that come and go.',
          [('{{stage}}', increase('weir_rebalances_total', 'stage'))]),
    graph('Positions', 'Offsets passed over (compaction, markers, retention), and messages below the next expected one.',
          [('{{stage}} passed over', rate('weir_offset_gaps_total', 'stage')), ('{{stage}} stale', rate('weir_stale_records_total', 'stage'))],
          'cps'),

    row('Trouble'),
    graph('Dead letters', 'Records that could not be read, written with their reason to the dead-letter topic.',
          [('dead letters', rate('weir_dead_letters_total')), ('without payload', rate('weir_dead_letters_truncated_total'))], 'cps'),
    graph('Backpressure and errors', 'Waits for a full output queue, undelivered messages, errors of the client library.',
          [('{{stage}} queue full', rate('weir_queue_full_waits_total', 'stage')),
           ('{{stage}} undelivered', rate('weir_delivery_errors_total', 'stage')),
           ('{{stage}} client errors', rate('weir_kafka_client_errors_total', 'stage'))], 'cps'),
    graph('Lost and unreadable', 'Messages that retention removed before they were read, committed offsets out of range; blocks that could not be read, or are of another group.',
          [('{{stage}} lost', increase('weir_records_lost_total', 'stage')), ('{{stage}} resets', increase('weir_offset_resets_total', 'stage')),
           ('bad blocks', increase('weir_bad_observation_blocks_total')), ('foreign blocks', increase('weir_foreign_observation_blocks_total'))],
          overrides=[coloured('lost', 'red')]),

    graph('Lanes', 'That had work and got on with nothing, that work without the crash journal, and partitions of the input that are stuck.',
          [('{{stage}} hung', increase('weir_lane_stalls_total', 'stage')), ('{{stage}} unguarded', total('weir_unguarded_lanes', 'stage')),
           ('sources stuck', f'max (weir_sources_stuck{{{SELECT}}})')], width=12, overrides=[coloured('hung', 'red')]),
    graph('Records that waited', 'Times that records were held because they were ahead of the slowest partition of the input: while a backlog is read.',
          [('holds', rate('weir_source_holds_total'))], 'cps', width=12),

    row('Process'),
    graph('CPU', 'Cores in use.', [('{{instance}}', rate('process_cpu_seconds_total', 'instance'))], maximum=0.1),
    graph('Memory', 'Resident memory.', [('{{instance}}', total('process_resident_memory_bytes', 'instance'))], 'bytes'),
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


def variable(name, label, query):
    return {'name': name, 'label': label, 'type': 'query', 'datasource': DATASOURCE, 'hide': 0,
            'query': {'query': query, 'refId': name}, 'definition': query, 'refresh': 2, 'sort': 1, 'regex': '', 'options': [],
            'includeAll': True, 'multi': True, 'allValue': '.*', 'current': {'text': ['All'], 'value': ['$__all']}}


def annotation(name, colour, expression, text):
    return {'name': name, 'datasource': DATASOURCE, 'enable': True, 'hide': False, 'iconColor': colour, 'expr': expression, 'step': '30s',
            'titleFormat': name, 'textFormat': text, 'useValueForTime': False}


# Restarts and reloads are seen in every graph: most steps in a curve are one of the two.
ANNOTATIONS = [
    annotation('Restart', 'orange', f'changes(process_start_time_seconds{{{SELECT}}}[1m]) > 0', '{{instance}}'),
    annotation('Reload', 'blue', f'increase(weir_rule_reloads_total{{{SELECT}}}[1m]) > 0', '{{instance}} {{result}}'),
]
LINKS = [
    {'type': 'dashboards', 'title': 'weir', 'tags': ['weir'], 'asDropdown': False, 'includeVars': True, 'keepTime': True,
     'targetBlank': False, 'icon': 'dashboard', 'tooltip': '', 'url': ''},
    {'type': 'link', 'title': 'Runbooks', 'url': f'file://{RUNBOOKS}', 'icon': 'doc', 'tooltip': f'{RUNBOOKS} on a host of weir', 'tags': [],
     'asDropdown': False, 'includeVars': False, 'keepTime': False, 'targetBlank': True},
]


def dashboard(name, description, panels):
    variables = [
        {'name': 'datasource', 'label': 'Data source', 'type': 'datasource', 'query': 'prometheus', 'hide': 0, 'current': {},
         'options': [], 'refresh': 1, 'regex': '', 'includeAll': False, 'multi': False},
        variable('job', 'Job', 'label_values(weir_build_info, job)'),
        variable('instance', 'Instance', 'label_values(weir_build_info{job=~"$job"}, instance)'),
    ]
    if any('$source' in target['expr'] for one in panels for target in one.get('targets', [])):
        variables.append(variable('source', 'Source', 'label_values(weir_source_records_total{job=~"$job"}, source)'))
    return {'uid': f'weir-{name}', 'title': f'weir: {name}', 'description': description, 'tags': ['weir'], 'schemaVersion': 39, 'version': 1,
            'id': None, 'editable': True, 'graphTooltip': 1, 'timezone': 'utc', 'refresh': '30s', 'time': {'from': 'now-1h', 'to': 'now'},
            'timepicker': {}, 'fiscalYearStartMonth': 0, 'liveNow': False, 'links': LINKS, 'weekStart': '',
            'annotations': {'list': ANNOTATIONS}, 'templating': {'list': variables}, 'panels': placed(panels)}


DASHBOARDS = {
    'overview.json': dashboard('overview', 'All of it at a glance, and what should not be.', OVERVIEW),
    'detection.json': dashboard('detection', 'Rules, policy, and what is not looked at.', DETECTION),
    'clients.json': dashboard('clients', 'Clients, episodes, abuse, correlations and their state.', CLIENTS),
    'pipeline.json': dashboard('pipeline', 'The way of a record through Kafka: lag, commits, groups, trouble.', PIPELINE),
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

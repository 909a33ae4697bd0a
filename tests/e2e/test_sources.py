"""One daemon that reads topics of different forms, each in its own way."""
import datetime
import http.client
import json

import pytest
import yaml

from waiting import wait_for
from weir_process import DEAD_LETTERS, OBSERVATIONS, merged

ATTACK = "id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
START = datetime.datetime(2025, 1, 15, 12, 0, 0, tzinfo=datetime.timezone.utc)


def when(number):
    return START + datetime.timedelta(seconds=number)


def flat(number, query='page=2'):
    return json.dumps({'ts': when(number).isoformat(), 'ip': f'198.51.100.{number % 200}', 'method': 'GET',
                       'path': '/flat', 'query': query, 'status': 200, 'user_agent': 'curl/8'}).encode()


def combined(number, query='page=2'):
    return (f'203.0.113.{number % 200} - - [{when(number):%d/%b/%Y:%H:%M:%S +0000}] "GET /web?{query} HTTP/1.1" 200 512 '
            f'"-" "Mozilla/5.0"').encode()


def enveloped(number, query='page=2'):
    """ECS as a shipper sends it: the record as text in a message."""
    inner = {'@timestamp': when(number).isoformat(), 'source.ip': f'192.0.2.{number % 200}', 'http.request.method': 'GET',
             'url.path': '/mesh', 'url.query': query, 'http.response.status_code': 200, 'user_agent.original': 'curl/8'}
    return json.dumps({'host': 'node-1', 'message': json.dumps(inner)}).encode()


@pytest.fixture
def sources(pipeline):
    """A pipeline with a topic per form, and a pattern for topics to come."""
    name = pipeline.requests
    topics = {'api': name, 'web': f'{name}.web', 'mesh': f'{name}.mesh'}
    for topic in (topics['web'], topics['mesh']):
        pipeline.broker.create_topic(topic, 2)
    pipeline.topics_by_source = topics
    pipeline.sources = [
        {'name': 'api', 'topics': [topics['api']]},
        {'name': 'web', 'topics': [topics['web'], f'^{name}\\.sites\\.'], 'profile': 'nginx', 'client_order': ['address']},
        {'name': 'mesh', 'topics': [topics['mesh']], 'profile': 'ecs', 'unwrap': '/message'},
    ]
    return pipeline


def start(pipeline, **more):
    weir = pipeline.weir(sources=pipeline.sources,
                         kafka={'client_properties': {'topic.metadata.refresh.interval.ms': '500'}}, **more)
    del weir.config['kafka']['topics']['requests']
    return weir.start()


def counts(weir, source):
    metrics = weir.metrics()
    return {what: metrics.sum(f'weir_source_{what}_total', source=source)
            for what in ('records', 'requests', 'rejected', 'malicious')}


def call(weir, method, path, body=None):
    connection = http.client.HTTPConnection('127.0.0.1', weir.port, timeout=120)
    connection.request(method, path, body, {'Content-Type': 'application/json'} if body else {})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return json.load(answer)


def attacks_by_source(pipeline):
    """{source: topics of its opening attack alerts}"""
    found = {}
    for one in pipeline.alerts():
        weir = one['alert']['unmapped']['weir']
        if weir['kind'] == 'attack' and weir['phase'] == 'opened':
            found.setdefault(weir['record']['source'], set()).add(weir['record']['topic'])
    return found


def test_three_topics_of_three_forms_are_read_by_one_daemon(sources):
    topics = sources.topics_by_source
    weir = start(sources)
    makers = {'api': flat, 'web': combined, 'mesh': enveloped}
    for source, make in makers.items():
        sources.broker.produce(topics[source], [make(number) for number in range(40)] + [make(40, ATTACK)])
    sources.broker.produce(topics['mesh'], [b'no record at all'])
    weir.wait_for_metric(OBSERVATIONS, 3 * 41)
    weir.wait_for_metric(DEAD_LETTERS, 1)
    for source in makers:
        lost = 1 if source == 'mesh' else 0
        assert counts(weir, source) == {'records': 41 + lost, 'requests': 41, 'rejected': lost, 'malicious': 1}, source
    assert weir.metrics().sum('weir_source_fields_read_total', source='web', field='user_agent') == 41

    wait_for(lambda: len(attacks_by_source(sources)) == 3, 30, lambda: f'an alert of each source: {attacks_by_source(sources)}',
             interval=0.3)
    assert attacks_by_source(sources) == {source: {topics[source]} for source in makers}

    told = {one['name']: one for one in call(weir, 'GET', '/-/status')['sources']}
    assert [told[source]['profile'] for source in makers] == ['flat', 'nginx', 'ecs']
    assert told['mesh']['rejected'] == 1 and told['api']['malicious'] == 1

    assert call(weir, 'POST', '/api/v1/analyze/mesh', enveloped(1, ATTACK))['malicious'] is True


def test_a_topic_that_comes_to_match_a_pattern_is_read_and_survives_a_restart(sources):
    weir = start(sources)
    new = f'{sources.requests}.sites.blog'
    sources.broker.create_topic(new, 2)
    sources.broker.produce(new, [combined(number) for number in range(20)] + [combined(20, ATTACK)])
    weir.wait_for_metric(OBSERVATIONS, 21, timeout=60)
    assert counts(weir, 'web') == {'records': 21, 'requests': 21, 'rejected': 0, 'malicious': 1}
    wait_for(lambda: attacks_by_source(sources) == {'web': {new}}, 30, lambda: f'{attacks_by_source(sources)}', interval=0.3)
    assert f'topic {new} is read as source web' in weir.log()
    weir.stop()

    again = start(sources)
    sources.broker.produce(new, [combined(number) for number in range(30, 40)])
    again.wait_for_metric('weir_source_requests_total', 10)
    assert counts(again, 'web')['records'] == 10, 'what was committed is read once'


def test_a_reload_changes_how_a_source_is_read_but_not_which_there_are(sources):
    weir = start(sources)
    topic = sources.topics_by_source['web']
    sources.broker.produce(topic, [enveloped(number) for number in range(5)])
    wait_for(lambda: counts(weir, 'web')['rejected'] == 5, 30, lambda: f'{counts(weir, "web")}', interval=0.3)

    reload_with(weir, sources, [source if source['name'] != 'web' else {**source, 'profile': 'ecs', 'unwrap': '/message'}
                                for source in sources.sources])
    sources.broker.produce(topic, [enveloped(number) for number in range(7)])
    wait_for(lambda: counts(weir, 'web')['requests'] == 7, 30, lambda: f'{counts(weir, "web")}', interval=0.3)

    answer = reload_with(weir, sources, sources.sources[:2])
    assert any('stays as it was until a restart' in one['message'] for one in answer['diagnostics'])
    sources.broker.produce(sources.topics_by_source['mesh'], [enveloped(number) for number in range(3)])
    wait_for(lambda: counts(weir, 'mesh')['requests'] == 3, 30, lambda: f'{counts(weir, "mesh")}', interval=0.3)


def reload_with(weir, pipeline, entries):
    weir.config_path.write_text(yaml.safe_dump(merged(weir.config, {'sources': entries})))
    return call(weir, 'POST', '/-/reload')


def test_the_log_says_what_records_look_like_that_do_not_fit(sources):
    weir = start(sources)
    records = [combined(number) for number in range(1100)]
    sources.broker.produce(sources.topics_by_source['api'], records)
    wait_for(lambda: 'source api: of' in weir.log(), 60, 'the warning', interval=0.3)
    line = next(line for line in weir.log().splitlines() if 'source api: of' in line)
    assert 'most do not have the form of profile flat' in line
    assert 'set profile: ' in line and 'combined' in line
    assert '203.0.113' not in weir.log(), 'no record reaches the log'

"""An nginx log on its way through a real shipper and a real Kafka: with the shipper's default template and with JSON, weir finds what is in
it."""
import pytest

from shippers import SHIPPERS
from waiting import wait_for
from weir_process import DEAD_LETTERS, RECORDS

COMBINED = ('{address} - - [28/Nov/2026:10:00:{second:02d} +0000] "GET {target} HTTP/1.1" 200 17 "-" '
            '"Mozilla/5.0 \\x22quoted\\x22 (X11; Linux)"\n')
JSON = '{{"t":"2026-11-28T10:00:{second:02d}+00:00","from":"{address}","line":"GET {target} HTTP/1.1","agent":"Mozilla/5.0"}}\n'
JSON_DIRECTIVE = 'escape=json {"t":"$time_iso8601","from":"$remote_addr","line":"$request","agent":"$http_user_agent"}'
ATTACK = '/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20'
COUNT = 40


@pytest.fixture(scope='module', params=[(shipper, form) for shipper in SHIPPERS for form in ('text', 'json')],
                ids=lambda param: '-'.join(param))
def shipped(request, broker, tmp_path_factory):
    """Topics with a log that a shipper brought there: (broker, form of the lines, topic with its default, topic with JSON)."""
    shipper, form = request.param
    folder = tmp_path_factory.mktemp(f'{shipper}-{form}')
    line = COMBINED if form == 'text' else JSON
    log = folder / 'access.log'
    log.write_text(''.join(line.format(address=f'192.0.2.{1 + number % 20}', second=number,
                                       target=ATTACK if number % 20 == 7 else f'/page/{number}?id={number}') for number in range(COUNT)),
                   encoding='ascii')
    topics = [f'{shipper}.{form}.{template}' for template in ('plain', 'json')]
    for topic in topics:
        broker.create_topic(topic)
    process = SHIPPERS[shipper](folder / 'shipper', log, broker.bootstrap, *topics)
    try:
        process.process.wait_until(lambda: all(sum(broker.end_offsets(topic).values()) >= COUNT for topic in topics), 60,
                                   'all lines were in Kafka')
    finally:
        process.stop()
    return broker, form, *topics


@pytest.mark.parametrize('template', ['plain', 'json'])
def test_attacks_are_found_behind_a_shipper(shipped, tmp_path, template):
    from conftest import Pipeline
    broker, form, plain, json_topic = shipped
    pipeline = Pipeline(broker, tmp_path)
    pipeline.topics['requests'] = plain if template == 'plain' else json_topic
    try:
        directive = 'combined' if form == 'text' else JSON_DIRECTIVE
        source = {'format': {'nginx': directive}}
        if template == 'json':
            source['unwrap'] = ['/message', '/MESSAGE']
        weir = pipeline.start(input=source)
        weir.wait_for_metric(RECORDS, COUNT)
        assert weir.metrics().sum(DEAD_LETTERS) == 0, [value for _, value, _ in pipeline.dead_letters()][:3]
        wait_for(lambda: '192.0.2.8' in {alert['key'] for alert in pipeline.alerts()}, 60,
                 lambda: f'the alert; there are {[alert["payload"] for alert in pipeline.alerts()]}', 0.3)
    finally:
        pipeline.close()

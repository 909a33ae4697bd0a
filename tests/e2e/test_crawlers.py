"""weir crawlers: who says to be a crawler is one if its name leads back; the list is what enrichment takes."""
import ipaddress
import json
import time

import pytest

from command import run
from dns_server import DnsServer
from weir_process import REPOSITORY

GOLDEN = REPOSITORY / 'tests' / 'data' / 'alerts.golden.ndjson'
AGENT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'


@pytest.fixture
def dns():
    one = DnsServer()
    yield one
    one.close()


def alert(address, agent=AGENT, at='evidence'):
    one = json.loads(GOLDEN.read_text().splitlines()[0])
    one['time'] = int(time.time() * 1000)
    one['evidences'][0].setdefault('src_endpoint', {})['ip'] = address
    one['evidences'][0]['http_request']['user_agent'] = agent if at == 'evidence' else 'curl/8'
    if at == 'made_of':
        one['unmapped']['weir']['made_of'] = {'agents': {'values': [{'value': agent, 'requests': 3}]}}
    return one


class Crawlers:
    def __init__(self, folder, dns):
        self.folder, self.dns, self.list = folder, dns, folder / 'googlebot.list'

    def run(self, *alerts, options=()):
        file = self.folder / 'alerts.ndjson'
        file.write_text(''.join(json.dumps(one) + '\n' for one in alerts))
        return run('crawlers', '--agent', 'googlebot', '--domain', 'googlebot.com', '--domain', '.Google.com', '--list', str(self.list),
                   '--server', self.dns.address, *options, str(file))

    def addresses(self):
        return {line.split()[0] for line in self.list.read_text().splitlines() if not line.startswith('#')}


@pytest.fixture
def crawlers(tmp_path, dns):
    return Crawlers(tmp_path, dns)


def test_only_names_that_lead_back_are_taken(crawlers, dns):
    dns.host('192.0.2.1', 'crawl-1.GoogleBot.com')
    dns.host('2001:db8::7', 'crawl-7.googlebot.com')
    dns.host('192.0.2.2', 'geo-crawl.google.com')
    dns.host('198.51.100.1', 'crawl-1.googlebot.com.example.net')                  # ends elsewhere
    dns.host('198.51.100.2', 'notgooglebot.com')
    dns.records[ipaddress.ip_address('198.51.100.3').reverse_pointer, 'PTR'] = ['crawl-1.googlebot.com']      # leads to another
    dns.host('192.0.2.9', 'crawl-9.googlebot.com')                                 # says to be nobody
    ran = crawlers.run(alert('192.0.2.1'), alert('2001:db8::7'), alert('192.0.2.2', at='made_of'), alert('198.51.100.1'),
                       alert('198.51.100.2'), alert('198.51.100.3'), alert('198.51.100.4'), alert('192.0.2.9', 'curl/8'))
    assert ran.code == 0 and '3 verified' in ran.err and '4 pretend' in ran.err, ran
    assert crawlers.addresses() == {'192.0.2.1', '2001:db8::7', '192.0.2.2'}
    assert '198.51.100.1 pretends, it is crawl-1.googlebot.com.example.net' in ran.out
    assert '198.51.100.4 pretends: it has no name' in ran.out
    assert not any('9.2.0.192' in name for name, _ in dns.asked)


def test_what_was_verified_is_not_asked_again_until_it_is_old(crawlers, dns):
    dns.host('192.0.2.1', 'crawl-1.googlebot.com')
    assert crawlers.run(alert('192.0.2.1')).code == 0
    written, asked = crawlers.list.read_text(), len(dns.asked)
    ran = crawlers.run(alert('192.0.2.1'))
    assert ran.code == 0 and '1 still so' in ran.err and len(dns.asked) == asked
    assert crawlers.list.read_text() == written
    dns.host('192.0.2.1', 'sold.example.net')
    ran = crawlers.run(options=('--max-age', '0s'))
    assert ran.code == 1 and 'no address is verified any more' in ran.err and crawlers.addresses() == set(), ran


def test_silence_takes_nothing_away(crawlers, dns):
    dns.host('192.0.2.1', 'crawl-1.googlebot.com')
    assert crawlers.run(alert('192.0.2.1')).code == 0
    dns.silent.add(ipaddress.ip_address('192.0.2.1').reverse_pointer)
    ran = crawlers.run(options=('--max-age', '0s'))
    assert ran.code == 0 and '1 without an answer' in ran.err, ran
    assert crawlers.addresses() == {'192.0.2.1'}


def test_the_list_is_one_that_enrichment_takes(crawlers, dns, tmp_path):
    dns.host('203.0.113.9', 'crawl-9.googlebot.com')
    assert crawlers.run(alert('203.0.113.9')).code == 0
    log = tmp_path / 'requests.ndjson'
    log.write_text('\n'.join(json.dumps({'ts': 1_700_000_000, 'ip': address, 'method': 'GET', 'path': '/', 'status': 200,
                                         'query': "q=1' UNION SELECT a FROM b--", 'user_agent': AGENT})
                             for address in ('203.0.113.9', '203.0.113.10')) + '\n')
    ran = run('scan', '--profile', 'flat', '--output', 'alerts', str(log), env={'WEIR_ENRICHMENT__CRAWLERS': str(crawlers.list)})
    said = {one['unmapped']['weir']['client']: one['unmapped']['weir']['enrichment'] for one in ran.json_lines()}
    assert said['203.0.113.9']['crawler'] == 'googlebot', ran
    assert said['203.0.113.10']['claimed_crawler'] == 'googlebot'
    assert said['203.0.113.9']['sources'][0]['version']


@pytest.mark.parametrize('options, words', [
    (('--agent', 'bot', '--domain', 'example.com'), 'at least 4 letters'),
    (('--agent', 'Googlebot', '--domain', 'com'), "'com' is no domain"),
    (('--agent', 'Googlebot', '--domain', 'google.com', '--server', 'nowhere'), "'nowhere' is no DNS server"),
    (('--agent', 'Googlebot', '--domain', 'google.com', '--since', 'soon'), '--since'),
])
def test_what_cannot_be_right_is_refused(tmp_path, options, words):
    ran = run('crawlers', '--list', str(tmp_path / 'x.list'), *options, '-')
    assert ran.code == 2 and words in ran.err, ran
    assert not (tmp_path / 'x.list').exists()


def test_where_nobody_is_verified_no_list_is_written(crawlers):
    ran = crawlers.run(alert('198.51.100.4'))
    assert ran.code == 1 and 'no address is verified' in ran.err, ran
    assert not crawlers.list.exists()

"""TLS, SASL and ACLs with a real broker: what must work works, and what is wrong is named in one clear error."""
import os
import time

import pytest
import yaml

import kafka_broker
import traffic
from command import run
from secure_kafka import Authority, SecureBroker
from waiting import wait_for
from weir_process import OBSERVATIONS, REPOSITORY, WeirProcess

PASSWORDS = {'weir': 'right-horse-battery', 'nobody': 'other-horse-battery'}
WRONG = 'wrong-horse-battery'
SECRETS = [*PASSWORDS.values(), WRONG, 'PRIVATE KEY']
DELIVERY = os.environ.get('WEIR_E2E_DELIVERY', 'exactly_once')


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp('tls'), 'weir-test-ca')


@pytest.fixture(scope='module')
def foreign_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp('foreign'), 'foreign-ca')


@pytest.fixture(scope='module')
def secure(tmp_path_factory, authority):
    one = SecureBroker(tmp_path_factory.mktemp('secure') / 'broker', authority, PASSWORDS).start()
    yield one
    one.stop()


class Site:
    """Topics of one test, one user's rights on them, and a weir that uses them."""

    def __init__(self, broker, folder, name, user='weir'):
        self.broker, self.folder, self.user, self.group = broker, folder, user, f'{name}-group'
        self.topics = {role: f'{name}.{role}' for role in ('requests', 'alerts', 'observations', 'state', 'dead_letter')}
        broker.create_topic(self.topics['requests'], 2)
        self.process = None

    def create_own_topics(self):
        for role in ('alerts', 'observations', 'dead_letter', 'state'):
            self.broker.create_topic(self.topics[role], 2,
                                     {'cleanup.policy': 'compact' if role == 'state' else 'delete'})

    def rights(self):
        """What docs/kafka.md lists, with the topics made beforehand."""
        topics, prefix = self.topics, self.group
        read = [('TOPIC', topics[role], operation) for role in ('requests', 'observations', 'state')
                for operation in ('READ', 'DESCRIBE')]
        write = [('TOPIC', topics[role], operation) for role in ('observations', 'alerts', 'dead_letter', 'state')
                 for operation in ('WRITE', 'DESCRIBE')]
        described = [('TOPIC', topics[role], 'DESCRIBE_CONFIGS') for role in ('observations', 'state')]
        groups = [('GROUP', f'{prefix}-{stage}', 'READ') for stage in ('detect', 'score')]
        transactions = [('TRANSACTIONAL_ID', f'{prefix}*', operation) for operation in ('WRITE', 'DESCRIBE')]
        return sorted({*read, *write, *described, *groups, *transactions})

    def weir(self, listener, security, **changes):
        view = type('Bootstrap', (), {'bootstrap': self.broker.address(listener)})
        self.process = WeirProcess(self.folder / 'weir', view, self.topics, self.group, {
            'delivery': DELIVERY,
            'rules': {'directories': [str(REPOSITORY / 'tests' / 'faults' / 'rules')]},
            'lanes': {'detect': 1, 'score': 1},
            'kafka': {'security': {name: str(value) for name, value in security.items()}, 'topics': {'create': False},
                      **changes}})
        return self.process

    def assert_works(self):
        """One alert comes through."""
        record = traffic.record(1, 1, 'attacker-1', traffic.address(1), query='q=zqhigh')
        self.broker.produce(self.topics['requests'], [record])
        self.process.wait_for_metric(OBSERVATIONS, 1)
        wait_for(lambda: self.broker.records(self.topics['alerts']), 30, 'the alert', interval=0.3)
        assert self.process.stop() == 0, self.process.process.log_tail()

    def close(self):
        if self.process and self.process.process:
            self.process.kill()


@pytest.fixture
def site(secure, tmp_path, request):
    one = Site(secure, tmp_path, 's' + str(abs(hash(request.node.name)) % 10**8))
    one.create_own_topics()
    yield one
    one.close()
    if one.process and one.process.process:
        for secret in SECRETS:
            assert secret not in one.process.log(), 'a secret in the log'


def sasl(authority, **changes):
    return {'protocol': 'sasl_ssl', 'ca_file': authority.certificate, 'sasl_mechanism': 'PLAIN', 'sasl_username': 'weir',
            'sasl_password': PASSWORDS['weir'], **changes}


def mutual(authority, certificate, key):
    return {'protocol': 'ssl', 'ca_file': authority.certificate, 'certificate_file': certificate, 'key_file': key}


# --- what must work

def test_plain_over_tls_works(site, authority):
    site.broker.grant('weir', site.rights())
    site.weir('sasl', sasl(authority)).start()
    site.assert_works()


def test_mutual_tls_works(site, authority):
    site.broker.grant('CN=weir-client', site.rights())
    process = site.weir('mtls', mutual(authority, *authority.issue('weir-client'))).start()
    assert process.metric('weir_certificate_end_timestamp_seconds') > time.time()
    site.assert_works()


def test_scram_works_with_kafka_3(tmp_path, authority):
    """Not with Kafka 4.x: the client library before 2.6.1 has a fault there; see below."""
    broker = SecureBroker(tmp_path / 'broker', authority, {}, scram=True, files=kafka_broker.fetch(kafka_broker.HERE_39)).start()
    try:
        broker.add_scram_user('weir', PASSWORDS['weir'])
        one = Site(broker, tmp_path, 'scram')
        one.create_own_topics()
        broker.grant('weir', one.rights())
        one.weir('sasl', sasl(authority, sasl_mechanism='SCRAM-SHA-512')).start()
        one.assert_works()
        one.folder = tmp_path / 'wrong'
        wrong = one.weir('sasl', sasl(authority, sasl_mechanism='SCRAM-SHA-512', sasl_password=WRONG))
        assert_refused(wrong, 'kafka.security.sasl_username and sasl_password')
        one.close()
    finally:
        broker.stop()


# --- what must be refused, with one error that names what to fix

def assert_refused(process, *told, code=1):
    """weir ends by itself with one error that tells this and holds no secret."""
    process.launch()
    wait_for(lambda: not process.process.running(), 40, lambda: f'weir ended\n{process.process.log_tail()}')
    log = process.log()
    errors = [line for line in log.splitlines() if 'Z error' in line]
    assert process.process.child.returncode == code, process.process.log_tail()
    assert len(errors) == 1, '\n'.join(errors)
    for text in told:
        assert text in errors[0], errors[0]
    for secret in SECRETS:
        assert secret not in process.log(), 'a secret in the log'


def assert_not_started(process, *told):
    """The configuration is refused with these words."""
    process.launch()
    wait_for(lambda: not process.process.running(), 40, lambda: f'weir ended\n{process.process.log_tail()}')
    assert process.process.child.returncode == 2, process.process.log_tail()
    for text in told:
        assert text in process.log(), process.log()


def test_a_wrong_password(site, authority):
    assert_refused(site.weir('sasl', sasl(authority, sasl_password=WRONG)),
                   'Invalid username or password', 'sasl_mechanism, sasl_username and sasl_password')


def test_a_mechanism_that_the_broker_does_not_have(site, authority):
    assert_refused(site.weir('sasl', sasl(authority, sasl_mechanism='SCRAM-SHA-256')), 'PLAIN', 'kafka.security.sasl_mechanism')


def test_scram_with_kafka_4_and_an_old_client_library(tmp_path, authority):
    broker = SecureBroker(tmp_path / 'broker', authority, {}, scram=True).start()
    try:
        broker.add_scram_user('weir', PASSWORDS['weir'])
        one = Site(broker, tmp_path, 'scram4')
        one.create_own_topics()
        broker.grant('weir', one.rights())
        process = one.weir('sasl', sasl(authority, sasl_mechanism='SCRAM-SHA-512'))
        process.launch()
        wait_for(lambda: process.ready() or not process.process.running(), 40, 'weir was ready or ended')
        if process.process.running():
            one.assert_works()      # a newer library
        else:
            assert 'cannot do SCRAM with Kafka 4.x' in process.log() and 'newer librdkafka' in process.log()
        one.close()
    finally:
        broker.stop()


def test_a_broker_certificate_of_a_foreign_authority(site, authority, foreign_authority):
    assert_refused(site.weir('mtls', mutual(foreign_authority, *authority.issue('weir-client'))),
                   'not issued by an authority in kafka.security.ca_file')


def test_an_expired_broker_certificate(site, authority):
    assert_refused(site.weir('expired', mutual(authority, *authority.issue('weir-client'))),
                   "it has expired; renew the broker's certificate")


def test_an_expired_client_certificate_is_found_before_any_broker_is_asked(site, authority):
    assert_not_started(site.weir('mtls', mutual(authority, *authority.issue('old-client', expired=True))),
                       'kafka.security.certificate_file', 'has expired (have a new one issued)')


def test_a_client_certificate_of_a_foreign_authority(site, authority, foreign_authority):
    assert_refused(site.weir('mtls', mutual(authority, *foreign_authority.issue('weir-client'))),
                   'kafka.security.certificate_file', 'authority that the broker trusts')


def test_no_client_certificate_where_one_is_wanted(site, authority):
    assert_refused(site.weir('mtls', {'protocol': 'ssl', 'ca_file': authority.certificate}),
                   'the broker wants a client certificate', 'kafka.security.certificate_file and key_file')


def test_an_authority_file_that_does_not_exist(site, authority):
    assert_not_started(site.weir('sasl', sasl(authority, ca_file='/nowhere/ca.pem')),
                       'kafka.security.ca_file /nowhere/ca.pem cannot be read: No such file or directory')


def test_plaintext_on_a_tls_listener(site):
    assert_refused(site.weir('sasl', {'protocol': 'plaintext'}), 'kafka.security.protocol')


# --- missing rights

def without(site, kind, role_or_stage, operations):
    """All rights but these."""
    name = {'TOPIC': site.topics.get(role_or_stage), 'GROUP': f'{site.group}-{role_or_stage}',
            'TRANSACTIONAL_ID': f'{site.group}*'}[kind]
    return [right for right in site.rights() if not (right[0] == kind and right[1] == name and right[2] in operations)]


def told_in(process, *texts):
    """Waits for an error line with these texts, and for weir to be unready or gone."""
    found = lambda: [line for line in process.log().splitlines() if 'Z error' in line and all(text in line for text in texts)]
    wait_for(found, 30, lambda: f'an error with {texts}\n{process.process.log_tail()}')
    wait_for(lambda: not process.ready(), 20, 'weir said that it is not ready')


def stays_unready(process, seconds=10):
    """Asks for readiness all the time: a missing right does not come back by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status, _, body = process.get('/-/ready')
        assert status != 200, f'ready again {end - time.monotonic():.1f} s before the end\n{process.process.log_tail()}'
        time.sleep(0.02)
    return body


@pytest.mark.parametrize('role, operations', [
    ('requests', {'READ', 'DESCRIBE'}), ('observations', {'READ'}), ('observations', {'WRITE'}),
    ('alerts', {'WRITE', 'DESCRIBE'}), ('alerts', {'WRITE'}), ('state', {'WRITE'})])
def test_a_missing_right_on_a_topic(site, authority, role, operations):
    site.broker.grant('weir', without(site, 'TOPIC', role, operations))
    process = site.weir('sasl', sasl(authority))
    process.launch()
    site.broker.produce(site.topics['requests'],
                        [traffic.record(i, i, 'attacker-1', traffic.address(1), query='q=zqhigh') for i in range(50)])
    told_in(process, site.topics[role], 'may not be seen' if 'DESCRIBE' in operations else 'grant')
    stays_unready(process)


def test_a_missing_right_to_read_the_state_is_told_at_a_restart(site, authority):
    site.broker.grant('weir', site.rights())
    site.weir('sasl', sasl(authority)).start()
    site.assert_works()
    site.broker.grant('weir', [('TOPIC', site.topics['state'], 'READ')], 'DENY')
    site.process.launch()
    told_in(site.process, site.topics['state'], 'grant')


@pytest.mark.parametrize('stage', ['detect', 'score'])
def test_a_missing_right_on_a_group(site, authority, stage):
    site.broker.grant('weir', without(site, 'GROUP', stage, {'READ'}))
    process = site.weir('sasl', sasl(authority))
    process.launch()
    told_in(process, 'Group authorization failed', 'grant READ on the consumer groups')
    stays_unready(process)


def test_a_missing_right_on_the_transactional_ids(site, authority):
    if DELIVERY != 'exactly_once':
        pytest.skip('only exactly_once uses transactions')
    site.broker.grant('weir', without(site, 'TRANSACTIONAL_ID', '', {'WRITE', 'DESCRIBE'}))
    process = site.weir('sasl', sasl(authority))
    process.launch()
    told_in(process, 'grant WRITE and DESCRIBE on the transactional ids')


# --- weir config check --broker

def checked(site, security, **changes):
    """What it says; the configuration is that of a weir, with changes to its kafka section."""
    process = site.weir('sasl', security, **changes)
    process.config_path.write_text(yaml.safe_dump(process.config))
    result = run('config', 'check', '--broker', str(process.config_path), timeout=180)
    for secret in SECRETS:
        assert secret not in result.out + result.err, 'a secret in the output'
    return result


def offsets_of(site):
    return {role: site.broker.end_offsets(name) for role, name in site.topics.items()}


def test_a_cluster_that_allows_all_is_fine_and_stays_as_it_was(site, authority):
    site.broker.grant('weir', site.rights())
    before = offsets_of(site)
    result = checked(site, sasl(authority))
    assert result.code == 0 and ' error: ' not in result.err, result
    assert offsets_of(site) == before, 'the check has written'
    for stage in ('detect', 'score'):
        assert not site.broker.group_offsets(f'{site.group}-{stage}'), 'the check has committed'


@pytest.mark.parametrize('role, operation', [
    ('requests', 'READ'), ('observations', 'READ'), ('observations', 'WRITE'), ('alerts', 'WRITE'), ('dead_letter', 'WRITE'),
    ('state', 'READ'), ('state', 'WRITE')])
def test_each_missing_right_on_a_topic_is_told_before_anything_runs(site, authority, role, operation):
    site.broker.grant('weir', without(site, 'TOPIC', role, {operation}))
    result = checked(site, sasl(authority))
    assert result.code == 1, result
    errors = [line for line in result.err.splitlines() if ': error: ' in line]
    assert len(errors) == 1, result
    assert f'grant {operation} on topic {site.topics[role]})' in errors[0], result
    assert 'Topic authorization failed' in errors[0], result


@pytest.mark.parametrize('role', ['requests', 'observations', 'alerts', 'dead_letter', 'state'])
def test_a_topic_that_may_not_be_seen_is_told_as_such(site, authority, role):
    site.broker.grant('weir', without(site, 'TOPIC', role, {'READ', 'WRITE', 'DESCRIBE', 'DESCRIBE_CONFIGS'}))
    result = checked(site, sasl(authority))
    assert result.code == 1, result
    assert f'topic {site.topics[role]} may not be seen (grant ' in result.err, result


@pytest.mark.parametrize('stage', ['detect', 'score'])
def test_a_missing_right_on_a_group_is_told_before_anything_runs(site, authority, stage):
    site.broker.grant('weir', without(site, 'GROUP', stage, {'READ'}))
    result = checked(site, sasl(authority))
    assert result.code == 1, result
    assert f'grant READ on group {site.group}-{stage})' in result.err, result


def test_a_missing_right_on_the_transactional_ids_is_told_before_anything_runs(site, authority):
    site.broker.grant('weir', without(site, 'TRANSACTIONAL_ID', '', {'WRITE', 'DESCRIBE'}))
    result = checked(site, sasl(authority))
    assert result.code == (1 if DELIVERY == 'exactly_once' else 0), result
    if DELIVERY == 'exactly_once':
        assert 'grant WRITE and DESCRIBE on the transactional ids' in result.err, result


def test_a_wrong_password_is_told_where_the_brokers_stand(site, authority):
    result = checked(site, sasl(authority, sasl_password=WRONG))
    assert result.code == 1 and 'check kafka.security.sasl_mechanism, sasl_username and sasl_password' in result.err, result


def test_topics_that_weir_may_not_create_are_told_and_none_is_created(secure, tmp_path, authority, request):
    one = Site(secure, tmp_path, 'n' + str(abs(hash(request.node.name)) % 10**8))
    rights = [right for right in one.rights() if right[0] != 'TOPIC' or right[1] == one.topics['requests']]
    own = [('TOPIC', one.topics[role], 'DESCRIBE') for role in ('alerts', 'observations', 'dead_letter', 'state')]
    one.broker.grant('weir', [*rights, *own])
    result = checked(one, sasl(authority), topics={**WeirProcess(tmp_path / 'x', secure, one.topics, 'x').config['kafka']['topics'],
                                                   'create': True})
    assert result.code == 1, result
    for role in ('alerts', 'observations', 'dead_letter', 'state'):
        assert f'cannot create topic {one.topics[role]}' in result.err, result
    assert one.topics['alerts'] not in secure.topics()


def test_settings_that_lose_state_are_told(secure, tmp_path, authority, request):
    one = Site(secure, tmp_path, 'r' + str(abs(hash(request.node.name)) % 10**8))
    for role, config in (('alerts', {}), ('dead_letter', {}), ('state', {'cleanup.policy': 'compact'}),
                         ('observations', {'cleanup.policy': 'delete', 'retention.ms': '60000'})):
        secure.create_topic(one.topics[role], 2, config)
    secure.grant('weir', one.rights())
    result = checked(one, sasl(authority))
    assert result.code == 1 and 'keeps observations for 60000 ms only' in result.err, result


def test_topics_that_exist_but_may_not_be_seen_end_a_start_at_once(secure, tmp_path, authority, request):
    """Without a right to see them they look missing; creating them would say that they exist."""
    one = Site(secure, tmp_path, 'h' + str(abs(hash(request.node.name)) % 10**8))
    one.create_own_topics()
    secure.grant('weir', [*without(one, 'TOPIC', 'alerts', {'WRITE', 'DESCRIBE'}), ('BROKER', 'kafka-cluster', 'CREATE')])
    topics = WeirProcess(tmp_path / 'x', secure, one.topics, 'x').config['kafka']['topics']
    process = one.weir('sasl', sasl(authority), topics={**topics, 'create': True})
    assert_refused(process, f'topics that may not be seen: {one.topics["alerts"]}; grant')

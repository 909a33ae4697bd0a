"""A broker with TLS, SASL and ACLs, and the certificates for it, made by openssl for each run."""
import subprocess

from kafka_broker import ANSWER_SECONDS, KafkaBroker
from processes import free_ports
from waiting import wait_for


def openssl(*arguments):
    subprocess.run(['openssl', *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, check=True)


class Authority:
    """A private certificate authority in a folder of its own."""

    def __init__(self, folder, name):
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        self.certificate = self.folder / 'ca.pem'
        self._key = self.folder / 'ca.key'
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', self._key, '-out', self.certificate, '-days', 3,
                '-subj', f'/CN={name}', '-addext', 'basicConstraints=critical,CA:TRUE')

    def issue(self, name, expired=False, begin='20240101000000Z'):
        """(certificate, key) files for a broker or a client on 127.0.0.1."""
        key, request, certificate = (self.folder / f'{name}.{ending}' for ending in ('key', 'csr', 'pem'))
        openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', request, '-subj', f'/CN={name}')
        extensions = self.folder / f'{name}.ext'
        extensions.write_text('subjectAltName=IP:127.0.0.1\n')
        database = self.folder / 'index.txt'
        database.touch()
        configuration = self.folder / 'ca.cnf'
        configuration.write_text(f'[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nnew_certs_dir={self.folder}\n'
                                 'default_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n')
        end = '20240201000000Z' if expired else '20490101000000Z'
        openssl('ca', '-batch', '-config', configuration, '-cert', self.certificate, '-keyfile', self._key, '-in', request,
                '-out', certificate, '-notext', '-startdate', begin, '-enddate', end, '-extfile', extensions)
        return certificate, key

    def keystore(self, name, expired=False):
        """A PEM keystore of Kafka: key and certificate in one file."""
        certificate, key = self.issue(name, expired)
        store = self.folder / f'{name}.keystore.pem'
        store.write_text(key.read_text() + certificate.read_text())
        return store


class SecureBroker(KafkaBroker):
    """Listeners: plaintext for the tests (a super user), `mtls`, `sasl` (PLAIN or SCRAM over TLS), and `expired`, whose own
    certificate has expired."""

    def __init__(self, folder, authority, passwords, scram=False, files=None):
        super().__init__(folder, files)
        names = ('mtls', 'sasl', 'expired')
        self.ports = dict(zip(names, free_ports(len(names))))
        mechanism = 'SCRAM-SHA-512' if scram else 'PLAIN'
        listeners = [('PLAINTEXT', self.port), *((name.upper(), port) for name, port in self.ports.items())]
        written = ','.join(f'{name}://127.0.0.1:{port}' for name, port in listeners)
        users = ' '.join(f'user_{name}="{password}"' for name, password in passwords.items())
        plain = f'org.apache.kafka.common.security.plain.PlainLoginModule required {users};'
        login = 'org.apache.kafka.common.security.scram.ScramLoginModule required;' if scram else plain
        self.properties = {
            'listeners': f'{written},CONTROLLER://127.0.0.1:{self._controller_port}',
            'advertised.listeners': written,
            'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,MTLS:SSL,EXPIRED:SSL,SASL:SASL_SSL',
            'inter.broker.listener.name': 'PLAINTEXT',
            'ssl.keystore.type': 'PEM', 'ssl.truststore.type': 'PEM',
            'ssl.keystore.location': authority.keystore('broker'),
            'ssl.truststore.location': authority.certificate,
            'listener.name.expired.ssl.keystore.type': 'PEM',
            'listener.name.expired.ssl.keystore.location': authority.keystore('expired-broker', expired=True),
            'listener.name.mtls.ssl.client.auth': 'required',
            'sasl.enabled.mechanisms': mechanism,
            f'listener.name.sasl.{mechanism.lower()}.sasl.jaas.config': login,
            'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
            'super.users': 'User:ANONYMOUS',
        }

    def address(self, listener):
        return f'127.0.0.1:{self.ports[listener]}'

    def add_scram_user(self, name, password):
        from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
        change = UserScramCredentialUpsertion(name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                                              password.encode())
        self.admin.alter_user_scram_credentials([change])[name].result(ANSWER_SECONDS)

    def _binding(self, user, kind, name, operation, prefixed, permission):
        from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType)
        return AclBinding(ResourceType[kind], name, ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL,
                          f'User:{user}', '*', AclOperation[operation], AclPermissionType[permission])

    def grant(self, user, rights, permission='ALLOW'):
        """`rights`: (kind, name, operation), kind as in ResourceType; a name that ends with * is a prefix. With DENY they are
        taken away, whatever else was granted."""
        bindings = [self._binding(user, kind, name.rstrip('*'), operation, name.endswith('*'), permission)
                    for kind, name, operation in rights]
        for future in self.admin.create_acls(bindings).values():
            future.result(ANSWER_SECONDS)
        wait_for(lambda: set(bindings) <= self._known_bindings(), 60, 'the authorizer to know them')    # it hears of them a little later

    def _known_bindings(self):
        from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
        every = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
        return set(self.admin.describe_acls(every).result(ANSWER_SECONDS))

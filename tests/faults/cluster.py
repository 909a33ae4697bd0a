"""Kafka for the fault tests: one or three nodes in KRaft, with a fault-injecting proxy in front of each if wanted."""
import base64
import re
import subprocess
import tempfile
import uuid

from fault_proxy import FaultProxy
from kafka_broker import KafkaAccess, KafkaBroker
from processes import free_ports
from secure_kafka import Authority

SMALL_DISK_MB = 512

# Sessions shorter than the broker's default minimum, so that a pause longer than one does not take long.
COMMON = {'group.min.session.timeout.ms': 1000, 'num.partitions': 4}


class Node(KafkaBroker):
    """A broker of several. `voters`: {node id: controller port}. What weir comes in by is a listener of its own where there is a proxy or
    an `authority` (TLS)."""

    def __init__(self, folder, node_id, voters, proxy_port=None, authority=None):
        super().__init__(folder)
        self.node_id = node_id
        self._controller_port = voters[node_id]
        self.weir_port, = free_ports(1)
        nodes = len(voters)
        self.properties = {
            **COMMON, 'node.id': node_id, 'default.replication.factor': nodes,
            'controller.quorum.voters': ','.join(f'{number}@127.0.0.1:{port}' for number, port in voters.items()),
        }
        if nodes > 1:
            self.properties |= {'min.insync.replicas': 2, 'offsets.topic.replication.factor': nodes,
                                'transaction.state.log.replication.factor': nodes, 'transaction.state.log.min.isr': 2,
                                'controlled.shutdown.retry.backoff.ms': 500}
        if proxy_port or authority:
            # Clients that come in by this listener are told its advertised address, the proxy's if any, for everything that follows.
            self.properties |= {
                'listeners': f'PLAINTEXT://127.0.0.1:{self.port},WEIR://127.0.0.1:{self.weir_port},'
                             f'CONTROLLER://127.0.0.1:{self._controller_port}',
                'advertised.listeners': f'PLAINTEXT://127.0.0.1:{self.port},WEIR://127.0.0.1:{proxy_port or self.weir_port}',
                'listener.security.protocol.map': f'PLAINTEXT:PLAINTEXT,WEIR:{"SSL" if authority else "PLAINTEXT"},CONTROLLER:PLAINTEXT',
                'inter.broker.listener.name': 'PLAINTEXT',
            }
        if authority:
            self.properties |= {'ssl.keystore.type': 'PEM', 'ssl.keystore.location': authority.keystore(f'broker-{node_id}')}

    def prepare(self):
        super().prepare()
        path = self.folder / 'data' / 'meta.properties'
        text = re.sub(r'node\.id=\d+', f'node.id={self.node_id}', path.read_text())
        directory = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip('=').replace('-', 'A')
        path.write_text(re.sub(r'directory\.id=.*', f'directory.id={directory}', text))


class SmallDisk:
    """A file system of its own, in memory, that can be filled to the last byte. Needs the right to mount."""

    def __init__(self, folder):
        self.folder = folder
        self.filler = folder / 'filler'
        folder.mkdir(parents=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={SMALL_DISK_MB}m', 'weir-faults', folder], check=True)

    @staticmethod
    def possible():
        """Whether this process may mount: in a container it often may not."""
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'weir-faults', folder], capture_output=True, check=False)
            if made.returncode == 0:
                subprocess.run(['umount', folder], check=False)
        return made.returncode == 0

    def fill(self):
        with open(self.filler, 'wb', buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                while True:
                    try:
                        file.write(b'\0' * size)
                    except OSError:      # no space left
                        break

    def free(self):
        self.filler.unlink()

    def close(self):
        subprocess.run(['umount', '--lazy', self.folder], check=False)


def make_authority(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return Authority(folder, 'weir-faults-ca')


class Cluster(KafkaAccess):
    """`bootstrap` leads straight to the brokers (for the tests), `weir_bootstrap` through the proxies or over TLS (for weir). With
    `small_disks` each node's log folder is a disk of its own."""

    def __init__(self, folder, nodes=1, proxied=False, small_disks=False, tls=False):
        self.replication = nodes
        voters = dict(zip(range(1, nodes + 1), free_ports(nodes)))
        self.proxies = [FaultProxy() for _ in voters] if proxied else []
        ports = [proxy.port for proxy in self.proxies] or [None] * nodes
        authority = make_authority(folder) if tls else None
        self.nodes = [Node(folder / f'node-{number}', number, voters, port, authority) for number, port in zip(voters, ports)]
        # What a weir's configuration needs under kafka.security.
        self.weir_security = {'protocol': 'ssl', 'ca_file': str(authority.certificate)} if authority else {}
        self.disks = [SmallDisk(node.folder / 'data') for node in self.nodes] if small_disks else []
        for node, proxy in zip(self.nodes, self.proxies):
            proxy.forward_to(node.weir_port)
        self.bootstrap = ','.join(node.bootstrap for node in self.nodes)
        ways_in = ports if proxied else [node.weir_port if tls else node.port for node in self.nodes]
        self.weir_bootstrap = ','.join(f'127.0.0.1:{port}' for port in ways_in)

    def start(self):
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_ready()
        return self

    def stop(self):
        for node in self.nodes:
            node.kill()        # their data are thrown away
        for proxy in self.proxies:
            proxy.close()
        for disk in self.disks:
            disk.close()

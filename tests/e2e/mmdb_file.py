"""Writes files in the MMDB format, version 2: a tree over the bits of addresses, then what it says of them."""
import ipaddress

MARKER = b'\xab\xcd\xefMaxMind.com'


def encoded(value):
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b''.join(encoded(name) + encoded(one) for name, one in value.items())
    if isinstance(value, list):
        return bytes([len(value), 4]) + b''.join(map(encoded, value))
    if isinstance(value, str):
        assert len(value) < 285
        length = bytes([2 << 5 | len(value)]) if len(value) < 29 else bytes([2 << 5 | 29, len(value) - 29])
        return length + value.encode()
    assert 0 <= value < 2 ** 32
    return bytes([6 << 5 | 4]) + value.to_bytes(4, 'big')


def small(value):
    return bytes([5 << 5 | 2]) + value.to_bytes(2, 'big')


def write(path, entries, kind='Test-Database', made=1_736_943_888):
    """`entries`: values by network."""
    nodes, data = [[None, None]], b''
    for network, value in entries.items():
        network = ipaddress.ip_network(network)
        bits = f'{int(network.network_address):0{network.max_prefixlen}b}'[:network.prefixlen]
        node = 0
        *way, last = [int(bit) for bit in (bits if network.version == 6 else '0' * 96 + bits)]
        for bit in way:
            if nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        nodes[node][last] = ('value', len(data))
        data += encoded(value)
    tree = b''.join((len(nodes) if record is None else len(nodes) + 16 + record[1] if isinstance(record, tuple) else record)
                    .to_bytes(3, 'big') for node in nodes for record in node)
    facts = {'node_count': encoded(len(nodes)), 'record_size': small(24), 'ip_version': small(6), 'database_type': encoded(kind),
             'languages': encoded([]), 'binary_format_major_version': small(2), 'binary_format_minor_version': small(0),
             'build_epoch': b'\x08\x02' + made.to_bytes(8, 'big'), 'description': encoded({})}
    metadata = bytes([7 << 5 | len(facts)]) + b''.join(encoded(name) + value for name, value in facts.items())
    path.write_bytes(tree + bytes(16) + data + MARKER + metadata)
    return path

"""A DNS server over UDP for tests: answers from a dictionary, and can stay silent."""
import ipaddress
import socketserver
import struct
import threading

TYPES = {1: 'A', 12: 'PTR', 28: 'AAAA'}


def encoded(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.rstrip('.').split('.')) + b'\0'


def question_of(packet):
    """(name, type, the question's bytes)"""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    kind = struct.unpack('!H', packet[at + 1:at + 3])[0]
    return '.'.join(labels).lower(), TYPES.get(kind), packet[12:at + 5]


class DnsServer:
    """`records`: {(name, 'A' | 'AAAA' | 'PTR'): [values]}; a name in `silent` gets no answer."""

    def __init__(self):
        self.records, self.silent, self.asked = {}, set(), []
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                packet, sock = self.request
                name, kind, question = question_of(packet)
                server.asked.append((name, kind))
                if name in server.silent:
                    return
                values = server.records.get((name, kind), [])
                is_known = any(known == name for known, _ in server.records)
                answers = b''.join(b'\xc0\x0c' + question[-4:] + struct.pack('!IH', 60, len(data)) + data
                                   for data in map(lambda value: server.data_of(kind, value), values))
                flags = 0x8180 | (0 if is_known else 3)
                sock.sendto(packet[:2] + struct.pack('!HHHHH', flags, 1, len(values), 0, 0) + question + answers, self.client_address)

        self.server = socketserver.ThreadingUDPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f'127.0.0.1:{self.server.server_address[1]}'

    @staticmethod
    def data_of(kind, value):
        return encoded(value) if kind == 'PTR' else ipaddress.ip_address(value).packed

    def host(self, address, name, leads_to=None):
        """An address is called `name`, which leads back to it, or to `leads_to`."""
        self.records[ipaddress.ip_address(address).reverse_pointer, 'PTR'] = [name]
        target = ipaddress.ip_address(leads_to or address)
        self.records[name.lower(), 'A' if target.version == 4 else 'AAAA'] = [str(target)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

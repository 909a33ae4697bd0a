"""Coraza, a web application firewall in Go, with the OWASP Core Rule Set of its own module."""
from peer import FOLDER, HERE, Peer, Unavailable, run_tool


class Coraza(Peer):
    name = 'coraza'
    title = 'Coraza with the CRS, paranoia level 1'
    does = "a web application firewall's judgement of each request, with its decoding and anomaly score"
    lacks = 'clients over time, evidence of the kind that an alert needs, alerts; it stands in the way of requests, which weir does not'
    recipe = 'go build in benchmarks/peers/coraza (modules coraza/v3 and coraza-coreruleset/v4)'
    program = FOLDER / 'coraza_crs'

    def install(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        run_tool(['go', 'build', '-o', self.program, '.'], cwd=HERE / 'coraza')

    def version(self):
        if not self.program.exists():
            raise Unavailable('not installed')
        modules = dict(line.split()[1:3] for line in run_tool(['go', 'version', '-m', self.program]).splitlines() if line.startswith('\tdep\t'))
        names = {'Coraza': 'github.com/corazawaf/coraza/v3', 'CRS': 'github.com/corazawaf/coraza-coreruleset/v4'}
        return ', '.join(f'{name} {modules[module]}' for name, module in names.items())

    def command(self, records, result):
        return [self.program, records, result]

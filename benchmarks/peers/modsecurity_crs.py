"""libmodsecurity with the OWASP Core Rule Set, both as Debian packages them, called from a small program of its own."""
from peer import FOLDER, HERE, Peer, Unavailable, debian_version, install_debian, run_tool


class ModSecurity(Peer):
    name = 'modsecurity'
    title = 'libmodsecurity with the CRS, paranoia level 1'
    does = "a web application firewall's judgement of each request, with its decoding and anomaly score"
    lacks = 'clients over time, evidence of the kind that an alert needs, alerts; it stands in the way of requests, which weir does not'
    recipe = 'apt-get install libmodsecurity-dev modsecurity-crs nlohmann-json3-dev g++; g++ -O2 modsecurity_crs.cc -lmodsecurity'
    source = 'modsecurity_crs.cc'
    program = FOLDER / 'modsecurity_crs'

    def install(self):
        install_debian('libmodsecurity-dev', 'modsecurity-crs', 'nlohmann-json3-dev', 'g++')
        FOLDER.mkdir(parents=True, exist_ok=True)
        source = HERE / self.source
        if not self.program.exists() or self.program.stat().st_mtime < source.stat().st_mtime:
            run_tool(['g++', '-std=c++20', '-O2', '-o', self.program, source, '-lmodsecurity'])

    def version(self):
        if not self.program.exists():
            raise Unavailable('not installed')
        return f'libmodsecurity {debian_version("libmodsecurity3")}, CRS {debian_version("modsecurity-crs")}'

    def command(self, records, result):
        return [self.program, records, result]

"""Running the program once, and on a pseudo-terminal."""
import json
import os
import pty
import select
import subprocess
import time

from weir_process import binary, environment


class Ran:
    """What a command did."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f'exit code {self.code}\n--- out\n{self.out[-3000:]}\n--- err\n{self.err[-3000:]}'

    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments, stdin=b'', timeout=120, env=None, cwd=None):
    """weir ARGUMENTS…; never through a shell."""
    done = subprocess.run([binary(), *arguments], input=stdin, capture_output=True, timeout=timeout, check=False, cwd=cwd,
                          env={**os.environ, **environment(env)})
    assert done.returncode >= 0, f'ended by signal {-done.returncode}: {done.stderr[-3000:]!r}'
    return Ran(done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace'))


def run_on_terminal(*arguments, timeout=60):
    """(exit code, standard output, what the terminal on standard error showed)"""
    master, slave = pty.openpty()
    child = subprocess.Popen([binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
                             env={**os.environ, **environment({'TERM': 'xterm-256color'})})
    os.close(slave)
    out, shown, deadline = b'', b'', time.monotonic() + timeout
    open_ends = {master, child.stdout.fileno()}
    while open_ends and time.monotonic() < deadline:
        for end in select.select(list(open_ends), [], [], 0.5)[0]:
            try:
                data = os.read(end, 65536)
            except OSError:      # a pseudo-terminal's end is an error
                data = b''
            if not data:
                open_ends.discard(end)
            elif end == master:
                shown += data
            else:
                out += data
    code = child.wait(60)
    os.close(master)
    child.stdout.close()
    return code, out.decode(), shown.decode('utf-8', 'replace')

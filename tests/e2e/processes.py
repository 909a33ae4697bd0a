"""Child processes of the tests: free ports, log files, and an end that leaves nothing behind."""
import os
import signal
import socket
import subprocess

from waiting import PATIENCE, wait_for


def free_ports(count):
    """Ports of the loopback interface that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Process:
    """One child process whose output goes to a log file."""

    def __init__(self, command, log_path, env=None):
        self.command = [str(part) for part in command]
        self.log_path = log_path
        with open(log_path, 'ab') as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**os.environ, **(env or {})})

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self, timeout=30):
        """SIGTERM, and the exit code; SIGKILL and a failure if it does not end in time."""
        if self.running():
            self.signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'{self.command[0]} did not end {timeout * PATIENCE:g} s after SIGTERM\n{self.log_tail()}') from None

    def kill(self):
        """kill -9"""
        if self.running():
            self.child.kill()
        self.child.wait()

    def log(self):
        return self.log_path.read_text(encoding='utf-8', errors='replace') if self.log_path.exists() else ''

    def log_tail(self, lines=40):
        return f'--- end of {self.log_path}:\n' + '\n'.join(self.log().splitlines()[-lines:])

    def wait_until(self, condition, timeout, what):
        """wait_for, failing at once with the log's end when the process has died."""
        def check():
            result = condition()
            if not result and not self.running():
                result = condition()       # what it did last may be what is waited for
                if result:
                    return result
                raise AssertionError(f'{self.command[0]} ended with {self.child.returncode} '
                                     f'before {what}\n{self.log_tail()}')
            return result
        return wait_for(check, timeout, lambda: f'{what}\n{self.log_tail()}')

    def status(self, name):
        """A whole number of /proc/PID/status, in its unit."""
        with open(f'/proc/{self.pid}/status', encoding='ascii') as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ':'))

    def memory_bytes(self):
        """Resident, now."""
        return self.status('VmRSS') * 1024

    def threads(self):
        return self.status('Threads')

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def memory_peak_bytes(self):
        """The largest resident set so far."""
        return self.status('VmHWM') * 1024

"""The weir processes of one trial: started, hurt, restarted like a service manager would, and stopped at the end."""
import signal
import threading
import time

from weir_process import WeirProcess

READY_SECONDS_MAX = 60


class Stuck(Exception):
    """No progress any more: something was not recovered from."""


class Member(WeirProcess):
    """One process. It is restarted when it ends by itself, unless `wanted` is false."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.wanted = False
        self.restarts = 0
        self.exit_codes = []
        self.paused = False

    def launch(self, env=None):
        super().launch(env)
        self.wanted = True

    def running(self):
        return self.process is not None and self.process.running()

    def kill(self):
        """kill -9; it stays down until it is launched again."""
        self.wanted = False
        super().kill()

    def pause(self):
        self.paused = True
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)
        self.paused = False

    def leave(self, timeout=30):
        """SIGTERM; the exit code."""
        self.wanted = False
        return super().stop(timeout)

    def is_ready(self):
        return self.running() and not self.paused and self.ready()


class Fleet:
    """`configure(name)` gives the changes of a member's configuration; `environment`, if set, (folder of a member) → more
    variables of its environment. Members are restarted by a thread of its own."""

    def __init__(self, folder, broker, topics, group, configure):
        self.environment = lambda _: {}
        self._make = lambda name: Member(folder / name, broker, topics, group, configure(name),
                                         self.environment(folder / name))
        self.members = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def member(self, name):
        if name not in self.members:
            self.members[name] = self._make(name)
        return self.members[name]

    def launch(self, name, env=None):
        with self._lock:
            one = self.member(name)
            one.launch(env)
        return one

    def kill(self, name):
        with self._lock:
            self.members[name].kill()

    def wait_until_ready(self, *names, timeout=READY_SECONDS_MAX):
        """Waits for these (for all that are wanted); True when they were ready at once in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self._closing.is_set():
            wanted = [self.members[name] for name in names] or [one for one in self.members.values() if one.wanted]
            if all(one.is_ready() for one in wanted):
                return True
            time.sleep(0.05)
        return False

    def _keep(self):
        while not self._closing.wait(0.2):
            with self._lock:
                for one in self.members.values():
                    if one.wanted and not one.running():
                        one.exit_codes.append(one.process.child.returncode)
                        one.restarts += 1
                        one.launch()

    def restarts(self):
        return sum(one.restarts for one in self.members.values())

    def stop(self):
        """SIGTERM to all that run; their exit codes."""
        self._closing.set()
        self._keeper.join()
        running = {name: one for name, one in self.members.items() if one.running()}
        for one in running.values():
            if one.paused:
                one.resume()
            one.process.signal(signal.SIGTERM)
        return {name: one.leave() for name, one in running.items()}

    def close(self):
        """kill -9 to whatever is left."""
        self._closing.set()
        for one in self.members.values():
            one.kill()

    def log_tails(self, lines=8):
        return '\n'.join(one.process.log_tail(lines) for one in self.members.values() if one.process)

"""Waiting for a condition with a deadline, instead of for a time."""
import os
import threading
import time

# A machine that compiles at the same time is slow; deadlines are there for what never comes.
PATIENCE = float(os.environ.get('WEIR_TEST_PATIENCE', '3'))


class TimedOut(AssertionError):
    """The condition did not become true in time."""


def wait_for(condition, timeout, what, interval=0.05):
    """Polls condition() until it returns something true, and returns that. `what` completes "waited 30 s for …"; it may be
    a function, called at the deadline, so that the message can tell how far things had come."""
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        is_last = time.monotonic() > deadline     # before it is looked: whoever waits may have stood still himself
        result = condition()
        if result:
            return result
        if is_last:
            raise TimedOut(f'waited {timeout:g} s for {what() if callable(what) else what}')
        pause.wait(interval)

"""A person who orders decisions about clients, and lifts them, by the admin API of whichever member runs just now."""
import json
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import quote

from fleet import Stuck
from observation_blocks import ACTIONS

HOUR_S = 3600
LIFT_SECONDS_MAX = 60


class Hand:
    """Orders come while faults happen, so that many are refused or not answered: what holds is what stands in the topic. `accepted`:
    the reasons, each once, of those that were answered with 202."""

    def __init__(self, fleet, workload, chance):
        self.accepted = []
        self._fleet, self._chance = fleet, chance
        self._clients = [name for one in workload.clients if (name := self._name_of(one))]
        self._numbers, self._touched = 0, set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)

    @staticmethod
    def _name_of(client):
        """As the API names it; None for those of which it wants something else than what they call themselves."""
        if 'client_id' in client.identity:
            return f"customer:{client.identity['client_id']}"
        return client.address(0) if client.by_address and not client.v6 else None

    def start(self):
        self._thread.start()

    def _go(self):
        while not self._stop.wait(self._chance.uniform(0.1, 0.5)):
            client = self._chance.choice(sorted(self._touched) if self._touched and self._chance.random() < 0.5 else self._clients)
            if self._chance.random() < 0.35:
                self._ask(client, 'lift')
                continue
            self._touched.add(client)
            action = self._chance.choice(ACTIONS)
            self._ask(client, 'decide', action=action, duration_s=HOUR_S, **({'retry_after_s': 7} if action == 'throttle' else {}))

    def _ask(self, client, kind, **body):
        """Whether it was taken."""
        running = [one for one in list(self._fleet.members.values()) if one.running()]
        if not running:
            return False
        self._numbers += 1
        body['reason'] = f'order {self._numbers}'
        call = urllib.request.Request(f'{self._chance.choice(running).url}/api/v1/clients/{quote(client, safe=":")}/{kind}',
                                      json.dumps(body).encode(), {'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(call, timeout=3) as answer:
                taken = answer.status == 202
        except (OSError, urllib.error.HTTPError):
            return False
        if taken:
            self.accepted.append(body['reason'])
        return taken

    def finish(self):
        """Nobody is left with what a person decided: by the event time of a trial that would not end."""
        self._stop.set()
        self._thread.join(30)
        for client in sorted(self._touched):
            give_up = time.monotonic() + LIFT_SECONDS_MAX      # of each: a busy machine takes its time for hundreds
            while not self._ask(client, 'lift'):
                if time.monotonic() > give_up:
                    raise Stuck(f'the decision about {client} cannot be lifted')
                time.sleep(0.2)

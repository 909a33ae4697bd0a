"""A TCP proxy on the loopback interface that cuts, stalls, delays and swallows on demand."""
import asyncio
import threading


class _Connection:
    def __init__(self, client, broker):
        self.client, self.broker = client, broker
        self.lost_bytes = False        # replies were swallowed: the stream makes no sense any more

    def abort(self):
        for writer in (self.client, self.broker):
            writer.transport.abort()


class FaultProxy:
    """Forwards to one broker. All faults may be switched on and off from any thread while connections are open."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._connections = set()
        self._refusing = False
        self._swallowing = False
        self._delay_seconds = 0.0
        self._open_gate = asyncio.Event()
        self._open_gate.set()
        self._target_port = None
        self.bytes_forwarded = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, '127.0.0.1', 0, limit=1 << 20))
        self.port = self._server.sockets[0].getsockname()[1]

    def forward_to(self, port):
        self._target_port = port

    # --- faults

    def cut(self):
        """Resets every connection and refuses new ones until restore()."""
        self._run(self._cut)

    def stall(self):
        """Nothing passes in either direction until restore(); connections stay open."""
        self._run(self._open_gate.clear)

    def swallow_replies(self):
        """Requests reach the broker, its answers are thrown away until restore(), which resets those connections."""
        self._swallowing = True

    def delay(self, seconds):
        """Every reply comes so much later until restore()."""
        self._delay_seconds = seconds

    def restore(self):
        self._run(self._restore)

    def close(self):
        self._run(self._cut)
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    # --- in the proxy's own thread

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _run(self, function):
        async def call():
            function()
        self._call(call())

    def _cut(self):
        self._refusing = True
        for one in list(self._connections):
            one.abort()

    def _restore(self):
        self._refusing = self._swallowing = False
        self._delay_seconds = 0.0
        self._open_gate.set()
        for one in list(self._connections):
            if one.lost_bytes:
                one.abort()

    async def _accept(self, reader, writer):
        if self._refusing:
            writer.transport.abort()
            return
        try:
            broker_reader, broker_writer = await asyncio.open_connection('127.0.0.1', self._target_port, limit=1 << 20)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, broker_writer)
        self._connections.add(connection)
        try:
            await asyncio.gather(self._pump(reader, broker_writer, connection, replies=False),
                                 self._pump(broker_reader, writer, connection, replies=True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            connection.abort()
            self._connections.discard(connection)

    async def _pump(self, reader, writer, connection, replies):
        while data := await reader.read(1 << 18):
            await self._open_gate.wait()
            if replies and self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            if replies and self._swallowing:
                connection.lost_bytes = True
                continue
            writer.write(data)
            await writer.drain()
            self.bytes_forwarded += len(data)
        connection.abort()

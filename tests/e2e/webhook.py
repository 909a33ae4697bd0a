"""A webhook that takes whatever JSON is posted."""
import http.server
import json
import threading


class Webhook:
    """`bodies`: what came, parsed, in order."""

    def __init__(self, path='/'):
        self.bodies = []
        bodies = self.bodies

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}{path}'

    def close(self):
        self._server.shutdown()
        self._server.server_close()

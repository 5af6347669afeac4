"""Receives webhooks, with nothing but Python: `python3 samples/webhook_receiver.py 9000 whsec_…`.

Nothing in a request is believed before it is checked as https://www.standardwebhooks.com says.
"""

import base64
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

OLDEST_SECONDS = 300


def is_genuine(secret, headers, body):
    """Tell whether a request is signed with the secret, and fresh: an old one may be a copy."""
    event_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not moment.isdecimal() or abs(time.time() - int(moment)) > OLDEST_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{event_id}.{moment}.".encode() + body, "sha256")
    expected = "v1," + base64.b64encode(mac).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), each.encode()) for each in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        known = is_genuine(sys.argv[2], self.headers, body)
        if known:
            # Your work, best in the background. The same webhook-id may come twice: do it once.
            print(self.headers["webhook-id"], json.loads(body), flush=True)
        self.send_response(204 if known else 401)
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()

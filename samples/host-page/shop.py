"""A shop with the widget in it, with nothing but Python; docs/widget.md explains each step.

`APP_SECRET=… python3 samples/host-page/shop.py --port 8001 --assistant http://127.0.0.1:8000/`
"""

import argparse
import hashlib
import hmac
import html
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from threading import Thread
from urllib.parse import parse_qs, urljoin, urlsplit

FOLDER = Path(__file__).parent
TYPES = {"shop.css": "text/css", "shop.js": "text/javascript"}
HASH_SECONDS = 3600


def customer_attributes(app_secret, customer_id):
    """Return what proves a customer: only the server can make it, since it alone has the secret."""
    expires = int(time.time()) + HASH_SECONDS
    proof = hmac.new(app_secret.encode(), f"{customer_id}.{expires}".encode(), hashlib.sha256).hexdigest()
    values = {"id": customer_id, "hash": proof, "hash-expires": expires}
    return " ".join(f'data-customer-{name}="{html.escape(str(value))}"' for name, value in values.items())


def sample_customers():
    """Return the names of the sample customers by their id; a real shop has a sign-in instead."""
    customers = json.loads((FOLDER.parent / "customers.json").read_text("utf-8"))
    return {"": "nobody", **{each["external_id"]: each["name"] for each in customers}}


def shop_page(assistant, app_secret, customer_id):
    """Return the page for a customer, or for nobody."""
    names = sample_customers()
    known = customer_id if customer_id in names else ""
    choices = (
        f'<option value="{html.escape(each)}"{" selected" * (each == known)}>{html.escape(name)}</option>'
        for each, name in names.items()
    )
    page = Template((FOLDER / "index.html").read_text("utf-8"))
    return page.substitute(
        widget=html.escape(urljoin(assistant, "widget.js")),
        customer=customer_attributes(app_secret, known) if known else "",
        choices="".join(choices),
    )


def policy(assistant):
    """Return the shop's own policy: of the assistant it takes the script and the frame, and nothing else."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(assistant))
    return f"default-src 'self'; img-src 'self' data:; script-src 'self' {origin}; frame-src {origin}"


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        name = address.path.removeprefix("/")
        if name in TYPES:
            self.answer(200, TYPES[name], (FOLDER / name).read_text("utf-8"))
        elif name == "":
            customer_id = parse_qs(address.query).get("customer", [""])[0]
            self.answer(
                200, "text/html", shop_page(self.server.assistant, self.server.app_secret, customer_id)
            )
        else:
            self.answer(404, "text/plain", "There is nothing here.")

    def answer(self, status, media_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy(self.server.assistant))
        # The proof is this customer's alone.
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser(
        description="Serves a shop with the widget; Ctrl-C or the end of its input stops it."
    )
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--assistant", default="http://127.0.0.1:8000/", help="where the assistant is")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Shop)
    server.assistant, server.app_secret = options.assistant, os.environ["APP_SECRET"]
    Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()

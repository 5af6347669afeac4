"""What stands before the emulator for the deployment's commands, and plays what it lacks or does otherwise.

Everything else goes through to it unchanged. The functions never come by here.
"""

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests
from werkzeug.wrappers import Request, Response

from chalicelib.domain.database import DatabaseAddress
from tests.deploy.emulator_template import playable
from tooling.template import parse_template

TIMEOUT_SECONDS = 300
SETTLE_SECONDS = 10
RESOURCES = re.compile(r"/restapis/[^/]+/resources")
PUT_REST_API = re.compile(r"/restapis/[^/]+")
FUNCTION_CONFIGURATION = re.compile(r"/2015-03-31/functions/[^/]+/configuration")
NOT_OURS_TO_PASS_ON = {"connection", "content-encoding", "content-length", "transfer-encoding"}
S3_VECTORS = "/ListVectorBuckets"


@dataclass
class Front:
    """A WSGI application; `definitions` are those of the API that were sent so far, oldest first."""

    emulator_url: str
    database: DatabaseAddress
    definitions: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        return self._player(request)(request)(environ, start_response)

    def _player(self, request: Request) -> Callable[[Request], Response]:
        if request.path == S3_VECTORS:
            return _no_vector_buckets
        if request.path == "/restapis" and request.args.get("mode") == "import":
            return self._import_api
        if request.method == "PUT" and PUT_REST_API.fullmatch(request.path):
            return self._replace_api
        if request.method == "GET" and RESOURCES.fullmatch(request.path):
            return self._list_paths
        if request.method == "GET" and FUNCTION_CONFIGURATION.fullmatch(request.path):
            return self._look_at_function
        if b"TemplateBody=" in request.get_data():
            return self._take_template
        return self._pass_on

    def _pass_on(self, request: Request, body: bytes | None = None, method: str | None = None) -> Response:
        answer = requests.request(
            method or request.method,
            self.emulator_url + request.environ["REQUEST_URI"],
            headers={name: value for name, value in request.headers if name.lower() != "content-length"},
            data=request.get_data() if body is None else body,
            timeout=TIMEOUT_SECONDS,
        )
        headers = [(name, value) for name, value in answer.headers.items() if _is_passed_on(name)]
        return Response(answer.content, answer.status_code, headers)

    def _import_api(self, request: Request) -> Response:
        self.definitions.append(json.loads(request.get_data()))
        return self._pass_on(request)

    def _replace_api(self, request: Request) -> Response:
        """Play PutRestApi, which the emulator has not: it keeps nothing of a definition but the name."""
        self.definitions.append(json.loads(request.get_data()))
        return self._pass_on(request, body=b"", method="GET")

    def _list_paths(self, _request: Request) -> Response:
        """Say what each method leads to."""
        paths = self.definitions[-1]["paths"].values()
        methods = [
            {method: {"methodIntegration": each["x-amazon-apigateway-integration"]}}
            for path in paths
            for method, each in path.items()
        ]
        answer = {"item": [{"resourceMethods": each} for each in methods]}
        return Response(json.dumps(answer), content_type="application/json")

    def _look_at_function(self, request: Request) -> Response:
        """Answer once the function is ready, which takes half a second: Chalice looks only every five."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            answer = self._pass_on(request)
            function = json.loads(answer.get_data())
            if function.get("State") != "Pending" and function.get("LastUpdateStatus") != "InProgress":
                break
            time.sleep(0.1)
        return answer

    def _take_template(self, request: Request) -> Response:
        """Leave out of the template what the emulator does not know."""
        fields = dict(parse_qsl(request.get_data(as_text=True), keep_blank_values=True))
        template = parse_template(fields["TemplateBody"])
        fields["TemplateBody"] = json.dumps(playable(template, self.database))
        return self._pass_on(request, urlencode(fields).encode())


def _no_vector_buckets(_request: Request) -> Response:
    return Response('{"vectorBuckets": []}', content_type="application/json")


def _is_passed_on(header: str) -> bool:
    return header.lower() not in NOT_OURS_TO_PASS_ON

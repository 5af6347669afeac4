"""Runs one function of the app in a process of its own, as Lambda does, and notes its calls of AWS.

`python -m tests.deploy.container sweep` prints a JSON line for each call: service, operation and parameters.
The variables of the stage and the endpoints of the stand-ins come in the environment.
"""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore import handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from moto.core.botocore_stubber import MockRawResponse

from tests.deploy import scenarios
from tests.service_models import require_valid

Noted = dict[str, Any]


class Notes:
    """The calls of all clients that are made from now on; a link that is only signed counts as a call."""

    def __init__(self) -> None:
        self.calls: list[Noted] = []
        self._lock = threading.Lock()
        handlers.BUILTIN_HANDLERS.append(("before-parameter-build", self._note))
        handlers.BUILTIN_HANDLERS.append(("before-parameter-build", lambda **event: require_valid(**event)))
        handlers.BUILTIN_HANDLERS.append(("before-send.lambda.Invoke", _answer_of_customers))

    def _note(self, params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
        with self._lock:
            self.calls.append(
                {"service": model.service_model.service_name, "operation": model.name, "parameters": params}
            )


def _answer_of_customers(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """Return what the function `customers` answers, which runs in a process of its own."""
    body = MockRawResponse(json.dumps(scenarios.FOUND).encode())
    return AWSResponse(request.url, 200, HTTPHeaders(), body)


def main(function: str) -> int:
    """Run a function through its scenario and print the calls that it made."""
    notes = Notes()
    # After the notes have begun, as no client may escape them.
    import app as app_module
    from chalicelib.services import services

    handler: Callable[[Any, Any], Any] = app_module.app
    if function != "api_handler":
        handler = app_module.app.handler_map[function]
    scenarios.SCENARIOS[function](lambda event: handler(event, None))
    if function in scenarios.AT_THE_RIGHT_MOMENT:
        scenarios.AT_THE_RIGHT_MOMENT[function](services())
    for call in notes.calls:
        sys.stdout.write(json.dumps(call, default=str) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

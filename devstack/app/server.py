"""`chalice local` under a supervisor: the same code, any AWS port, and it dies with its parent."""

import argparse
import logging
import sys
import threading
from collections.abc import Mapping

from chalice.deploy.validate import validate_routes

from devstack.app.http import PatientServer
from devstack.app.stage import add_overrides, load_app, stop_with_parent
from devstack.stop_request import StopRequest, StopRequested

STOP_POLL_SECONDS = 0.05


def main(arguments: list[str]) -> int:
    """Serve the app until the parent closes our standard input or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m devstack.app.server")
    parser.add_argument("--stage", default="local")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-port", type=int, required=True)
    add_overrides(parser)
    options = parser.parse_args(arguments)
    # What the app logs itself comes as JSON; the rest is worth a line only when something is wrong.
    logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(message)s")
    logging.getLogger().handlers[0].setLevel(logging.WARNING)
    stop = StopRequest()
    stop.listen()
    overrides = dict(options.settings)
    _serve(_create_server(options.stage, options.port, options.aws_port, overrides), stop)
    return 0


def _create_server(stage: str, port: int, aws_port: int, overrides: Mapping[str, str]) -> PatientServer:
    """Do what `chalice local` does, under AWS settings that are the stage's alone."""
    app, config = load_app(stage, aws_port, overrides)
    validate_routes(app.routes)
    return PatientServer(app, config, port)


def _serve(server: PatientServer, stop: StopRequest) -> None:
    """Serve beside the main thread, which waits: a signal then never interrupts one that holds a lock."""
    serving = threading.Thread(target=server.serve_forever, args=(STOP_POLL_SECONDS,), daemon=True)
    serving.start()
    threading.Thread(target=stop_with_parent, args=(stop,), daemon=True).start()
    try:
        while serving.is_alive():
            stop.pause(1)
    except StopRequested:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

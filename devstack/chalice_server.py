"""`chalice local` under a supervisor: the same code, any AWS port, and it dies with its parent."""

import argparse
import logging
import os
import sys
import threading

from chalice.cli.factory import CLIFactory
from chalice.deploy.validate import validate_routes
from chalice.local import LocalDevServer

from devstack.local_http import EdgeRequestHandler, PatientServer
from devstack.ports import HOST
from devstack.stage import ROOT
from devstack.stop_request import StopRequest, StopRequested

ENDPOINT = "AWS_ENDPOINT_URL"
STOP_POLL_SECONDS = 0.05


def main(arguments: list[str]) -> int:
    """Serve the app until the parent closes our standard input or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m devstack.chalice_server")
    parser.add_argument("--stage", default="local")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-port", type=int, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    stop = StopRequest()
    stop.listen()
    _serve(_create_server(options.stage, options.port, options.aws_port), stop)
    return 0


def _create_server(stage: str, port: int, aws_port: int) -> LocalDevServer:
    """Do what `chalice local` does, under AWS settings that are the stage's alone."""
    _forget_own_aws_settings()
    os.environ["AWS_CHALICE_CLI_MODE"] = "true"
    factory = CLIFactory(str(ROOT), environ=os.environ)
    config = factory.create_config_obj(chalice_stage_name=stage)
    app = config.chalice_app
    # Loading the app set the stage's variables; only now can the endpoint be another one.
    os.environ[ENDPOINT] = f"http://{HOST}:{aws_port}"
    validate_routes(app.routes)
    return LocalDevServer(app, config, HOST, port, EdgeRequestHandler, PatientServer)


def _forget_own_aws_settings() -> None:
    """Keep the developer's profile, keys and endpoints out: nothing may reach a real account by accident."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def _serve(server: LocalDevServer, stop: StopRequest) -> None:
    """Serve beside the main thread, which waits: a signal then never interrupts one that holds a lock."""
    serving = threading.Thread(target=server.server.serve_forever, args=(STOP_POLL_SECONDS,), daemon=True)
    serving.start()
    threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    try:
        while serving.is_alive():
            stop.pause(1)
    except StopRequested:
        server.shutdown()


def _stop_with_parent(stop: StopRequest) -> None:
    sys.stdin.buffer.read()
    stop.ask()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

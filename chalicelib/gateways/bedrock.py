"""The model on Amazon Bedrock: one Converse call with the guardrail, tried on the models in order."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.answers import reading
from chalicelib.domain.conversation import Prompt, Reply
from chalicelib.errors import ModelUnavailable, UnreadableAnswer
from chalicelib.gateways.aws import AWS_ERRORS, error_code
from chalicelib.gateways.converse import ModelOptions, cost_usd, read_reply, request_of, sampling_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

PASSING = {
    "ThrottlingException",
    "ServiceUnavailableException",
    "InternalServerException",
    "ModelNotReadyException",
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
}
"""Failures that the same model may get over in a moment."""
GONE = {"ResourceNotFoundException", "AccessDeniedException", "ValidationException", "ModelErrorException"}
"""Failures of this model that another may not have: end of life, no access, an id not served here."""
SAMPLING_WORDS = ("temperature", "top_p", "topp")
ROUNDS = 2
PAUSE_SECONDS = 0.4


class BedrockModel:
    """Calls Converse; remembers for the life of the container which model worked."""

    def __init__(
        self,
        client: "BedrockRuntimeClient",
        options: ModelOptions,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._options = options
        self._pause = pause
        self._working = options.model_ids[0]
        self._refuses_sampling: set[str] = set()

    def reply(self, prompt: Prompt) -> Reply:
        """Return the reply of the first model that answers, in the order of the list.

        The model that answered last comes first. Raises ModelUnavailable.
        """
        usable = [self._working, *(m for m in self._options.model_ids if m != self._working)]
        failure: Exception | None = None
        for round_number in range(ROUNDS):
            if round_number and usable:
                self._pause(PAUSE_SECONDS)
            for model_id in tuple(usable):
                try:
                    return self._ask(model_id, prompt)
                except UnreadableAnswer as error:
                    raise ModelUnavailable from error
                except AWS_ERRORS as error:
                    failure = error
                    if error_code(error) in GONE:
                        usable.remove(model_id)
                    elif error_code(error) not in PASSING:
                        # A time-out, for one: there is no time left to try another model.
                        raise ModelUnavailable from error
        raise ModelUnavailable from failure

    def ping(self) -> None:
        """Raise Unavailable unless a model answers, with the guardrail; costs a handful of tokens."""
        self.reply(Prompt("Answer with the word ok.", (), (), "ping", may_hand_over=False))

    def _ask(self, model_id: str, prompt: Prompt) -> Reply:
        answer = self._converse(model_id, prompt)
        with reading("model"):
            reply = read_reply(answer, model_id)
        self._working = model_id
        # A router's own price counts where that of the model which it chose is not known.
        prices = (cost_usd(each, reply.usage, self._options.prices) for each in (reply.model or "", model_id))
        cost = next((price for price in prices if price is not None), None)
        return replace(reply, usage=replace(reply.usage, cost_usd=cost))

    def _converse(self, model_id: str, prompt: Prompt) -> Any:
        sampling = {} if model_id in self._refuses_sampling else sampling_of(model_id, self._options)
        try:
            return self._call(model_id, request_of(prompt, self._options, sampling))
        except ClientError as error:
            # Which sampling parameters a model takes has changed with every generation; ask again without.
            if not sampling or not _is_about_sampling(error):
                raise
            self._refuses_sampling.add(model_id)
            return self._call(model_id, request_of(prompt, self._options, {}))

    def _call(self, model_id: str, request: dict[str, Any]) -> Any:
        with reading("model"):
            return self._client.converse(modelId=model_id, **request)


def _is_about_sampling(error: ClientError) -> bool:
    message = str(error).lower()
    return error_code(error) == "ValidationException" and any(word in message for word in SAMPLING_WORDS)

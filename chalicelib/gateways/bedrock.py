"""The model on Amazon Bedrock: one call of Converse with the guardrail, tried on the models in order."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.answers import reading, require
from chalicelib.domain.conversation import Prompt, Reply
from chalicelib.errors import ModelUnavailable, UnreadableAnswer
from chalicelib.gateways.aws import AWS_ERRORS, error_code
from chalicelib.gateways.converse import ModelOptions, cost_usd, own_id, read_reply, request_of, sampling_of
from chalicelib.gateways.converse_stream import Heard, read_stream, stream_request_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseTokensRequestTypeDef

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
GONE = {"ResourceNotFoundException", "AccessDeniedException"}
"""A model that has reached its end of life, or that nobody has given access to."""
REFUSED = {"ValidationException", "ModelErrorException", "ModelStreamErrorException"}
"""What another model may take; it can be for this question alone, so nothing follows for the next one."""
LOST_CONNECTION = {"ConnectionClosedError", "EndpointConnectionError", "ConnectTimeoutError"}
"""Failures whose connections, and those that were made at the same time, are of no more use."""
PING: "ConverseTokensRequestTypeDef" = {"messages": [{"role": "user", "content": [{"text": "ping"}]}]}
SAMPLING_WORDS = ("temperature", "top_p", "topp")
ATTEMPTS = 2
PAUSE_SECONDS = 0.4
GONE_SECONDS = 300
"""How long a model that is gone is passed over: access may be granted again."""
STREAM_SECONDS = 20
"""How long a whole answer may take, however it trickles in."""
IDLE_SECONDS = 50
"""A connection that was idle for longer may be dead without a sign: a frozen container misses its end."""


class BedrockModel:
    """Calls Converse, of the first model of the list that answers.

    What passes changes nothing for the next question; only a model that is gone is passed over for a while.
    """

    def __init__(
        self,
        client: "BedrockRuntimeClient",
        options: ModelOptions,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._options = options
        self._pause = pause
        self._clock = clock
        self._gone_until: dict[str, float] = {}
        self._used_at = clock()
        self._refuses_sampling: set[str] = set()

    def reply(self, prompt: Prompt, heard: Heard | None = None) -> Reply:
        """Return the reply of the first model that answers, in the order of the list.

        One that is busy, or whose connection is lost, is asked once more. With `heard` the answer is
        streamed, and its text told while it comes. Raises ModelUnavailable.
        """
        failure: Exception | None = None
        for model_id in self._usable():
            for attempt in range(ATTEMPTS):
                if attempt:
                    self._pause(PAUSE_SECONDS)
                try:
                    return self._ask(model_id, prompt, heard)
                except UnreadableAnswer as error:
                    raise ModelUnavailable from error
                except AWS_ERRORS as error:
                    failure = error
                    if not self._passes(model_id, error):
                        break
        raise ModelUnavailable from failure

    def _usable(self) -> list[str]:
        """Return the models that are not known to be gone; all of them, where all are."""
        now = self._clock()
        ids = self._options.model_ids
        return [each for each in ids if self._gone_until.get(each, now) <= now] or list(ids)

    def _passes(self, model_id: str, error: Exception) -> bool:
        """Tell whether the same model may answer in a moment; False for the next one.

        Raises ModelUnavailable after a time-out, for one: there is no time left to try another model.
        """
        code = error_code(error)
        if code in GONE:
            self._gone_until[model_id] = self._clock() + GONE_SECONDS
            return False
        if code in REFUSED:
            return False
        if code in LOST_CONNECTION:
            self._client.close()
        if code not in PASSING:
            raise ModelUnavailable from error
        return True

    def ping(self) -> None:
        """Raise Unavailable unless Bedrock is there and has one of the models for us; costs nothing.

        It only counts tokens. A model without such a count is refused as invalid, by a Bedrock that is there.
        """
        failure: Exception | None = None
        for model_id in self._options.model_ids:
            try:
                with reading("model"):
                    counted = self._client.count_tokens(modelId=own_id(model_id), input={"converse": PING})
                    require(counted["inputTokens"], int)
            except AWS_ERRORS as error:
                if error_code(error) in REFUSED:
                    return
                failure = error
                if error_code(error) not in GONE:
                    break
            else:
                return
        raise ModelUnavailable from failure

    def _ask(self, model_id: str, prompt: Prompt, heard: Heard | None) -> Reply:
        answer = self._converse(model_id, prompt, heard)
        with reading("model"):
            reply = read_reply(answer, model_id)
        # A router's own price counts where that of the model which it chose is not known.
        prices = (cost_usd(each, reply.usage, self._options.prices) for each in (reply.model or "", model_id))
        cost = next((price for price in prices if price is not None), None)
        return replace(reply, usage=replace(reply.usage, cost_usd=cost))

    def _converse(self, model_id: str, prompt: Prompt, heard: Heard | None) -> Any:
        sampling = {} if model_id in self._refuses_sampling else sampling_of(model_id, self._options)
        try:
            return self._call(model_id, request_of(prompt, self._options, sampling), heard)
        except ClientError as error:
            # Which sampling parameters a model takes has changed with every generation; ask again without.
            if not sampling or not _is_about_sampling(error):
                raise
            self._refuses_sampling.add(model_id)
            return self._call(model_id, request_of(prompt, self._options, {}), heard)

    def _call(self, model_id: str, request: dict[str, Any], heard: Heard | None) -> Any:
        idle_since, self._used_at = self._used_at, self._clock()
        if self._used_at - idle_since > IDLE_SECONDS:
            self._client.close()
        with reading("model"):
            if heard is None:
                return self._client.converse(modelId=model_id, **request)
            return self._stream(model_id, request, heard)

    def _stream(self, model_id: str, request: dict[str, Any], heard: Heard) -> Any:
        late_at = self._clock() + STREAM_SECONDS
        answer = self._client.converse_stream(modelId=model_id, **stream_request_of(request))
        with closing(answer["stream"]) as events:
            return read_stream(events, heard, lambda: self._clock() > late_at)


def _is_about_sampling(error: ClientError) -> bool:
    message = str(error).lower()
    return error_code(error) == "ValidationException" and any(word in message for word in SAMPLING_WORDS)

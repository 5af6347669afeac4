"""The Bedrock stand-in: answers boto3's Bedrock, Comprehend and SES calls without an AWS account.

A local stand-in with AWS's manners, not AWS: its model is extractive, its guardrail and its sentiment go by
lists of words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from devstack.bedrock import controls, sentiment
from devstack.bedrock.guardrail.guardrail import Guardrail
from devstack.bedrock.knowledge.ingestion import DocumentSource, Ingestion
from devstack.bedrock.knowledge.ingestion_jobs import IngestionJobs
from devstack.bedrock.knowledge.knowledge_base import KnowledgeBase
from devstack.bedrock.model.chat_model import ChatModel
from devstack.bedrock.model.converse import Conversation, Event
from devstack.bedrock.model.extractive import ExtractiveModel
from devstack.bedrock.model.local_llm import LocalLlm
from devstack.bedrock.outbox import Outbox
from devstack.bedrock.search import rerank, retrieve
from devstack.bedrock.search.embeddings import Embedder
from devstack.bedrock.search.index import Index
from devstack.bedrock.wire import protocol
from devstack.bedrock.wire.operations import Router, checked, sendable, sendable_events

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_BODY_BYTES = 25 * 1024 * 1024
WORDS_ONLY = "local.bm25"

Handler = Callable[[Mapping[str, Any]], dict[str, Any] | Iterator[Event]]


@dataclass(frozen=True)
class BedrockConfig:
    """The names and the models of the stand-in; mails go into `mail_folder`, or nowhere.

    Without `llm_url` the model is extractive, without an embedder words alone rank the passages.
    """

    index_path: Path | None
    bucket: str
    knowledge_base_id: str
    data_source_id: str
    guardrail_id: str
    guardrail_definition: Mapping[str, Any]
    llm_url: str | None = None
    llm_model: str | None = None
    llm_api_key: str | None = None
    embedder: Embedder | None = None
    mail_folder: Path | None = None
    ingestion_seconds: float = 0.5


class BedrockStandIn:
    """A WSGI application that speaks the protocols of Bedrock, Comprehend and SES."""

    def __init__(self, config: BedrockConfig, documents: DocumentSource) -> None:
        self._index = Index(config.index_path, config.embedder)
        ingestion = Ingestion(documents, self._index, config.bucket, config.data_source_id)
        self._jobs = IngestionJobs(
            ingestion, config.ingestion_seconds, lambda: self._faults.take(controls.INGESTION_JOB)
        )
        self._handlers = self._operations(config)
        self._router = Router()
        self._calls = controls.Calls()
        self._faults = controls.Faults(self._router.declared_errors(self._handlers))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY_BYTES
        return self._respond(request)(environ, start_response)

    def close(self) -> None:
        """Stop the running job and every delayed call, and close the index."""
        self._faults.close()
        self._jobs.close()
        self._index.close()

    def _respond(self, request: Request) -> Response:
        if (answer := controls.answer(request, self._faults, self._calls)) is not None:
            return answer
        target = None
        try:
            target = self._router.resolve(request)
            return self._answer(request, target)
        except protocol.ServiceError as error:
            return protocol.error_answer(target, error)

    def _answer(self, request: Request, target: protocol.Target) -> Response:
        name = target.operation.name
        self._calls.count(name)
        handler = self._handlers.get(name)
        if handler is None:
            raise protocol.ServiceError(
                "UnknownOperationException", f"The local stand-in does not support {name}."
            )
        try:
            parameters = checked(protocol.read_input(request, target), target.operation)
        except RequestEntityTooLarge as error:
            raise protocol.ServiceError("ValidationException", "The request body is too large.") from error
        fault = self._faults.begin(name)
        output = handler(parameters)
        if fault.malformed:
            return protocol.malformed_answer(target)
        if isinstance(output, dict):
            return protocol.answer(target, sendable(output, target.operation))
        # What fails before the first event is an answer of its own.
        events = sendable_events(output, target.operation)
        first = next(events)
        return protocol.stream_answer(target, self._faults.during(fault, chain([first], events)))

    def _operations(self, config: BedrockConfig) -> dict[str, Handler]:
        conversation = Conversation(
            _model(config, self._index), Guardrail(config.guardrail_id, config.guardrail_definition)
        )
        knowledge_base = KnowledgeBase(
            config.knowledge_base_id,
            config.data_source_id,
            config.bucket,
            config.embedder.name if config.embedder else WORDS_ONLY,
            self._jobs,
        )

        def retrieve_from_ours(parameters: Mapping[str, Any]) -> dict[str, Any]:
            knowledge_base.require(parameters)
            return retrieve.retrieve(parameters, self._index)

        return {
            "Converse": conversation.converse,
            "ConverseStream": conversation.converse_stream,
            "CountTokens": conversation.count_tokens,
            "ApplyGuardrail": conversation.apply_guardrail,
            "Retrieve": retrieve_from_ours,
            "Rerank": lambda parameters: rerank.rerank(parameters, self._index),
            "ListKnowledgeBases": knowledge_base.list_knowledge_bases,
            "GetKnowledgeBase": knowledge_base.get_knowledge_base,
            "ListDataSources": knowledge_base.list_data_sources,
            "GetDataSource": knowledge_base.get_data_source,
            "StartIngestionJob": knowledge_base.start_ingestion_job,
            "GetIngestionJob": knowledge_base.get_ingestion_job,
            "ListIngestionJobs": knowledge_base.list_ingestion_jobs,
            "StopIngestionJob": knowledge_base.stop_ingestion_job,
            "DetectSentiment": sentiment.detect_sentiment,
            **(_mails(Outbox(config.mail_folder)) if config.mail_folder else {}),
        }


def _mails(outbox: Outbox) -> dict[str, Handler]:
    return {"CreateEmailIdentity": outbox.create_email_identity, "SendEmail": outbox.send_email}


def _model(config: BedrockConfig, index: Index) -> ChatModel:
    if config.llm_url and config.llm_model:
        return LocalLlm(config.llm_url, config.llm_model, config.llm_api_key)
    return ExtractiveModel(index)

"""The full names (ARNs) of what the functions of a stage use."""

from dataclasses import dataclass

from deployment.facts import Facts

APP = "customer-support"
"""The app's name in `.chalice/config.json`; Chalice makes the functions' names of it."""


@dataclass(frozen=True)
class Arns:
    """The ARNs of one stage."""

    facts: Facts

    def table(self, name: str) -> str:
        """Return the ARN of a table by its bare name."""
        return self._of("dynamodb", f"table/{name}{self.facts.table_suffix}")

    def index(self, table: str, name: str) -> str:
        """Return the ARN of a table's index."""
        return f"{self.table(table)}/index/{name}"

    def knowledge_base(self) -> str:
        """Return the ARN of the knowledge base; its data source and jobs are authorised by it too."""
        return self._of("bedrock", f"knowledge-base/{self.facts.knowledge_base_id}")

    def guardrail(self) -> str:
        """Return the ARN of the guardrail, in all its versions."""
        return self._of("bedrock", f"guardrail/{self.facts.guardrail_id}")

    def inference_profile(self, profile_id: str) -> str:
        """Return the ARN of one of Bedrock's own inference profiles."""
        return self._of("bedrock", f"inference-profile/{profile_id}")

    def foundation_model(self, model_id: str, region: str | None = None) -> str:
        """Return the ARN of a model, in our own Region unless told; an empty one stands for no Region."""
        region = self.facts.region if region is None else region
        return f"arn:{self.facts.partition}:bedrock:{region}::foundation-model/{model_id}"

    def documents(self) -> str:
        """Return what matches each document in the bucket."""
        return f"arn:{self.facts.partition}:s3:::{self.facts.documents_bucket}/*"

    def function(self, name: str) -> str:
        """Return the ARN of a function by Chalice's name of it."""
        return self._of("lambda", f"function:{self._deployed_name(name)}")

    def log_group(self, name: str) -> str:
        """Return what matches a function's log group and its streams."""
        return self._of("logs", f"log-group:/aws/lambda/{self._deployed_name(name)}:*")

    def _deployed_name(self, function: str) -> str:
        # Chalice gives the API's function no name of its own.
        stem = f"{APP}-{self.facts.stage}"
        return stem if function == "api_handler" else f"{stem}-{function}"

    def _of(self, service: str, resource: str) -> str:
        facts = self.facts
        return f"arn:{facts.partition}:{service}:{facts.region}:{facts.account}:{resource}"

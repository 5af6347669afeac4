"""The full names (ARNs) of what the functions of a stage use, and of all that a call of a model touches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.gateways.converse import AREAS, own_id
from deployment.facts import Facts
from tooling.errors import CommandError

APP = "customer-support"
"""The app's name in `.chalice/config.json`; Chalice makes the functions' names of it."""
API_HANDLER = "api_handler"
"""Chalice's name of the function that is the API."""
ROUTES: Mapping[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
}
"""Where Bedrock may run a call through a profile of an area, by the prefix of the profile's id."""
GLOBAL = "global"


def deployed_name(stage: str, function: str) -> str:
    """Return the full name of a stage's function by Chalice's name of it."""
    # Chalice gives the API's function no name of its own.
    stem = f"{APP}-{stage}"
    return stem if function == API_HANDLER else f"{stem}-{function}"


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

    def mail_identity(self, name: str) -> str:
        """Return the ARN of an address or a domain that mails may be from."""
        return self._of("ses", f"identity/{name}")

    def documents(self) -> str:
        """Return what matches each document in the bucket."""
        return f"arn:{self.facts.partition}:s3:::{self.facts.documents_bucket}/*"

    def function(self, name: str) -> str:
        """Return the ARN of a function by Chalice's name of it."""
        return self._of("lambda", f"function:{deployed_name(self.facts.stage, name)}")

    def log_group(self, name: str) -> str:
        """Return what matches a function's log group and its streams."""
        return self._of("logs", f"log-group:/aws/lambda/{deployed_name(self.facts.stage, name)}:*")

    def _of(self, service: str, resource: str) -> str:
        facts = self.facts
        return f"arn:{facts.partition}:{service}:{facts.region}:{facts.account}:{resource}"


class UnknownRoutes(CommandError):
    """An inference profile is named whose Regions are not known here."""

    def __init__(self, model_id: str) -> None:
        known = ", ".join(f"{area}." for area in (*ROUTES, GLOBAL))
        super().__init__(f"BEDROCK_MODEL_IDS: {model_id} is not a model's id or one that starts with {known}")


def invoked_directly(arns: Arns, model_ids: Sequence[str]) -> list[str]:
    """Return the ARNs that calls name: of profiles, and of models in our own Region."""
    own = [arns.foundation_model(model_id) for model_id in model_ids if not _is_profile(model_id)]
    return [*own, *profiles(arns, model_ids)]


def counted_directly(arns: Arns, model_ids: Iterable[str]) -> list[str]:
    """Return the models whose tokens may be counted: no profile is asked, and no model elsewhere."""
    return sorted({arns.foundation_model(own_id(model_id)) for model_id in model_ids})


def profiles(arns: Arns, model_ids: Iterable[str]) -> list[str]:
    """Return the ARNs of the profiles among the ids. Raises UnknownRoutes for an ARN among them."""
    return [arns.inference_profile(model_id) for model_id in model_ids if _is_profile(model_id)]


def invoked_through_profiles(arns: Arns, model_ids: Iterable[str]) -> list[str]:
    """Return the ARNs of the models in every Region that the profiles route to. Raises UnknownRoutes."""
    found = set()
    for profile_id in filter(_is_profile, model_ids):
        found |= {arns.foundation_model(own_id(profile_id), region) for region in _regions(arns, profile_id)}
    return sorted(found)


def _regions(arns: Arns, profile_id: str) -> set[str]:
    area = profile_id.split(".", 1)[0]
    if area == GLOBAL:
        # Bedrock then asks for the model as it is in no Region, besides our own.
        return {arns.facts.region, ""}
    if area not in ROUTES:
        raise UnknownRoutes(profile_id)
    return {arns.facts.region, *ROUTES[area]}


def _is_profile(model_id: str) -> bool:
    if model_id.startswith("arn:"):
        raise UnknownRoutes(model_id)
    return model_id.split(".", 1)[0] in AREAS

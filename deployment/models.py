"""Which ARNs a call of a model touches: the model's own, or a profile's and those of all it routes to."""

from collections.abc import Iterable, Mapping, Sequence

from deployment.arns import Arns
from tooling.errors import CommandError

ROUTES: Mapping[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
}
"""Where Bedrock may run a call through a profile of an area, by the prefix of the profile's id."""
GLOBAL = "global"
AREAS = {*ROUTES, GLOBAL, "apac", "au", "ca", "jp", "sa", "us-gov"}
"""What the id of an inference profile starts with; a model's own starts with its maker."""


class UnknownRoutes(CommandError):
    """An inference profile is named whose Regions are not known here."""

    def __init__(self, model_id: str) -> None:
        known = ", ".join(f"{area}." for area in (*ROUTES, GLOBAL))
        super().__init__(f"BEDROCK_MODEL_IDS: {model_id} is not a model's id or one that starts with {known}")


def invoked_directly(arns: Arns, model_ids: Sequence[str]) -> list[str]:
    """Return the ARNs that calls name: of profiles, and of models in our own Region."""
    own = [arns.foundation_model(model_id) for model_id in model_ids if not _is_profile(model_id)]
    return [*own, *profiles(arns, model_ids)]


def profiles(arns: Arns, model_ids: Iterable[str]) -> list[str]:
    """Return the ARNs of the profiles among the ids. Raises UnknownRoutes for an ARN among them."""
    return [arns.inference_profile(model_id) for model_id in model_ids if _is_profile(model_id)]


def invoked_through_profiles(arns: Arns, model_ids: Iterable[str]) -> list[str]:
    """Return the ARNs of the models in every Region that the profiles route to. Raises UnknownRoutes."""
    found = set()
    for profile_id in filter(_is_profile, model_ids):
        model_id = profile_id.split(".", 1)[1]
        found |= {arns.foundation_model(model_id, region) for region in _regions(arns, profile_id)}
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

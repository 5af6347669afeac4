"""The names and ids of stage `local`, from where the app gets them too: `.chalice/config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.settings import check_settings
from tooling.project import ROOT
from tooling.stages import LOCAL, read_config

NO_OVERRIDES: Mapping[str, str] = {}


@dataclass(frozen=True)
class LocalStage:
    """What the stand-ins must provide under the names that the app asks for."""

    region: str
    access_key_id: str
    secret_access_key: str
    table_suffix: str
    documents_bucket: str
    knowledge_base_id: str
    data_source_id: str
    guardrail_id: str
    database_secret_id: str
    database_owner_secret_id: str
    app_secret_id: str
    agent_tokens_secret_id: str
    webhooks_secret_id: str
    mail_from: str


def read_local_stage(overrides: Mapping[str, str] = NO_OVERRIDES, root: Path = ROOT) -> LocalStage:
    """Read stage `local` of the Chalice configuration, with other values for some settings.

    Raises InvalidSettings for an override that is no setting, or a value that is not valid for it.
    """
    variables = {**read_config(root)["stages"][LOCAL]["environment_variables"], **overrides}
    if overrides:
        check_settings(variables, overrides)
    return LocalStage(
        region=variables["AWS_DEFAULT_REGION"],
        access_key_id=variables["AWS_ACCESS_KEY_ID"],
        secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        table_suffix=variables["TABLE_SUFFIX"],
        documents_bucket=variables["DOCUMENTS_BUCKET"],
        knowledge_base_id=variables["KNOWLEDGE_BASE_ID"],
        data_source_id=variables["DATA_SOURCE_ID"],
        guardrail_id=variables["GUARDRAIL_ID"],
        database_secret_id=variables["DATABASE_SECRET_ID"],
        database_owner_secret_id=variables["DATABASE_OWNER_SECRET_ID"],
        app_secret_id=variables["APP_SECRET_ID"],
        agent_tokens_secret_id=variables["AGENT_TOKENS_SECRET_ID"],
        webhooks_secret_id=variables["WEBHOOKS_SECRET_ID"],
        mail_from=variables["MAIL_FROM"],
    )

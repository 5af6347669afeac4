"""What the template says of the network, the database, tables, queues, documents and the knowledge base."""

import re
from typing import Any

import pytest

from bench.cost.stage import OF_DATABASE, SECRETS
from deployment.facts import IN_VPC, placeholders
from deployment.policies import policy_file, render
from devstack.bedrock.knowledge import knowledge_base as local
from tests.deploy.infra import RULES, WRITTEN, Document, infra, of_type, values_of
from tooling.project import ROOT
from tooling.stages import read_config

VECTOR_STORES = ("S3_VECTORS", "OPENSEARCH_SERVERLESS")
DONE_BY_LAMBDA = {"ec2", "logs", "xray"}
"""Lambda itself calls these for a function, from outside of its network."""
NOWHERE = {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "Nothing"}


def endpoints(document: Document) -> Document:
    """Return the VPC endpoints by the service that they lead to."""
    found = of_type("AWS::EC2::VPCEndpoint", document).values()
    return {each["ServiceName"]["Fn::Sub"].rpartition(".")[2]: each for each in found}


def open_ports(document: Document) -> set[tuple[str, str, int]]:
    """Return who may open a connection to whom on which port: (from, to, port)."""
    found = set()
    groups = of_type("AWS::EC2::SecurityGroup", document)
    for name, group in groups.items():
        for rule in group.get("SecurityGroupIngress", []):
            found.add((rule["SourceSecurityGroupId"]["Ref"], name, rule["FromPort"]))
            assert rule["FromPort"] == rule["ToPort"]
    for rule in of_type("AWS::EC2::SecurityGroupIngress", document).values():
        found.add((rule["SourceSecurityGroupId"]["Ref"], rule["GroupId"]["Ref"], rule["FromPort"]))
        assert rule["FromPort"] == rule["ToPort"]
    return found


def knowledge_base(document: Document) -> Any:
    """Return the properties of the one knowledge base."""
    (only,) = of_type("AWS::Bedrock::KnowledgeBase", document).values()
    return only


def data_source(document: Document) -> Any:
    """Return the properties of the one data source."""
    (only,) = of_type("AWS::Bedrock::DataSource", document).values()
    return only


def test_there_is_no_way_out_of_the_network() -> None:
    kinds = {each["Type"] for each in infra()["Resources"].values()}
    ways_out = ("NatGateway", "InternetGateway", "EIP", "::Route", "VPNGateway", "TransitGateway")
    assert [each for each in kinds if each.endswith(ways_out)] == []


def test_the_subnets_are_in_two_of_the_zones_of_the_region() -> None:
    subnets = of_type("AWS::EC2::Subnet").values()
    zones = [each["AvailabilityZone"]["Fn::If"] for each in subnets]
    assert zones == [
        [f"{name}Given", {"Ref": name}, {"Fn::Select": [place, {"Fn::GetAZs": ""}]}]
        for place, name in enumerate(("FirstZone", "SecondZone"))
    ]
    (two_zones,) = RULES["TwoZones"]["Assertions"]
    assert two_zones["Assert"]["Fn::Or"][1] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "FirstZone"}, {"Ref": "SecondZone"}]}]
    }


def test_each_service_called_from_the_network_has_an_endpoint_and_no_other() -> None:
    policies = render(placeholders("dev", ("model",)))
    statements = [each for name in IN_VPC for each in policies[policy_file("dev", name)]["Statement"]]
    allowed = {action.split(":")[0] for each in statements for action in each["Action"]}
    assert set(endpoints(infra())) == allowed - DONE_BY_LAMBDA


@pytest.mark.parametrize(
    ("stage", "zones"), [("dev", ["FirstSubnet"]), ("prod", ["FirstSubnet", "SecondSubnet"])]
)
def test_endpoints_have_the_usual_names_in_the_zones_that_are_paid_for(stage: str, zones: list[str]) -> None:
    for endpoint in endpoints(infra(Stage=stage)).values():
        assert endpoint["VpcEndpointType"] == "Interface"
        assert endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SecurityGroupIds"] == [{"Ref": "EndpointSecurityGroup"}]
        assert [each["Ref"] for each in endpoint["SubnetIds"]] == zones


def test_the_network_lets_the_app_reach_its_endpoint_and_postgres_alone() -> None:
    assert open_ports(infra()) == {
        ("AppSecurityGroup", "EndpointSecurityGroup", 443),
        ("AppSecurityGroup", "DatabaseSecurityGroup", 5432),
    }


def test_only_the_app_opens_connections() -> None:
    outward = {n: g["SecurityGroupEgress"] for n, g in of_type("AWS::EC2::SecurityGroup").items()}
    app = outward.pop("AppSecurityGroup")
    reached = [(each["FromPort"], each["ToPort"], each["DestinationSecurityGroupId"]["Ref"]) for each in app]
    assert reached == [(443, 443, "EndpointSecurityGroup"), (5432, 5432, "DatabaseSecurityGroup")]
    assert list(outward.values()) == [[NOWHERE], [NOWHERE]]


def test_without_postgres_there_is_nothing_of_its_network() -> None:
    there = infra(CustomerDatabase="NONE")
    kinds = {each["Type"] for each in there["Resources"].values()}
    assert not any(kind.startswith(("AWS::EC2::", "AWS::RDS::")) for kind in kinds)
    gone = infra()["Resources"].keys() - there["Resources"].keys()
    assert not [
        name for kind in ("Ref", "Fn::GetAtt") for name in values_of(kind, there) if _first(name) in gone
    ]
    assert len(of_type("AWS::SecretsManager::Secret", there)) == SECRETS - OF_DATABASE


def _first(reference: str | list[str]) -> str:
    return reference if isinstance(reference, str) else reference[0]


def test_postgres_is_private_encrypted_and_without_a_password_of_ours() -> None:
    database = infra()["Resources"]["Database"]["Properties"]
    assert (database["PubliclyAccessible"], database["StorageEncrypted"]) == (False, True)
    assert database["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in database
    assert database["DBName"] == infra()["Outputs"]["DatabaseName"]["Value"]


def test_postgres_refuses_connections_without_tls() -> None:
    resources = infra()["Resources"]
    parameters = resources["DatabaseParameters"]["Properties"]
    assert parameters["Parameters"] == {"rds.force_ssl": "1"}
    assert parameters["Family"] == "postgres" + resources["Database"]["Properties"]["EngineVersion"]


@pytest.mark.parametrize(
    ("stage", "kept_safe", "size", "backup_days"),
    [("dev", False, "db.t4g.micro", 1), ("prod", True, "db.t4g.small", 14)],
)
def test_prod_keeps_its_database_safe(stage: str, kept_safe: bool, size: str, backup_days: int) -> None:
    database = infra(Stage=stage)["Resources"]["Database"]
    assert database["DeletionPolicy"] == "Snapshot"
    properties = database["Properties"]
    assert (properties["DeletionProtection"], properties["MultiAZ"]) == (kept_safe, kept_safe)
    assert properties["DeleteAutomatedBackups"] is not kept_safe
    assert (properties["DBInstanceClass"], properties["BackupRetentionPeriod"]) == (size, backup_days)


def test_a_class_of_ones_own_goes_before_that_of_the_stage() -> None:
    database = infra(Stage="prod", DatabaseClass="db.m7g.large")["Resources"]["Database"]["Properties"]
    assert database["DBInstanceClass"] == {"Ref": "DatabaseClass"}


@pytest.mark.parametrize(("stage", "recoverable"), [("dev", False), ("prod", True)])
def test_the_tables_can_be_taken_back_to_a_point_in_time_in_prod(stage: str, recoverable: bool) -> None:
    tables = of_type("AWS::DynamoDB::Table", infra(Stage=stage)).values()
    recovery = [each["PointInTimeRecoverySpecification"] for each in tables]
    assert recovery == [{"PointInTimeRecoveryEnabled": recoverable}] * len(tables)


def test_a_message_comes_again_only_after_six_times_what_its_function_may_take() -> None:
    queue = of_type("AWS::SQS::Queue")["IntakeQueue"]
    timeout_seconds = read_config(ROOT)["lambda_functions"]["intake"]["lambda_timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout_seconds
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["IntakeDeadLetters", "Arn"]}


def test_dead_letters_outlive_messages_and_come_from_the_queue_of_tickets_alone() -> None:
    queues = of_type("AWS::SQS::Queue")
    intake, dead = queues["IntakeQueue"], queues["IntakeDeadLetters"]
    assert dead["MessageRetentionPeriod"] > intake["MessageRetentionPeriod"]
    (source,) = dead["RedriveAllowPolicy"]["sourceQueueArns"]
    assert source["Fn::Sub"].rpartition(":")[2] == intake["QueueName"]["Fn::Sub"]


def test_queues_are_encrypted_and_reached_over_tls_only() -> None:
    queues = of_type("AWS::SQS::Queue")
    assert all(each["SqsManagedSseEnabled"] is True for each in queues.values())
    (policy,) = of_type("AWS::SQS::QueuePolicy").values()
    assert {each["Ref"] for each in policy["Queues"]} == set(queues)
    (refusal,) = policy["PolicyDocument"]["Statement"]
    assert (refusal["Effect"], refusal["Action"]) == ("Deny", "sqs:*")
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_documents_that_are_rarely_read_become_cheaper() -> None:
    rules = of_type("AWS::S3::Bucket")["DocumentsBucket"]["LifecycleConfiguration"]["Rules"]
    (transition,) = [each for rule in rules for each in rule.get("Transitions", [])]
    assert transition["StorageClass"] == "INTELLIGENT_TIERING"


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_there_is_one_knowledge_base_with_the_store_that_was_chosen(store: str) -> None:
    document = infra(VectorStore=store)
    assert knowledge_base(document)["StorageConfiguration"]["Type"] == store
    source = data_source(document)["KnowledgeBaseId"]["Ref"]
    assert document["Resources"][source]["Type"] == "AWS::Bedrock::KnowledgeBase"
    assert document["Outputs"]["KnowledgeBaseId"]["Value"] == {"Ref": source}
    has_words = "true" if store == "OPENSEARCH_SERVERLESS" else "false"
    assert document["Outputs"]["HybridSearch"]["Value"] == has_words


def test_nothing_of_one_vector_store_is_paid_for_with_the_other() -> None:
    kinds = {
        store: {r["Type"].split("::")[1] for r in infra(VectorStore=store)["Resources"].values()}
        for store in VECTOR_STORES
    }
    assert kinds["S3_VECTORS"] - kinds["OPENSEARCH_SERVERLESS"] == {"S3Vectors"}
    assert kinds["OPENSEARCH_SERVERLESS"] - kinds["S3_VECTORS"] == {"OpenSearchServerless"}


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_vectors_are_stored_in_the_length_in_which_they_are_made(store: str) -> None:
    document = infra(VectorStore=store)
    made = list(values_of("Dimensions", of_type("AWS::Bedrock::KnowledgeBase", document)))
    assert made == [1024]
    assert list(values_of("Dimension", document["Resources"])) == made


def test_the_text_of_a_chunk_is_nothing_to_filter_by() -> None:
    (keys,) = values_of("NonFilterableMetadataKeys", infra()["Resources"])
    assert keys == ["AMAZON_BEDROCK_TEXT", "AMAZON_BEDROCK_METADATA"]


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_documents_are_cut_as_they_are_locally(store: str) -> None:
    source = data_source(infra(VectorStore=store))
    chunking = source["VectorIngestionConfiguration"]["ChunkingConfiguration"]
    assert chunking["ChunkingStrategy"] == "FIXED_SIZE"
    size = {"MaxTokens": local.CHUNK_TOKENS, "OverlapPercentage": local.CHUNK_OVERLAP_PERCENT}
    assert chunking["FixedSizeChunkingConfiguration"] == size
    assert source["Name"].endswith(f"-{size['MaxTokens']}-{size['OverlapPercentage']}")


@pytest.mark.parametrize("store", VECTOR_STORES)
def test_the_role_may_embed_with_the_model_of_the_knowledge_base(store: str) -> None:
    document = infra(VectorStore=store)
    (model,) = values_of("EmbeddingModelArn", document["Resources"])
    assert model["Fn::Sub"].endswith(":foundation-model/amazon.titan-embed-text-v2:0")
    role = document["Resources"]["KnowledgeBaseRole"]["Properties"]
    statements = [each for some in values_of("Statement", role["Policies"]) for each in some]
    assert [each["Resource"] for each in statements if each["Action"] == "bedrock:InvokeModel"] == [model]


def test_the_index_can_be_made_while_the_other_store_still_answers() -> None:
    prepared = infra(PrepareSearch="true")["Resources"].keys()
    before, after = (
        infra()["Resources"].keys(),
        infra(VectorStore="OPENSEARCH_SERVERLESS")["Resources"].keys(),
    )
    assert prepared >= before
    assert "SearchIndex" in prepared
    assert set(after - prepared) == {"SearchKnowledgeBase", "SearchDataSource"}


def test_opensearch_lets_in_the_knowledge_base_and_who_deploys() -> None:
    policy = infra(VectorStore="OPENSEARCH_SERVERLESS")["Resources"]["SearchAccess"]["Properties"]["Policy"]
    assert re.findall(r'"Principal": \["(.*?)"\]', policy["Fn::Sub"]) == [
        "${KnowledgeBaseRole.Arn}",
        "${DeployerArn}",
    ]
    rule = RULES["IndexHasACreator"]
    assert rule["RuleCondition"] == WRITTEN["Conditions"]["SearchMade"]
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DeployerArn"}, ""]}]}

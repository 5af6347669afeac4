"""What a step of a stack's life lacks: rights of a service's role, policies, names that are free."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.deploy.infra import as_list
from tests.deploy.stack_life import Resource, Stack, Step, Verb, life

IN_S3_VECTORS = ("GetIndex", "GetVectors", "PutVectors", "DeleteVectors", "QueryVectors")
IN_OPENSEARCH = ("DescribeIndex", "UpdateIndex", "ReadDocument", "WriteDocument")
IN_BUCKET = (("s3:ListBucket", ""), ("s3:GetObject", "/guide.md"))
OF_INDEX: dict[Verb, str] = {
    "create": "CreateIndex",
    "update": "UpdateIndex",
    "use": "DescribeIndex",
    "delete": "DeleteIndex",
}


@dataclass(frozen=True)
class Right:
    """What a principal has to be allowed."""

    principal: str
    action: str
    on: str

    def is_given_by(self, resource: Resource) -> bool:
        """Say whether a resource of the stack gives it."""
        properties = resource.properties
        if resource.kind == "AWS::IAM::Role" and _arn_of(resource) == self.principal:
            return any(self._is_in(each["PolicyDocument"]["Statement"]) for each in properties["Policies"])
        if resource.kind == "AWS::IAM::RolePolicy":
            role = properties["RoleName"].removesuffix("}") + ".Arn}"
            return role == self.principal and self._is_in(properties["PolicyDocument"]["Statement"])
        if resource.kind == "AWS::OpenSearchServerless::AccessPolicy":
            rules = [
                {"Effect": "Allow", "Action": each["Permission"], "Resource": each["Resource"]}
                for entry in json.loads(properties["Policy"])
                if self.principal in entry["Principal"]
                for each in entry["Rules"]
            ]
            return self._is_in(rules)
        return False

    def _is_in(self, statements: Sequence[dict[str, object]]) -> bool:
        return any(
            each["Effect"] == "Allow"
            and self.action in as_list(each["Action"])
            and any(fnmatchcase(self.on, pattern) for pattern in as_list(each["Resource"]))
            for each in statements
        )

    def __str__(self) -> str:
        return f"{self.principal} may not {self.action} on {self.on}"


@dataclass(frozen=True)
class Presence:
    """What has to be there although nothing refers to it: a resource of a kind that names something."""

    kind: str
    words: tuple[str, ...]

    def is_given_by(self, resource: Resource) -> bool:
        """Say whether a resource is it."""
        text = json.dumps(resource.properties)
        return resource.kind == self.kind and all(each in text for each in self.words)

    def __str__(self) -> str:
        return f"there is no {self.kind} of {', '.join(self.words)}"


Need = Right | Presence


def faults(before: Stack, after: Stack, deployer: str) -> list[str]:
    """Return what would fail on the way from one stack to another, for whoever deploys."""
    everything = {each.reference: each for each in (*before.values(), *after.values())}
    return [
        f"{step.verb} {step.resource.name}: {problem}"
        for step in life(before, after)
        for problem in _problems(step, everything, after, deployer)
    ]


def _problems(step: Step, everything: Stack, after: Stack, deployer: str) -> Iterator[str]:
    resource = step.resource
    if step.verb == "use":
        unmet = resource.needs - after.keys()
        yield from (f"refers to {each}, which is not there" for each in sorted(unmet))
    if step.verb == "create":
        same = (each for each in step.possible if each != resource and each.identity == resource.identity)
        yield from (f"its name is that of {each.reference}" for each in same if each.identity)
    for need in _needs_of(step.verb, resource, everything, deployer):
        if not any(all(need.is_given_by(each) for each in versions) for versions in step.sure):
            yield str(need)


def _needs_of(verb: Verb, resource: Resource, everything: Stack, deployer: str) -> Iterator[Need]:
    properties = resource.properties
    if resource.kind == "AWS::Bedrock::KnowledgeBase" and verb != "delete":
        embedding = properties["KnowledgeBaseConfiguration"]["VectorKnowledgeBaseConfiguration"]
        yield Right(properties["RoleArn"], "bedrock:InvokeModel", embedding["EmbeddingModelArn"])
        yield from _of_store(resource, everything)
    elif resource.kind == "AWS::Bedrock::DataSource":
        knowledge_base = everything[properties["KnowledgeBaseId"]]
        bucket = properties["DataSourceConfiguration"]["S3Configuration"]["BucketArn"]
        if verb != "delete":
            role = knowledge_base.properties["RoleArn"]
            yield from (Right(role, action, bucket + end) for action, end in IN_BUCKET)
        if verb != "delete" or properties["DataDeletionPolicy"] == "DELETE":
            yield from _of_store(knowledge_base, everything)
    elif resource.kind == "AWS::OpenSearchServerless::Index":
        collection = _owner(properties["CollectionEndpoint"], everything).properties["Name"]
        on = f"index/{collection}/{properties['IndexName']}"
        yield Right(deployer, f"aoss:{OF_INDEX[verb]}", on)
        yield _policy("network", collection)
    elif resource.kind == "AWS::OpenSearchServerless::Collection":
        yield _policy("encryption", properties["Name"])


def _of_store(knowledge_base: Resource, everything: Stack) -> Iterator[Need]:
    """Yield what Bedrock needs to write vectors, search them, and take them away."""
    role, store = knowledge_base.properties["RoleArn"], knowledge_base.properties["StorageConfiguration"]
    if store["Type"] == "S3_VECTORS":
        index = store["S3VectorsConfiguration"]["IndexArn"]
        yield from (Right(role, f"s3vectors:{action}", index) for action in IN_S3_VECTORS)
        return
    where = store["OpensearchServerlessConfiguration"]
    collection = _owner(where["CollectionArn"], everything)
    yield Right(role, "aoss:APIAccessAll", where["CollectionArn"])
    on = f"index/{collection.properties['Name']}/{where['VectorIndexName']}"
    yield from (Right(role, f"aoss:{action}", on) for action in IN_OPENSEARCH)
    yield Presence("AWS::OpenSearchServerless::Index", (collection.reference[:-1], where["VectorIndexName"]))


def _policy(kind: str, collection: str) -> Presence:
    return Presence("AWS::OpenSearchServerless::SecurityPolicy", (kind, f"collection/{collection}"))


def _arn_of(role: Resource) -> str:
    return role.reference.removesuffix("}") + ".Arn}"


def _owner(attribute: str, everything: Stack) -> Resource:
    """Return the resource whose attribute this is."""
    return everything[attribute.partition(".")[0] + "}"]

"""Picks the Availability Zones of a new stack: two in which all that it puts there exists."""

from deployment.work import Work
from tooling.errors import CommandError

WANTED = 2
PLAIN = "opt-in-not-required"
LAMBDA = "lambda"
"""Not an endpoint of the stack's; where Lambda has one, its functions can be."""


def choose_zones(work: Work) -> dict[str, str]:
    """Return the template's parameters for the zones. Raises CommandError, ClientError."""
    ec2 = work.account.client("ec2")
    zones_of = _zones_of_services(work)
    everywhere = set.intersection(*zones_of.values())
    # Local and wavelength zones have to be opted into; a plain one may be out of order.
    usable = ec2.describe_availability_zones(
        Filters=[{"Name": "state", "Values": ["available"]}, {"Name": "opt-in-status", "Values": [PLAIN]}]
    )["AvailabilityZones"]
    chosen = sorted(zone["ZoneName"] for zone in usable if zone["ZoneName"] in everywhere)[:WANTED]
    if len(chosen) < WANTED:
        lines = [f"  {service}: {', '.join(sorted(zones))}" for service, zones in sorted(zones_of.items())]
        heading = f"No two zones of {work.account.region} have all that the stack needs:"
        raise CommandError("\n".join([heading, *lines, "Choose another Region with --region."]))
    work.terminal.step("Zones", f"{' and '.join(chosen)} have each service")
    return dict(zip(("FirstZone", "SecondZone"), chosen, strict=True))


def _zones_of_services(work: Work) -> dict[str, set[str]]:
    """Return the zones of each service that the stack's functions reach. Raises CommandError."""
    prefix = f"com.amazonaws.{work.account.region}."
    names = [prefix + service for service in (*work.template().interface_services(), LAMBDA)]
    filters = [{"Name": "service-name", "Values": names}]
    details = work.account.client("ec2").describe_vpc_endpoint_services(Filters=filters)["ServiceDetails"]
    zones = {each["ServiceName"]: set(each["AvailabilityZones"]) for each in details}
    if missing := [name.removeprefix(prefix) for name in names if name not in zones]:
        raise CommandError(
            f"Region {work.account.region} has no VPC endpoint for {', '.join(missing)}. "
            "Choose another with --region."
        )
    return {name.removeprefix(prefix): zones[name] for name in names}

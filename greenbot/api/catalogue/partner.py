"""GREEN-API docs, section Partner: creating and deleting instances. Failures come as HTTP 200 with a code."""

from greenbot.api.catalogue.account import SETTINGS
from greenbot.api.endpoint import MIB, Endpoint, may, need

PARTNER = (
    Endpoint(
        name="getInstances",
        summary="Read all instances of the partner, with their tokens",
        group="partner",
        verb="GET",
        host="partner",
        rate_per_second=50.0,
        repeat_safe=True,
        body="none",
        answer="list",
        reply_limit_bytes=16 * MIB,
    ),
    Endpoint(
        name="createInstance",
        summary="Create an instance; it is billed",
        group="partner",
        host="partner",
        params=(may("name", "its name in the console"), *SETTINGS),
        rate_per_second=50.0,
    ),
    Endpoint(
        name="deleteInstanceAccount",
        summary="Delete an instance; log its phone out first",
        group="partner",
        host="partner",
        params=(need("idInstance", "the instance", kind="integer"),),
        rate_per_second=50.0,
        answer="flag",
        flag="deleteInstanceAccount",
    ),
)

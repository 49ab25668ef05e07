"""API Gateway: REST APIs with one route, their stages, API keys and usage plans.

AWS makes the ids and allows the same name twice, so creates are sent once, and found again by name and tag.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, patiently
from copilot.outside.aws import ClientError, code_of

LOGGED = {
    "at": "$context.requestTime", "request": "$context.requestId", "method": "$context.httpMethod", "path": "$context.resourcePath",
    "status": "$context.status", "milliseconds": "$context.responseLatency", "bytes": "$context.responseLength",
}  # fmt: skip
"""A line of the access log: nothing of a question or its answer, and not who asked."""


class Gateway(Provider):
    """What the types of API Gateway have in common."""

    listing = ""
    """The paginator that lists resources of the type."""
    path = ""
    """Where the type stands in ARNs."""

    @property
    def _gateway(self) -> Any:
        return self.session.client("apigateway")

    @property
    def _once(self) -> Any:
        return self.session.client("apigateway", once=True)

    def _all(self, **wanted: str) -> Iterable[Mapping[str, Any]]:
        for page in self._gateway.get_paginator(self.listing).paginate(**wanted):
            yield from page["items"]

    def find(self, properties: Properties) -> str | None:
        stack = properties["tags"][STACK]
        mine = (i["id"] for i in self._all() if i["name"] == properties["name"] and i.get("tags", {}).get(STACK) == stack)
        return next(mine, None)

    def owned(self, stack: str) -> Iterable[str]:
        return (item["id"] for item in self._all() if item.get("tags", {}).get(STACK) == stack)

    def _tag(self, physical: str, before: Properties, after: Properties) -> None:
        if before["tags"] != after["tags"]:
            arn = f"arn:aws:apigateway:{self.session.region}::/{self.path}/{physical}"
            self._gateway.tag_resource(resourceArn=arn, tags=dict(after["tags"]))


class RestApi(Gateway):
    """name, path (one part, no slash), verb, function (ARN that answers), key_required, tags."""

    listing, path = "get_rest_apis", "restapis"

    def read(self, physical: str) -> dict[str, Any] | None:
        api = absent(lambda: self._gateway.get_rest_api(restApiId=physical))
        if api is None:
            return None
        resources = self._gateway.get_resources(restApiId=physical, embed=["methods"])["items"]
        route: Mapping[str, Any] = next((r for r in resources if r.get("pathPart")), {})
        verb = next(iter(route.get("resourceMethods", {})), "")
        method = absent(lambda: self._gateway.get_method(restApiId=physical, resourceId=route["id"], httpMethod=verb), {}) if verb else {}
        target = method.get("methodIntegration", {}).get("uri", "").partition("/functions/")[2].removesuffix("/invocations")
        return {
            "name": api["name"],
            "path": route.get("pathPart"),
            "verb": verb,
            "function": target,
            "key_required": method.get("apiKeyRequired"),
            "tags": api.get("tags", {}),
        }

    def create(self, properties: Properties) -> str:
        api = self.find(properties)
        if api is None:
            kind = {"types": ["REGIONAL"]}
            make = partial(self._once.create_rest_api, name=properties["name"], endpointConfiguration=kind, tags=dict(properties["tags"]))
            api = str(patiently(make, _throttled)["id"])
        self._route(api, properties)
        return api

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if before["path"] and before["path"] != after["path"]:
            for resource in self._gateway.get_resources(restApiId=physical)["items"]:
                if resource.get("pathPart") == before["path"]:
                    self._gateway.delete_resource(restApiId=physical, resourceId=resource["id"])
        self._route(physical, after)
        self._tag(physical, before, after)

    def delete(self, physical: str) -> None:
        absent(lambda: patiently(partial(self._gateway.delete_rest_api, restApiId=physical), _throttled))

    def _route(self, api: str, properties: Properties) -> None:
        """Make the one route, or what is missing of it."""
        gateway = self._gateway
        resources = {r["path"]: r["id"] for r in gateway.get_resources(restApiId=api)["items"]}
        place = resources.get(f"/{properties['path']}")
        if place is None:
            place = self._once.create_resource(restApiId=api, parentId=resources["/"], pathPart=properties["path"])["id"]
        where = {"restApiId": api, "resourceId": place, "httpMethod": properties["verb"]}
        method = existing(lambda: gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=properties["key_required"]))
        if method is None:
            required = str(properties["key_required"]).lower()
            gateway.update_method(**where, patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": required}])
        uri = f"arn:aws:apigateway:{self.session.region}:lambda:path/2015-03-31/functions/{properties['function']}/invocations"
        gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)


class Stage(Gateway):
    """api (id), name, content (what of the API is deployed; a change of it deploys anew), log (ARN of a log group).

    The access log is written only where the account lets API Gateway write logs, which is a setting of the whole
    account and nothing that a deployment may change: elsewhere `log` is neither written nor read.
    """

    identity = frozenset({"api", "name"})

    def find(self, properties: Properties) -> str | None:
        return f"{properties['api']}/{properties['name']}"

    def read(self, physical: str) -> dict[str, Any] | None:
        api, _, name = physical.partition("/")
        stage = absent(lambda: self._gateway.get_stage(restApiId=api, stageName=name))
        if stage is None:
            return None
        deployment = self._gateway.get_deployment(restApiId=api, deploymentId=stage["deploymentId"])
        seen = {"api": api, "name": name, "content": deployment.get("description")}
        return {**seen, "log": (stage.get("accessLogSettings") or {}).get("destinationArn")} if self._may_log else seen

    def create(self, properties: Properties) -> str:
        api, name, content = (properties[part] for part in ("api", "name", "content"))
        known = self.read(f"{api}/{name}")
        if known is None or known["content"] != content:  # else an earlier try made it, whose answer was lost
            make = partial(self._once.create_deployment, restApiId=api, stageName=name, description=content)
            patiently(make, _throttled)
        self._log(properties)
        return f"{api}/{name}"

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if before["content"] != after["content"]:
            self.create(after)
        elif before.get("log") != after["log"]:
            self._log(after)

    def delete(self, physical: str) -> None:
        api, _, name = physical.partition("/")
        stage = absent(lambda: self._gateway.get_stage(restApiId=api, stageName=name))
        if stage:
            absent(lambda: self._gateway.delete_stage(restApiId=api, stageName=name))
            absent(lambda: self._gateway.delete_deployment(restApiId=api, deploymentId=stage["deploymentId"]))

    def owned(self, stack: str) -> Iterable[str]:
        return ()

    @cached_property
    def _may_log(self) -> bool:
        return bool(self._gateway.get_account().get("cloudwatchRoleArn"))

    def _log(self, properties: Properties) -> None:
        if not self._may_log:
            return
        settings = {"destinationArn": properties["log"], "format": json.dumps(LOGGED)}
        changes = [{"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()]
        self._gateway.update_stage(restApiId=properties["api"], stageName=properties["name"], patchOperations=changes)


class ApiKey(Gateway):
    """name, enabled, tags. The key itself is never read here."""

    listing, path = "get_api_keys", "apikeys"

    def read(self, physical: str) -> dict[str, Any] | None:
        key = absent(lambda: self._gateway.get_api_key(apiKey=physical, includeValue=False))
        return key and {"name": key["name"], "enabled": key["enabled"], "tags": key.get("tags", {})}

    def create(self, properties: Properties) -> str:
        known = self.find(properties)
        made = (
            known or self._once.create_api_key(name=properties["name"], enabled=properties["enabled"], tags=dict(properties["tags"]))["id"]
        )
        return str(made)

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        change = {"op": "replace", "path": "/enabled", "value": str(after["enabled"]).lower()}
        self._gateway.update_api_key(apiKey=physical, patchOperations=[change])
        self._tag(physical, before, after)

    def delete(self, physical: str) -> None:
        absent(lambda: self._gateway.delete_api_key(apiKey=physical))


class UsagePlan(Gateway):
    """name, stages (`api:stage`), keys (ids), rate (requests/s), burst (requests), quota (requests/month), tags."""

    listing, path = "get_usage_plans", "usageplans"

    def read(self, physical: str) -> dict[str, Any] | None:
        plan = absent(lambda: self._gateway.get_usage_plan(usagePlanId=physical))
        if plan is None:
            return None
        keys = absent(lambda: self._gateway.get_usage_plan_keys(usagePlanId=physical)["items"], [])
        return {
            "name": plan["name"],
            "stages": sorted(f"{s['apiId']}:{s['stage']}" for s in plan.get("apiStages", [])),
            "keys": sorted(key["id"] for key in keys),
            "rate": int(plan.get("throttle", {}).get("rateLimit", 0)),
            "burst": int(plan.get("throttle", {}).get("burstLimit", 0)),
            "quota": int(plan.get("quota", {}).get("limit", 0)),
            "tags": plan.get("tags", {}),
        }

    def create(self, properties: Properties) -> str:
        plan = self.find(properties)
        if plan is None:
            make = partial(
                self._once.create_usage_plan,
                name=properties["name"],
                apiStages=[{"apiId": api, "stage": stage} for api, _, stage in (s.partition(":") for s in properties["stages"])],
                throttle={"rateLimit": properties["rate"], "burstLimit": properties["burst"]},
                quota={"limit": properties["quota"], "period": "MONTH"},
                tags=dict(properties["tags"]),
            )
            plan = str(patiently(make, _throttled)["id"])
        self.update(plan, self.read(plan) or {}, properties)
        return plan

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        values = {"rate": "/throttle/rateLimit", "burst": "/throttle/burstLimit", "quota": "/quota/limit"}
        changes = [
            {"op": "replace", "path": path, "value": str(after[name])} for name, path in values.items() if before.get(name) != after[name]
        ]
        for op, stages in (("remove", set(before["stages"]) - set(after["stages"])), ("add", set(after["stages"]) - set(before["stages"]))):
            changes += [{"op": op, "path": "/apiStages", "value": stage} for stage in sorted(stages)]
        if changes:
            patiently(partial(self._gateway.update_usage_plan, usagePlanId=physical, patchOperations=changes), _throttled)
        for key in sorted(set(before["keys"]) - set(after["keys"])):
            absent(partial(self._gateway.delete_usage_plan_key, usagePlanId=physical, keyId=key))
        for key in sorted(set(after["keys"]) - set(before["keys"])):
            existing(partial(self._gateway.create_usage_plan_key, usagePlanId=physical, keyId=key, keyType="API_KEY"))
        self._tag(physical, before, after)

    def delete(self, physical: str) -> None:
        live = self.read(physical)
        if live is None:
            return
        removals = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in live["stages"]]
        if removals:
            remove = partial(self._gateway.update_usage_plan, usagePlanId=physical, patchOperations=removals)
            absent(lambda: patiently(remove, _throttled))
        absent(lambda: patiently(partial(self._gateway.delete_usage_plan, usagePlanId=physical), _throttled))


def _throttled(error: ClientError) -> bool:
    """Tell whether a call comes too soon: the account may delete one API in 30 s and change one usage plan in 20 s."""
    return code_of(error) == "TooManyRequestsException"

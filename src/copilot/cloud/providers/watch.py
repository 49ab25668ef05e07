"""What watches a deployment: log groups, alarms and dashboards of CloudWatch, and budgets."""

import json
from collections.abc import Iterable
from typing import Any

from copilot.cloud.providers.provider import STACK, Properties, Provider, absent, existing, pairs, unpaired


class LogGroup(Provider):
    """name, days (how long lines are kept), tags."""

    @property
    def _logs(self) -> Any:
        return self.session.client("logs")

    def _group(self, name: str) -> Any:
        found = self._logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return next((group for group in found if group["logGroupName"] == name), None)

    def read(self, physical: str) -> dict[str, Any] | None:
        group = self._group(physical)
        if group is None:
            return None
        tags = self._logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
        return {"name": physical, "days": group.get("retentionInDays"), "tags": tags}

    def create(self, properties: Properties) -> str:
        existing(lambda: self._logs.create_log_group(logGroupName=properties["name"], tags=dict(properties["tags"])))
        self._logs.put_retention_policy(logGroupName=properties["name"], retentionInDays=properties["days"])
        return str(properties["name"])

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        if before["days"] != after["days"] and after["days"]:
            self._logs.put_retention_policy(logGroupName=physical, retentionInDays=after["days"])
        elif before["days"] != after["days"]:
            self._logs.delete_retention_policy(logGroupName=physical)
        if before["tags"] != after["tags"]:
            arn = self._group(physical)["arn"].removesuffix(":*")
            self._logs.tag_resource(resourceArn=arn, tags=dict(after["tags"]))

    def delete(self, physical: str) -> None:
        absent(lambda: self._logs.delete_log_group(logGroupName=physical))

    def owned(self, stack: str) -> Iterable[str]:
        for place in ("/aws/lambda/copilot-", "/aws/apigateway/copilot-"):
            for page in self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=place):
                for group in page["logGroups"]:
                    live = self.read(group["logGroupName"])
                    if live and live["tags"].get(STACK) == stack:
                        yield group["logGroupName"]


class Alarm(Provider):
    """name, namespace, metric, dimensions, statistic (`Sum`, `p95`, …), threshold (more than this), period (s), tags."""

    @property
    def _cloudwatch(self) -> Any:
        return self.session.client("cloudwatch")

    def read(self, physical: str) -> dict[str, Any] | None:
        found = self._cloudwatch.describe_alarms(AlarmNames=[physical])["MetricAlarms"]
        if not found:
            return None
        alarm = found[0]
        return {
            "name": physical,
            "namespace": alarm["Namespace"],
            "metric": alarm["MetricName"],
            "dimensions": {d["Name"]: d["Value"] for d in alarm["Dimensions"]},
            "statistic": alarm.get("ExtendedStatistic") or alarm["Statistic"],
            "threshold": alarm["Threshold"],
            "period": alarm["Period"],
            "tags": unpaired(self._cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
        }

    def create(self, properties: Properties) -> str:
        kind = "Statistic" if properties["statistic"].isalpha() else "ExtendedStatistic"
        self._cloudwatch.put_metric_alarm(
            AlarmName=properties["name"],
            Namespace=properties["namespace"],
            MetricName=properties["metric"],
            Dimensions=[{"Name": name, "Value": value} for name, value in properties["dimensions"].items()],
            **{kind: properties["statistic"]},
            Period=properties["period"],
            EvaluationPeriods=1,
            Threshold=properties["threshold"],
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            Tags=pairs(properties["tags"]),
        )
        return str(properties["name"])

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self.create(after)  # overwrites everything but the tags
        if before["tags"] != after["tags"]:
            arn = self._cloudwatch.describe_alarms(AlarmNames=[physical])["MetricAlarms"][0]["AlarmArn"]
            self._cloudwatch.tag_resource(ResourceARN=arn, Tags=pairs(after["tags"]))

    def delete(self, physical: str) -> None:
        absent(lambda: self._cloudwatch.delete_alarms(AlarmNames=[physical]))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix="copilot-"):
            for alarm in page["MetricAlarms"]:
                live = self.read(alarm["AlarmName"])
                if live and live["tags"].get(STACK) == stack:
                    yield alarm["AlarmName"]


class Dashboard(Provider):
    """name, body (as CloudWatch takes it), tags.

    Tags of a dashboard cannot be read everywhere; the stack is written in one of its texts too, and known by that.
    """

    @property
    def _cloudwatch(self) -> Any:
        return self.session.client("cloudwatch")

    def read(self, physical: str) -> dict[str, Any] | None:
        found = absent(lambda: self._cloudwatch.get_dashboard(DashboardName=physical))
        return found and {"name": physical, "body": json.loads(found["DashboardBody"])}

    def create(self, properties: Properties) -> str:
        body, tags = json.dumps(properties["body"]), pairs(properties["tags"])
        self._cloudwatch.put_dashboard(DashboardName=properties["name"], DashboardBody=body, Tags=tags)
        return str(properties["name"])

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        self._cloudwatch.put_dashboard(DashboardName=physical, DashboardBody=json.dumps(after["body"]))  # one that exists takes no tags

    def delete(self, physical: str) -> None:
        absent(lambda: self._cloudwatch.delete_dashboards(DashboardNames=[physical]))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix="copilot-"):
            for entry in page["DashboardEntries"]:
                live = self.read(entry["DashboardName"])
                texts = [w["properties"].get("markdown", "") for w in live["body"].get("widgets", [])] if live else []
                if any(mark(stack) in text for text in texts):
                    yield entry["DashboardName"]


def mark(stack: str) -> str:
    """Return the words by which a dashboard is known to belong to a stack."""
    return f"`{STACK}` {stack}."


class Budget(Provider):
    """name, usd (a month), stack (whose costs count), tags. Changing one is making it anew: what was spent is not lost by it."""

    identity = frozenset({"name", "usd", "stack"})

    @property
    def _budgets(self) -> Any:
        return self.session.client("budgets")

    @property
    def _account(self) -> dict[str, str]:
        return {"AccountId": self.session.account}

    def read(self, physical: str) -> dict[str, Any] | None:
        found = absent(lambda: self._budgets.describe_budget(**self._account, BudgetName=physical)["Budget"])
        return found and {"name": physical, "usd": float(found["BudgetLimit"]["Amount"]), "stack": _counted(found)}

    def create(self, properties: Properties) -> str:
        budget = {
            "BudgetName": properties["name"],
            "BudgetLimit": {"Amount": str(properties["usd"]), "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
            "CostFilters": {"TagKeyValue": [f"user:{STACK}${properties['stack']}"]},
        }
        existing(lambda: self._budgets.create_budget(**self._account, Budget=budget, ResourceTags=pairs(properties["tags"])))
        return str(properties["name"])

    def update(self, physical: str, before: Properties, after: Properties) -> None:
        """Do nothing: all that can be read of a budget is its identity."""

    def delete(self, physical: str) -> None:
        absent(lambda: self._budgets.delete_budget(**self._account, BudgetName=physical))

    def owned(self, stack: str) -> Iterable[str]:
        for page in self._budgets.get_paginator("describe_budgets").paginate(**self._account):
            mine = (b for b in page.get("Budgets", []) if b["BudgetName"].startswith("copilot-") and _counted(b) == stack)
            yield from (budget["BudgetName"] for budget in mine)


def _counted(budget: Any) -> str:
    """Return the stack whose costs a budget counts; empty when it counts something else."""
    filters = budget.get("CostFilters", {}).get("TagKeyValue", [""])
    return str(filters[0]).partition(f"user:{STACK}$")[2]

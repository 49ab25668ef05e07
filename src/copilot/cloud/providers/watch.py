"""CloudWatch: log groups and alarms."""

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
        for page in self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/copilot-"):
            for group in page["logGroups"]:
                live = self.read(group["logGroupName"])
                if live and live["tags"].get(STACK) == stack:
                    yield group["logGroupName"]


class Alarm(Provider):
    """name, namespace, metric, dimensions, threshold (more than this many), period (s), tags."""

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
            "threshold": alarm["Threshold"],
            "period": alarm["Period"],
            "tags": unpaired(self._cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
        }

    def create(self, properties: Properties) -> str:
        self._cloudwatch.put_metric_alarm(
            AlarmName=properties["name"],
            Namespace=properties["namespace"],
            MetricName=properties["metric"],
            Dimensions=[{"Name": name, "Value": value} for name, value in properties["dimensions"].items()],
            Statistic="Sum",
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

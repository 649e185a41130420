"""Prints as JSON what moto has made of a stack, with temporary credentials of its functions' roles.

python3 read-stack.py <endpoint> <stack name>: one process, as each `aws` takes a second. The stack's event sources are
turned off first: without Docker moto cannot invoke, and answers SendMessageBatch with 500.
"""

import ast
import json
import sys

import boto3

endpoint, stack = sys.argv[1:]


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="anybody",
    )


def without_metadata(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


cloudformation, iam, logs, sts = (client(name) for name in ["cloudformation", "iam", "logs", "sts"])
awslambda, scheduler, sqs, events = (client(name) for name in ["lambda", "scheduler", "sqs", "events"])
cloudwatch, codedeploy, api = (client(name) for name in ["cloudwatch", "codedeploy", "apigatewayv2"])

resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]


def ids(resource_type):
    return [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == resource_type
    ]


mappings = awslambda.list_event_source_mappings()["EventSourceMappings"]
for mapping in mappings:
    awslambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def read_role(name):
    statements = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        # moto keeps that of a stack as Python prints it, not as JSON, which boto3 would decode.
        statements += ast.literal_eval(document)["Statement"]
    return statements


def read_function(name):
    key = name.removeprefix(f"{stack}-")
    found = without_metadata(awslambda.get_function_configuration(FunctionName=name))
    session = sts.assume_role(RoleArn=found["Role"], RoleSessionName=name)
    return {
        **found,
        "Alias": awslambda.get_alias(FunctionName=name, Name="live")["FunctionVersion"],
        "Credentials": session["Credentials"],
        "Key": key,
        "Statements": read_role(found["Role"].split("/")[-1]),
    }


def read_queue(url):
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {"QueueUrl": url, **found}


def invoke_configs():
    for function in ids("AWS::Lambda::Function"):
        listed = awslambda.list_function_event_invoke_configs(FunctionName=function)
        for found in listed["FunctionEventInvokeConfigs"]:
            yield {**found, "Key": function.removeprefix(f"{stack}-")}


def deployment_groups():
    for application in ids("AWS::CodeDeploy::Application"):
        for group in codedeploy.list_deployment_groups(applicationName=application)["deploymentGroups"]:
            yield codedeploy.get_deployment_group(
                applicationName=application, deploymentGroupName=group
            )["deploymentGroupInfo"]


[api_id] = ids("AWS::ApiGatewayV2::Api")
[dashboard] = ids("AWS::CloudWatch::Dashboard")
alarms = ids("AWS::CloudWatch::Alarm")
rules = events.list_rules(NamePrefix=stack)["Rules"]

print(
    json.dumps(
        {
            "name": stack,
            "status": cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"],
            "physicalIds": {
                resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
                for resource in resources
            },
            "functions": [read_function(name) for name in ids("AWS::Lambda::Function")],
            "eventSources": [
                mapping for mapping in mappings if f":{stack}-" in mapping["FunctionArn"]
            ],
            "queues": [read_queue(url) for url in ids("AWS::SQS::Queue")],
            "schedules": [
                without_metadata(scheduler.get_schedule(Name=name))
                for name in ids("AWS::Scheduler::Schedule")
            ],
            "invokeConfigs": list(invoke_configs()),
            "alarms": cloudwatch.describe_alarms(AlarmNames=alarms, MaxRecords=100)["MetricAlarms"],
            "dashboard": cloudwatch.get_dashboard(DashboardName=dashboard)["DashboardBody"],
            "deploymentGroups": list(deployment_groups()),
            "routes": api.get_routes(ApiId=api_id)["Items"],
            "rules": [
                {**rule, "Targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"]}
                for rule in rules
            ],
            "logGroups": logs.describe_log_groups(logGroupNamePrefix="/aws/")["logGroups"],
        },
        default=str,
    )
)

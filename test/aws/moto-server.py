"""moto's server, with the CloudFormation types of this service's template that moto lacks.

python3 moto-server.py <port>: listens on loopback until it is ended. Each missing type is created through boto3
against the same server, so that boto3 checks names and types of its properties.
"""

import json
import sys

import boto3
from botocore.validate import validate_parameters
from moto.cloudformation import models
from moto.cloudformation.parsing import ResourceMap
from moto.core.common_models import CloudFormationModel
from moto.server import main

port = sys.argv[1]
types = []  # Python forgets a class that nothing names, and moto finds only those that exist
warm_up = "WarmUpConfiguration"  # of an alarm: newer than this cfn-lint and this boto3
all_findings = models.validate_template_cfn_lint


def errors(template):
    """moto refuses a template for every finding of cfn-lint, its warnings too; CloudFormation does not."""
    findings = [finding for finding in all_findings(template) if finding.rule.id.startswith("E")]
    return [finding for finding in findings if warm_up not in finding.message]


models.validate_template_cfn_lint = errors
find_changes = ResourceMap.build_resource_diff


def dependencies_first(self, template, parameters=None):
    """An update of moto's adds resources in the order of the template, whatever DependsOn says."""
    changes = find_changes(self, template, parameters)
    ordered = []

    def add(name):
        if name in ordered or name not in changes["Add"]:
            return
        depends_on = template["Resources"][name].get("DependsOn", [])
        for dependency in [depends_on] if isinstance(depends_on, str) else depends_on:
            add(dependency)
        ordered.append(name)

    for name in changes["Add"]:
        add(name)
    return {**changes, "Add": ordered}


ResourceMap.build_resource_diff = dependencies_first


def client(service, region):
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=region,
        aws_access_key_id="cloudformation",
        aws_secret_access_key="cloudformation",
    )


def lower(value):
    """The services whose parameters begin with a small letter: the same names otherwise."""
    if isinstance(value, list):
        return [lower(item) for item in value]
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: lower(item) for key, item in value.items()}
    return value


def add_type(cfn_type, name_property, create, update=None):
    """create(region, resource name, properties) returns the physical id and the attributes for Fn::GetAtt."""

    class Created(CloudFormationModel):
        __module__ = "moto.cloudformation"  # moto takes the service from it

        def __init__(self, physical_id, attributes):
            self.physical_resource_id = physical_id
            self.attributes = attributes

        def get_cfn_attribute(self, name):
            return self.attributes[name]

        @staticmethod
        def cloudformation_name_type():
            return name_property

        @staticmethod
        def cloudformation_type():
            return cfn_type

        @classmethod
        def has_cfn_attr(cls, attr):
            return True

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
        ):
            try:
                return cls(*create(region_name, resource_name, cloudformation_json["Properties"]))
            except Exception as error:
                print(f"{cfn_type} {kwargs['LogicalId']}: {error}", file=sys.stderr)
                raise

        @classmethod
        def update_from_cloudformation_json(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        ):
            if update:
                name = original_resource.physical_resource_id
                update(region_name, name, cloudformation_json["Properties"])
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(
            cls, resource_name, cloudformation_json, account_id, region_name
        ):
            pass

        def is_created(self):
            return True

    types.append(Created)


def version(region, _name, properties):
    published = client("lambda", region).publish_version(FunctionName=properties["FunctionName"])
    return published["FunctionArn"], {"Version": published["Version"]}


def alias(region, _name, properties):
    created = client("lambda", region).create_alias(**properties)
    return created["AliasArn"], {}


def move_alias(region, _name, properties):
    client("lambda", region).update_alias(**properties)


def event_invoke_config(region, name, properties):
    client("lambda", region).put_function_event_invoke_config(**properties)
    return name, {}


def schedule(region, name, properties):
    created = client("scheduler", region).create_schedule(**{**properties, "Name": name})
    return name, {"Arn": created["ScheduleArn"]}


def update_schedule(region, name, properties):
    client("scheduler", region).update_schedule(**{**properties, "Name": name})


def alarm(region, name, properties):
    cloudwatch = client("cloudwatch", region)
    known = {key: value for key, value in properties.items() if key != warm_up}
    cloudwatch.put_metric_alarm(**{**known, "AlarmName": name})
    [found] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return name, {"Arn": found["AlarmArn"]}


def bucket_policy(_region, _name, properties):
    # Not created: moto enforces its Deny without its Condition, and nobody could read the bucket.
    return properties["Bucket"], {}


def queue_policy(region, name, properties):
    for url in properties["Queues"]:
        policy = json.dumps(properties["PolicyDocument"])
        client("sqs", region).set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return name, {}


def query_definition(region, name, properties):
    # moto has no saved queries: only their names and types are checked.
    operation = client("logs", region).meta.service_model.operation_model("PutQueryDefinition")
    validate_parameters(lower(properties), operation.input_shape)
    return name, {}


def application(region, name, properties):
    client("codedeploy", region).create_application(applicationName=name, **lower(properties))
    return name, {}


def deployment_group(region, name, properties):
    client("codedeploy", region).create_deployment_group(
        deploymentGroupName=name, **lower(properties)
    )
    return name, {}


def api(region, _name, properties):
    created = client("apigatewayv2", region).create_api(**properties)
    return created["ApiId"], {"ApiEndpoint": created["ApiEndpoint"]}


def integration(region, _name, properties):
    created = client("apigatewayv2", region).create_integration(**properties)
    return created["IntegrationId"], {}


def authorizer(region, _name, properties):
    created = client("apigatewayv2", region).create_authorizer(**properties)
    return created["AuthorizerId"], {}


def route(region, _name, properties):
    created = client("apigatewayv2", region).create_route(**properties)
    return created["RouteId"], {}


def stage(region, _name, properties):
    created = client("apigatewayv2", region).create_stage(**properties)
    return created["StageName"], {}


add_type("AWS::Lambda::Version", "", version)  # moto has it, without Fn::GetAtt
add_type("AWS::Lambda::Alias", "", alias, move_alias)
add_type("AWS::Lambda::EventInvokeConfig", "", event_invoke_config)
add_type("AWS::Scheduler::Schedule", "Name", schedule, update_schedule)
add_type("AWS::CloudWatch::Alarm", "AlarmName", alarm, alarm)
add_type("AWS::S3::BucketPolicy", "", bucket_policy)
add_type("AWS::SQS::QueuePolicy", "", queue_policy)
add_type("AWS::Logs::QueryDefinition", "", query_definition)
add_type("AWS::CodeDeploy::Application", "ApplicationName", application)
add_type("AWS::CodeDeploy::DeploymentGroup", "DeploymentGroupName", deployment_group)
add_type("AWS::ApiGatewayV2::Api", "", api)
add_type("AWS::ApiGatewayV2::Integration", "", integration)
add_type("AWS::ApiGatewayV2::Authorizer", "", authorizer)
add_type("AWS::ApiGatewayV2::Route", "", route)
add_type("AWS::ApiGatewayV2::Stage", "", stage)

main(["-H", "127.0.0.1", "-p", port])

//! Alarms, dashboards and metric filters of templates.

use serde_json::json;
use stack::{Environment, Overrides, Template};

fn resolve(text: &str) -> Result<stack::Stack, String> {
    let template = Template::parse(text, "t.yaml").map_err(|errors| errors.to_string())?;
    template.resolve(&Environment::local("shop"), &Overrides::new(), &[]).map_err(|errors| errors.to_string())
}

const TEMPLATE: &str = r#"
Resources:
  Lines: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: lines}}
  Hot:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: hot
      Namespace: N
      MetricName: M
      Dimensions: [{Name: A, Value: b}]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 3
      DatapointsToAlarm: 2
      Threshold: 1.5
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: ignore
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties: {DashboardBody: '{"widgets": []}'}
  Errors:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Lines
      FilterPattern: ERROR
      MetricTransformations: [{MetricName: E, MetricNamespace: N, MetricValue: "1", DefaultValue: 0}]
Outputs:
  Arn: {Value: !GetAtt Hot.Arn}
"#;

#[test]
fn what_is_watched_is_read() {
    let stack = resolve(TEMPLATE).unwrap();
    assert_eq!(
        stack.alarms[0].spec.request,
        json!({"AlarmName": "hot", "Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "A", "Value": "b"}],
               "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1.5,
               "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore"})
    );
    assert_eq!(stack.outputs[0].value, "arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot");
    assert_eq!(stack.dashboards[0].spec.body, r#"{"widgets": []}"#);
    let filter = &stack.metric_filters[0].spec;
    assert_eq!(
        (filter.group.as_str(), filter.pattern.as_str(), &filter.otherwise),
        ("lines", "ERROR", &Some(json!(0.0)))
    );
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let cases = [
        ("Statistic: Sum", "Statistic: Median", "Statistic"),
        ("EvaluationPeriods: 3", "EvaluationPeriods: 0", "EvaluationPeriods"),
        ("Threshold: 1.5", "Threshold: much", "Threshold"),
        ("Threshold: 1.5", "ThresholdMetricId: x", "`Threshold` is required"),
        ("TreatMissingData: ignore", "TreatMissingData: forget", "TreatMissingData"),
        (r#"'{"widgets": []}'"#, "'{'", "DashboardBody"),
        ("LogGroupName: !Ref Lines", "LogGroupName: others", "LogGroupName"),
        ("DefaultValue: 0", "DefaultValue: none", "DefaultValue"),
        ("MetricNamespace: N", "MetricNamespace: AWS/SQS", "MetricNamespace"),
        ("MetricNamespace: N", "MetricNamespace: \":N\"", "MetricNamespace"),
        ("AlarmName: hot", "AlarmNam: hot", "AlarmNam"),
    ];
    for (right, wrong, expected) in cases {
        let said = resolve(&TEMPLATE.replace(right, wrong)).unwrap_err();
        assert!(said.contains(expected), "{wrong}: {said}");
    }
}

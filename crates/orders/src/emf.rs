//! Decides how metrics stand in a log: CloudWatch's embedded metric format, one line of JSON for all of a batch.
//!
//! Whoever keeps the log finds them there; a function that counts needs no client and no permission for it.

use serde_json::{Value as Json, json};
use types::{Timestamp, object};

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Nothing that CloudWatch has a name for, such as money.
    None,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::None => "None",
        }
    }
}

/// One line: these metrics, by these dimensions.
pub fn line(
    namespace: &str,
    at: Timestamp,
    dimensions: &[(&'static str, &str)],
    metrics: &[(&'static str, Unit, Json)],
) -> String {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let declared: Vec<Json> =
        metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit.name()})).collect();
    let about = json!({
        "Timestamp": at.millis(),
        "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [names], "Metrics": declared}],
    });
    let mut line = object([("_aws", about)]);
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    line.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
    Json::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_declares_what_it_holds() {
        let metrics = [("Orders", Unit::Count, 3.into()), ("Amount", Unit::None, 12.5.into())];
        let line = line("Shop", Timestamp::from_millis(7), &[("FunctionName", "F")], &metrics);
        assert!(!line.contains('\n'));
        let expected = json!({
            "_aws": {"Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "Shop",
                "Dimensions": [["FunctionName"]],
                "Metrics": [{"Name": "Orders", "Unit": "Count"}, {"Name": "Amount", "Unit": "None"}],
            }]},
            "FunctionName": "F", "Orders": 3, "Amount": 12.5,
        });
        assert_eq!(serde_json::from_str::<Json>(&line).unwrap(), expected);
    }
}

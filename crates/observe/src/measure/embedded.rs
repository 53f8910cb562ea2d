//! Decides which measurements a line holds that is written in the embedded metric format.
//!
//! A line is one JSON object that says in `_aws` which of its own members are metrics, and which tell them apart. A
//! line that says so wrongly, or says more than may be said at once, gives no measurements, and is a line like any other.
//!
//! Invariant: a line of any length gives at most [`DATA_MAX`] measurements, and none in a namespace of AWS's services.

use super::{
    DIMENSION_NAME_LENGTH_MAX, DIMENSION_VALUE_LENGTH_MAX, DIMENSIONS_MAX, Datum, Metric, NAME_LENGTH_MAX, Series,
    Statistics, Unit, is_for_clients,
};
use serde_json::{Map, Value as Json};
use types::Timestamp;

/// The most metrics of one directive, and the most values of one of them.
const AT_ONCE_MAX: usize = 100;
/// The most directives of a line, and the most sets of dimensions of one of them.
const DIRECTIVES_MAX: usize = 100;
const SETS_MAX: usize = 30;
/// The most measurements of a line: each metric of a full directive by each of its sets.
const DATA_MAX: usize = AT_ONCE_MAX * SETS_MAX;
/// The most bytes that the dimensions of a line's measurements may take together: each has a copy of its own.
const DIMENSION_BYTES_MAX: usize = 4 << 20;

/// Whether it is worth while to look closer at a line.
pub fn may_hold(line: &str) -> bool {
    line.starts_with('{') && line.contains("\"CloudWatchMetrics\"")
}

/// The measurements of a line; none if it is not of this format, or breaks its rules.
pub fn read(line: &str) -> Vec<Datum> {
    let Ok(Json::Object(root)) = serde_json::from_str::<Json>(line) else { return Vec::new() };
    directives(&root).unwrap_or_default()
}

fn directives(root: &Map<String, Json>) -> Option<Vec<Datum>> {
    let head = root.get("_aws")?.as_object()?;
    let at = Timestamp::from_millis(head.get("Timestamp")?.as_i64()?);
    let (mut data, mut bytes) = (Vec::new(), 0);
    let directives = head.get("CloudWatchMetrics")?.as_array()?;
    if directives.len() > DIRECTIVES_MAX {
        return None;
    }
    for directive in directives {
        let directive = directive.as_object()?;
        let namespace = directive.get("Namespace")?.as_str()?;
        if !(1..=NAME_LENGTH_MAX).contains(&namespace.len()) || !is_for_clients(namespace) {
            return None;
        }
        let sets = dimension_sets(directive.get("Dimensions"), root)?;
        let metrics = directive.get("Metrics")?.as_array()?;
        if metrics.len() > AT_ONCE_MAX || data.len() + metrics.len() * sets.len() > DATA_MAX {
            return None;
        }
        bytes += metrics.len() * sets.iter().flatten().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if bytes > DIMENSION_BYTES_MAX {
            return None;
        }
        for metric in metrics {
            let (name, unit, fine, values) = measured(metric, root)?;
            for set in &sets {
                let series = Series { metric: Metric::new(namespace, name, set), unit };
                data.push(Datum { series, at, values: values.clone(), fine });
            }
        }
    }
    Some(data)
}

/// Each set of dimensions with its values; one empty one if there are none.
fn dimension_sets<'a>(given: Option<&'a Json>, root: &'a Map<String, Json>) -> Option<Vec<Vec<(&'a str, &'a str)>>> {
    let Some(given) = given else { return Some(vec![Vec::new()]) };
    let given = given.as_array()?;
    if given.len() > SETS_MAX {
        return None;
    }
    let mut sets = Vec::new();
    for set in given {
        let names = set.as_array()?;
        if names.len() > DIMENSIONS_MAX {
            return None;
        }
        sets.push(names.iter().map(|name| dimension(name, root)).collect::<Option<Vec<_>>>()?);
    }
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    Some(sets)
}

/// The name of a dimension, and its value.
fn dimension<'a>(name: &'a Json, root: &'a Map<String, Json>) -> Option<(&'a str, &'a str)> {
    let name = name.as_str()?;
    let value = root.get(name)?.as_str()?;
    (name.len() <= DIMENSION_NAME_LENGTH_MAX && value.len() <= DIMENSION_VALUE_LENGTH_MAX).then_some((name, value))
}

/// A metric's name, unit, whether it is kept second by second, and its values.
fn measured<'a>(metric: &'a Json, root: &Map<String, Json>) -> Option<(&'a str, Unit, bool, Statistics)> {
    let metric = metric.as_object()?;
    let name = metric.get("Name")?.as_str().filter(|name| (1..=NAME_LENGTH_MAX).contains(&name.len()))?;
    let unit = metric.get("Unit").map_or(Some(Unit::NONE), |unit| Unit::parse(unit.as_str()?))?;
    let fine = match metric.get("StorageResolution").map_or(Some(60), Json::as_i64)? {
        1 => true,
        60 => false,
        _ => return None,
    };
    let mut values = Statistics::default();
    match root.get(name)? {
        Json::Array(list) if list.len() <= AT_ONCE_MAX => {
            for value in list {
                values.add(value.as_f64()?, 1.0);
            }
        }
        value => values.add(value.as_f64()?, 1.0),
    }
    Some((name, unit, fine, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line() -> Json {
        json!({
            "_aws": {"Timestamp": 1574109732004i64, "CloudWatchMetrics": [{
                "Namespace": "Orders", "Dimensions": [["Service"], ["Service", "Op"]],
                "Metrics": [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 60}, {"Name": "Taken"}]}]},
            "Service": "pipe", "Op": "validate", "Latency": [12, 30], "Taken": 1.5, "requestId": "r-1",
        })
    }

    #[test]
    fn each_set_of_dimensions_has_its_own_measurement() {
        let text = line().to_string();
        assert!(may_hold(&text));
        let data = read(&text);
        assert_eq!(data.len(), 4);
        let of = |name: &str, dimensions: &[(&str, &str)], unit| Series {
            metric: Metric::new("Orders", name, dimensions),
            unit,
        };
        assert_eq!(data[0].series, of("Latency", &[("Service", "pipe")], Unit::MILLISECONDS));
        assert_eq!(data[1].series, of("Latency", &[("Op", "validate"), ("Service", "pipe")], Unit::MILLISECONDS));
        assert_eq!(data[3].series, of("Taken", &[("Op", "validate"), ("Service", "pipe")], Unit::NONE));
        assert_eq!((data[0].values.count, data[0].values.sum, data[3].values.sum), (2.0, 42.0, 1.5));
        assert_eq!(data[0].at.millis(), 1_574_109_732_004);
    }

    #[test]
    fn a_line_that_breaks_a_rule_gives_nothing() {
        let broken: [(&str, Json); 11] = [
            ("/_aws/Timestamp", json!("now")),
            ("/_aws/CloudWatchMetrics/0/Namespace", json!("")),
            ("/_aws/CloudWatchMetrics/0/Dimensions/0/0", json!("Nobody")),
            ("/_aws/CloudWatchMetrics/0/Dimensions/0", json!((0..31).map(|_| "Op").collect::<Vec<_>>())),
            ("/_aws/CloudWatchMetrics/0/Metrics/0/Unit", json!("Miles")),
            ("/_aws/CloudWatchMetrics/0/Metrics/0/StorageResolution", json!(5)),
            ("/Service", json!(7)),
            ("/Service", json!("s".repeat(1_025))),
            ("/_aws/CloudWatchMetrics/0/Namespace", json!("n".repeat(256))),
            ("/Latency", json!("fast")),
            ("/Latency", json!(vec![1; 101])),
        ];
        for (path, value) in broken {
            let mut line = line();
            *line.pointer_mut(path).unwrap() = value;
            assert_eq!(read(&line.to_string()), [], "{path}");
        }
        for text in ["", "plain", "{", "[]", "{}", r#"{"_aws":{}}"#] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn nothing_is_measured_where_services_measure_themselves() {
        for (namespace, count) in
            [("AWS/SQS", 0), ("AWS/", 0), (":Shop", 0), ("AWS", 4), ("Shop/AWS/SQS", 4), ("S:", 4)]
        {
            let mut line = line();
            line["_aws"]["CloudWatchMetrics"][0]["Namespace"] = namespace.into();
            assert_eq!(read(&line.to_string()).len(), count, "{namespace}");
        }
        // One such directive spoils the line, wherever it stands.
        let mut both = line();
        let mut other = both["_aws"]["CloudWatchMetrics"][0].clone();
        other["Namespace"] = "AWS/SQS".into();
        both["_aws"]["CloudWatchMetrics"].as_array_mut().unwrap().push(other);
        assert_eq!(read(&both.to_string()), []);
    }

    /// A line of so many directives, each of so many metrics by so many sets without dimensions.
    fn wide(directives: usize, metrics: usize, sets: usize) -> String {
        let directive = json!({
            "Namespace": "N", "Dimensions": vec![json!([]); sets], "Metrics": vec![json!({"Name": "m"}); metrics],
        });
        json!({"_aws": {"Timestamp": 0, "CloudWatchMetrics": vec![directive; directives]}, "m": 1}).to_string()
    }

    #[test]
    fn a_line_that_says_too_much_gives_nothing() {
        for (directives, metrics, sets, count) in [
            (1, 100, 30, 3_000),
            (1, 101, 1, 0),
            (1, 1, 31, 0),
            (100, 30, 1, 3_000),
            (100, 31, 1, 0),
            (101, 1, 1, 0),
            (2, 100, 16, 0),
            (1, 100, 340_000, 0),
        ] {
            assert_eq!(read(&wide(directives, metrics, sets)).len(), count, "{directives} × {metrics} × {sets}");
        }
    }

    #[test]
    fn without_dimensions_there_is_one_measurement() {
        for none in [json!([]), json!([[]])] {
            let mut line = line();
            line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = none;
            let data = read(&line.to_string());
            assert_eq!(data.len(), 2);
            assert!(data[0].series.metric.dimensions.is_empty());
        }
    }
}

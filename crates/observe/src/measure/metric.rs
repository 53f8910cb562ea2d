//! Decides what a metric is called.

use super::Unit;
use types::SortedMap;

/// The most dimensions of a metric.
pub const DIMENSIONS_MAX: usize = 30;
/// The most characters of a metric's name or namespace.
pub const NAME_LENGTH_MAX: usize = 255;
/// The most characters of the name of a dimension; of its value as many as [`DIMENSION_VALUE_LENGTH_MAX`].
pub const DIMENSION_NAME_LENGTH_MAX: usize = 255;
/// The most characters of the value of a dimension.
pub const DIMENSION_VALUE_LENGTH_MAX: usize = 1_024;

/// Whether clients may measure into a namespace: what AWS's services measure of themselves is measured here by the server,
/// and by nobody else, so that no alarm on it can be deceived.
pub fn is_for_clients(namespace: &str) -> bool {
    !namespace.starts_with("AWS/") && !namespace.starts_with(':')
}

/// Names and values that tell metrics of one name apart.
pub type Dimensions = SortedMap<Box<str>, Box<str>>;

/// What is measured. Two of them are one exactly if all of their parts are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Metric {
    /// Whose metric it is, such as `AWS/Lambda`.
    pub namespace: Box<str>,
    /// Such as `Errors`.
    pub name: Box<str>,
    /// Of which function, which queue.
    pub dimensions: Dimensions,
}

impl Metric {
    /// A metric with these dimensions.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { namespace: namespace.into(), name: name.into(), dimensions }
    }
}

/// A metric in one unit: what is kept together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Series {
    /// What is measured.
    pub metric: Metric,
    /// In what.
    pub unit: Unit,
}

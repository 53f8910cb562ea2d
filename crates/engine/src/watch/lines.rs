//! Decides which lines of which log groups count for metrics: filters kept as documents, ready to be matched.

use crate::clock;
use crate::commit::WriteRefused;
use crate::documents::{Document, Documents};
use observe::measure::{LINE_METRICS_MAX, LineMetric, LineMetricError, Metric, Unit, is_for_clients};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use types::{SortedMap, SortedSet, Timestamp};

/// A filter of lines, and what they count for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineFilter {
    /// Its name; others of its log group have other names.
    pub name: String,
    /// The log group.
    pub group: String,
    /// Which lines.
    pub pattern: String,
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// What a line counts for.
    pub value: String,
    /// What other lines count for.
    pub otherwise: Option<f64>,
    /// Dimensions, and where in the line their values are.
    pub dimensions: Vec<(String, String)>,
    /// In what is counted.
    pub unit: Option<Unit>,
    /// When it was made.
    pub at: Timestamp,
    /// The stack whose template has it, if one does.
    pub stack: Option<String>,
}

impl LineFilter {
    /// The same, ready to be matched.
    pub fn line_metric(&self) -> Result<LineMetric, LineMetricError> {
        let metric = Metric::new(&self.namespace, &self.metric, &[]);
        let unit = self.unit.unwrap_or(Unit::NONE);
        LineMetric::new(&self.pattern, metric, unit, &self.value, self.otherwise, &self.dimensions)
    }

    fn key(&self) -> String {
        format!("{}\n{}", self.group, self.name)
    }
}

/// Why a filter is not kept.
#[derive(Debug, thiserror::Error)]
pub enum LineFilterError {
    /// It is none.
    #[error(transparent)]
    Filter(#[from] LineMetricError),
    /// The group has as many as it may.
    #[error("a log group has at most {LINE_METRICS_MAX} metric filters")]
    TooMany,
    /// There is none of this name.
    #[error("The specified metric filter does not exist.")]
    NotFound,
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// All filters.
pub struct LineFilters {
    documents: Documents,
    /// Held while a filter is changed: whoever prints asks for filters, and waits for no disk.
    changing: Mutex<()>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    filters: SortedMap<String, LineFilter>,
    ready: SortedMap<String, Arc<Vec<LineMetric>>>,
}

impl Known {
    fn prepare(&mut self) {
        let mut ready: SortedMap<String, Vec<LineMetric>> = SortedMap::new();
        // One that was kept before may measure in the name of a service, which is not for clients.
        for filter in self.filters.values().filter(|filter| is_for_clients(&filter.namespace)) {
            if let Ok(metric) = filter.line_metric() {
                ready.get_or_default(filter.group.clone()).push(metric);
            }
        }
        self.ready = ready.into_iter().map(|(group, metrics)| (group, Arc::new(metrics))).collect();
    }
}

impl LineFilters {
    pub(super) fn open(documents: Documents) -> Result<Self, WriteRefused> {
        let mut known = Known::default();
        for (key, bytes) in documents.all(Document::LineFilter)? {
            let filter = serde_json::from_slice(&bytes).map_err(|_| crate::codec::Malformed("filter of lines"))?;
            known.filters.insert(key, filter);
        }
        known.prepare();
        Ok(Self { documents, changing: Mutex::new(()), known: RwLock::new(known) })
    }

    /// The filters of a group, ready to be matched; `None` if it has none.
    pub(super) fn of(&self, group: &str) -> Option<Arc<Vec<LineMetric>>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.ready.is_empty() { None } else { known.ready.get(group).cloned() }
    }

    /// All filters, by group and name.
    pub fn all(&self) -> Vec<LineFilter> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).filters.values().cloned().collect()
    }

    /// Keeps a filter, in place of what was there. On a thread that may wait.
    pub fn put(&self, mut filter: LineFilter) -> Result<(), LineFilterError> {
        filter.line_metric()?;
        let key = filter.key();
        let _held = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let others = |other: &LineFilter| other.group == filter.group && other.name != filter.name;
        if self.all().into_iter().filter(others).count() >= LINE_METRICS_MAX {
            return Err(LineFilterError::TooMany);
        }
        filter.at = clock::now();
        let bytes = serde_json::to_vec(&filter).expect("a filter is plain data");
        self.documents.keep_blocking(Document::LineFilter, &[(&key, Some(&bytes))])?;
        self.change(|filters| drop(filters.insert(key, filter)));
        Ok(())
    }

    /// Deletes a filter.
    pub fn delete(&self, group: &str, name: &str) -> Result<(), LineFilterError> {
        let key = format!("{group}\n{name}");
        let _held = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.known.read().unwrap_or_else(PoisonError::into_inner).filters.contains_key(&key) {
            return Err(LineFilterError::NotFound);
        }
        self.documents.keep_blocking(Document::LineFilter, &[(&key, None)])?;
        self.change(|filters| drop(filters.remove(&key)));
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut SortedMap<String, LineFilter>)) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut known.filters);
        known.prepare();
    }

    /// Makes the filters of a stack what its template says; those that it no longer says go.
    pub fn of_stack(&self, stack: &str, filters: Vec<LineFilter>) -> Result<(), LineFilterError> {
        let stays: SortedSet<String> = filters.iter().map(LineFilter::key).collect();
        for known in self.all() {
            if known.stack.as_deref() == Some(stack) && !stays.contains(&known.key()) {
                self.delete(&known.group, &known.name)?;
            }
        }
        filters.into_iter().try_for_each(|filter| {
            let same = |known: &LineFilter| LineFilter { at: filter.at, ..known.clone() } == filter;
            if self.all().iter().any(same) { Ok(()) } else { self.put(filter) }
        })
    }
}

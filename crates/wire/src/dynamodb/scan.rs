//! Decides how a scan is read, and what of it can be asked of a table.
//!
//! Start at [`parse`], which needs nothing but the request; then [`ScanCall::resolve`], when the table is known.

use super::Request;
use super::expression::Expressions;
use super::reading::{Begun, Reading};
use super::values::Wording;
use crate::error::{Code, WireError};
use table::{Scan, Segment, Table};

/// A scan, as far as it can be understood without its table.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanCall {
    /// What is read.
    pub reading: Reading,
    /// Which part of it; `None` for all.
    pub segment: Option<Segment>,
}

/// The most parts that a scan may be divided into.
const SEGMENTS_MAX: i64 = 1_000_000;
const EXPRESSIONS: &[&str] = &["FilterExpression", "ProjectionExpression"];
/// The older language of filters and projections.
const OTHERS: &[&str] = &["ScanFilter", "AttributesToGet", "ConditionalOperator"];

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

pub(super) fn parse(mut request: Request<'_>) -> Result<ScanCall, WireError> {
    let begun = Begun::read(&mut request)?;
    let members = request.members;
    let (segment, total) = (members.integer("Segment")?, members.integer("TotalSegments")?);
    let segment = segment.map(|number| request.rules.range(number, "segment", 0, SEGMENTS_MAX - 1));
    let total = total.map(|total| request.rules.range(total, "totalSegments", 1, SEGMENTS_MAX));
    std::mem::take(&mut request.rules).check(Code::Validation)?;
    let expressions = Expressions::read(members, EXPRESSIONS, OTHERS, Wording::Older)?;
    members.refuse(OTHERS)?;
    let segment = read_segment(segment, total)?;
    let reading = Reading::parse(&begun, &request, &expressions, Wording::Older)?;
    expressions.end()?;
    Ok(ScanCall { reading, segment })
}

fn read_segment(segment: Option<usize>, total: Option<usize>) -> Result<Option<Segment>, WireError> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    match (segment, total) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(invalid(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is \
             present",
        )),
        (None, Some(_)) => Err(invalid(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is \
             present",
        )),
        (Some(segment), Some(total)) => {
            let part = Segment::new(number(segment), number(total));
            let outside = || {
                invalid(format!(
                    "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: \
                     {segment} is not less than TotalSegments: {total}"
                ))
            };
            part.map(Some).ok_or_else(outside)
        }
    }
}

impl ScanCall {
    /// The scan to ask of its table, if that can be asked.
    pub fn resolve(&self, table: &Table) -> Result<Scan, WireError> {
        self.reading.check(table)?;
        self.reading.check_filter(table)?;
        let Reading { index, limit, after, .. } = &self.reading;
        Ok(Scan { index: index.clone(), limit: *limit, after: after.clone(), segment: self.segment })
    }
}

//! Decides what queries and scans have in common: of which table or index, how many items, and what is wanted of them.
//!
//! Start at [`Reading::parse`]; when the table is known, [`Reading::check`] says whether it can give what is asked. A
//! filter is asked of what was read, so a page's limits count what it keeps and what it does not.

use super::expression::Expressions;
use super::values::{Wording, read_item};
use super::{Request, ReturnCapacity, resolve};
use crate::error::{Code, WireError};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::num::NonZeroUsize;
use table::{Condition, Index, Path, Projection, QueryRefused, Table};
use types::{IndexName, Item, TableName};

/// What is to be read, as far as it can be understood without its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which table.
    pub table: TableName,
    /// Which index of it.
    pub index: Option<IndexName>,
    /// The most items of a page, those that the filter does not keep included.
    pub limit: Option<NonZeroUsize>,
    /// The key after which to go on.
    pub after: Option<Item>,
    /// Which items are kept of those that are read; all of them, if there is no filter.
    pub filter: Option<Condition>,
    /// What is wanted of the items.
    pub select: Select,
    /// Whether all that was acknowledged must be seen. Here it always is; it only costs more.
    pub consistent: bool,
    /// Whether to say what it cost.
    pub capacity: ReturnCapacity,
}

/// What is wanted of the items of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// What the table or the index gives.
    Given,
    /// All of them, whatever the index gives.
    All,
    /// What these paths lead to.
    Paths(Vec<Path>),
    /// Their number.
    Count,
}

const SELECTS: &[&str] = &["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

/// The members of a reading that are looked at before its expressions.
pub(super) struct Begun<'a> {
    table: Option<&'a str>,
    index: Option<&'a str>,
    select: Option<&'a str>,
    limit: Option<usize>,
    consistent: bool,
    capacity: ReturnCapacity,
    after: Option<&'a Map<String, Json>>,
}

impl<'a> Begun<'a> {
    /// Reads the members whose rules are checked first.
    pub(super) fn read(request: &mut Request<'a>) -> Result<Self, WireError> {
        let table = request.table()?;
        let members = request.members;
        let index = members.text("IndexName")?;
        if let Some(index) = index {
            request.name_rules(index, "indexName", 3);
        }
        let select = members.text("Select")?;
        if let Some(select) = select {
            request.rules.one_of(select, "select", SELECTS);
        }
        let limit = members.integer("Limit")?.map(|limit| request.rules.range(limit, "limit", 1, i64::from(i32::MAX)));
        let consistent = members.truth("ConsistentRead")?.unwrap_or(false);
        let capacity = request.capacity()?;
        let after = members.object("ExclusiveStartKey")?;
        Ok(Self { table, index, select, limit, consistent, capacity, after })
    }
}

impl Reading {
    /// Reads the rest, of a request whose rules were checked.
    pub(super) fn parse(
        begun: &Begun<'_>,
        request: &Request<'_>,
        expressions: &Expressions<'_>,
        wording: Wording,
    ) -> Result<Self, WireError> {
        let after = begun.after.map(|after| read_item(Some(after), wording)).transpose()?;
        let filter = expressions.condition("FilterExpression")?;
        let select = read_select(begun.select, expressions.projection()?, begun.index.is_some())?;
        let index = begun.index.map(|name| name.parse().map_err(|_| invalid("The IndexName is invalid")));
        Ok(Self {
            table: resolve(begun.table, request.context)?,
            index: index.transpose()?,
            limit: begun.limit.and_then(NonZeroUsize::new),
            after,
            filter,
            select,
            consistent: begun.consistent,
            capacity: begun.capacity,
        })
    }

    /// The index that is asked, if one is; refuses what the table or the index does not give.
    pub(super) fn check<'t>(&self, table: &'t Table) -> Result<Option<&'t Index>, WireError> {
        let index = match &self.index {
            Some(name) => {
                let missing = || WireError::of_query(&QueryRefused::NoSuchIndex(name.clone()));
                Some(table.index(name).ok_or_else(missing)?)
            }
            None => None,
        };
        if index.is_some() && self.consistent {
            return Err(invalid("Consistent reads are not supported on global secondary indexes"));
        }
        let projected = match &self.select {
            Select::Paths(paths) => paths.as_slice(),
            Select::Given | Select::All | Select::Count => &[],
        };
        table.check_paths(projected).map_err(|refused| WireError::of_table(&refused))?;
        if let Some(index) = index {
            self.check_projection(table, index)?;
        }
        Ok(index)
    }

    /// Refuses a filter that leads into keys.
    pub(super) fn check_filter(&self, table: &Table) -> Result<(), WireError> {
        let paths = self.filter.iter().flat_map(Condition::paths);
        table.check_paths(paths).map_err(|refused| WireError::of_table(&refused))
    }

    /// Refuses to ask an index for what it does not give.
    fn check_projection(&self, table: &Table, index: &Index) -> Result<(), WireError> {
        let included = match &index.projection {
            Projection::All => return Ok(()),
            Projection::Keys => &[][..],
            Projection::Include(names) => names,
        };
        let wrong = |what: String| Err(invalid(format!("One or more parameter values were invalid: {what}")));
        match &self.select {
            Select::All => wrong(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type \
                 is not ALL",
                index.name
            )),
            Select::Paths(paths) => {
                let keys = || table.keys.attributes().chain(index.keys.attributes()).map(|attribute| &attribute.name);
                let given = |name: &str| keys().chain(included).any(|known| known == name);
                let missing: Vec<&str> =
                    paths.iter().map(|path| &*path.attribute).filter(|name| !given(name)).collect();
                match missing.is_empty() {
                    true => Ok(()),
                    false => {
                        let missing = missing.join(", ");
                        wrong(format!("Global secondary index {} does not project [{missing}]", index.name))
                    }
                }
            }
            Select::Given | Select::Count => Ok(()),
        }
    }

    /// Whether an item that was read is kept.
    pub(super) fn keeps(&self, item: &Item) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.holds(Some(item)))
    }

    /// What is answered of an item that is kept.
    pub(super) fn shown<'i>(&self, item: &'i Item) -> Cow<'i, Item> {
        match &self.select {
            Select::Paths(paths) => Cow::Owned(table::project(item, paths)),
            Select::Given | Select::All | Select::Count => Cow::Borrowed(item),
        }
    }
}

fn read_select(select: Option<&str>, paths: Option<Vec<Path>>, of_index: bool) -> Result<Select, WireError> {
    match (select, paths) {
        (None | Some("SPECIFIC_ATTRIBUTES"), Some(paths)) => Ok(Select::Paths(paths)),
        (Some("SPECIFIC_ATTRIBUTES"), None) => Err(invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        )),
        (Some("ALL_PROJECTED_ATTRIBUTES"), _) if !of_index => {
            Err(invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"))
        }
        (Some(select), Some(_)) => {
            let what = if select == "COUNT" { "only the Count" } else { select };
            Err(invalid(format!("Cannot specify the ProjectionExpression when choosing to get {what}")))
        }
        (Some("COUNT"), None) => Ok(Select::Count),
        (Some("ALL_ATTRIBUTES"), None) => Ok(Select::All),
        (Some(_) | None, None) => Ok(Select::Given),
    }
}

//! Decides how a file of prices is read. Every thing that can be paid for has its table in it; a misspelt one, one that
//! is missing and a price that is no number are errors that name the line.

use super::exact::{Price, Quantity};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The prices that are there if none are given.
const BUILT_IN: &str = include_str!("../../prices/us-east-1.toml");

/// Why a file holds no prices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} has no prices that can be used: {what}")]
pub struct PriceError {
    /// Which file.
    pub file: String,
    /// What is wrong, and where.
    pub what: String,
}

/// What everything costs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prices {
    /// Where these prices hold.
    pub region: String,
    /// In which currency they are: `USD`, the one that is shown.
    currency: Currency,
    /// When they were looked up.
    pub date: String,
    pub(super) dynamodb_writes: Tariff,
    pub(super) dynamodb_reads: Tariff,
    pub(super) dynamodb_write_capacity_hours: Tariff,
    pub(super) dynamodb_read_capacity_hours: Tariff,
    pub(super) dynamodb_storage_gb_months: Tariff,
    pub(super) lambda_requests: Tariff,
    pub(super) lambda_arm_gb_seconds: Tariff,
    pub(super) lambda_x86_gb_seconds: Tariff,
    pub(super) pipes_requests: Tariff,
    pub(super) bus_events: Tariff,
    pub(super) sqs_standard_requests: Tariff,
    pub(super) sqs_fifo_requests: Tariff,
    pub(super) api_requests: Tariff,
    pub(super) api_cache_hours: Caches,
    pub(super) function_logs_gb: Tariff,
    pub(super) other_logs_gb: Tariff,
    pub(super) log_storage_gb_months: Tariff,
    pub(super) metrics: Tariff,
    pub(super) alarms: Tariff,
    pub(super) dashboards: Tariff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Currency {
    #[serde(rename = "USD")]
    Dollars,
}

impl Prices {
    /// Those of us-east-1 that are built in.
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN, "the built-in file").expect("a test reads the file that is built in")
    }

    /// The file that is built in, as an example to change.
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads a file; `file` is what errors call it.
    ///
    /// # Errors
    /// When something is missing, misspelt, or no price.
    pub fn parse(text: &str, file: &str) -> Result<Self, PriceError> {
        toml::from_str(text).map_err(|error| PriceError { file: file.to_owned(), what: error.to_string() })
    }
}

/// What one kind of thing costs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TariffText")]
pub struct Tariff {
    /// Each price with the quantity up to which it holds; the last one has no end.
    pub(super) tiers: Vec<Tier>,
    /// The price of the first tier as the file has it, and for how many.
    pub(super) told: String,
    pub(super) per: u64,
    pub(super) free: Quantity,
    /// Where the prices stand.
    pub source: String,
}

/// One price, and up to where it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier {
    pub(super) up_to: Option<Quantity>,
    pub(super) price: Price,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TariffText {
    #[serde(default = "one")]
    per: u64,
    price: Option<String>,
    tiers: Option<Vec<TierText>>,
    #[serde(default)]
    free: u64,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TierText {
    up_to: Option<u64>,
    price: String,
}

fn one() -> u64 {
    1
}

impl TryFrom<TariffText> for Tariff {
    type Error = String;

    fn try_from(text: TariffText) -> Result<Self, String> {
        let TariffText { per, price, tiers, free, source } = text;
        if per == 0 {
            return Err("`per` is 0: a price is for one unit or more".to_owned());
        }
        let tiers = match (price, tiers) {
            (Some(price), None) => vec![TierText { up_to: None, price }],
            (None, Some(tiers)) => tiers,
            (Some(_), Some(_)) => return Err("there is a `price` and there are `tiers`: leave one of them out".into()),
            (None, None) => return Err("there is no `price`, and there are no `tiers`".into()),
        };
        let Some(told) = tiers.first().map(|tier| tier.price.clone()) else { return Err("`tiers` is empty".into()) };
        let mut end = Some(0);
        for tier in &tiers {
            // Before a tier comes one that ends, and below where the next one does.
            end = match (end, tier.up_to) {
                (None, _) => return Err("only the last of `tiers` has no `up-to`".into()),
                (Some(before), Some(up_to)) if up_to <= before => {
                    return Err(format!("`up-to` of `tiers` has to grow: {up_to} comes after {before}"));
                }
                (Some(_), up_to) => up_to,
            };
        }
        if end.is_some() {
            return Err("the last of `tiers` has an `up-to`: nobody knows what costs what comes beyond it".into());
        }
        let tier = |TierText { up_to, price }: TierText| {
            Ok::<_, String>(Tier { up_to: up_to.map(Quantity::whole), price: Price::parse(&price, per)? })
        };
        let tiers = tiers.into_iter().map(tier).collect::<Result<_, _>>()?;
        Ok(Self { tiers, told, per, free: Quantity::whole(free), source })
    }
}

/// What an hour of a cache costs, by its size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "CachesText")]
pub(super) struct Caches(BTreeMap<u32, Tariff>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CachesText {
    sizes: BTreeMap<String, String>,
    source: String,
}

impl TryFrom<CachesText> for Caches {
    type Error = String;

    fn try_from(CachesText { sizes, source }: CachesText) -> Result<Self, String> {
        let mut caches = BTreeMap::new();
        for (size, price) in sizes {
            let gigabytes = size.parse::<f64>().ok().filter(|size| (0.1..1e6).contains(size));
            let gigabytes = gigabytes.ok_or_else(|| format!("the size {size:?} is no number of GB"))?;
            let one = Tariff::try_from(TariffText {
                per: 1,
                price: Some(price),
                tiers: None,
                free: 0,
                source: source.clone(),
            })?;
            // As sizes are told in templates: whole MiB.
            caches.insert((gigabytes * 1024.0) as u32, one);
        }
        if caches.is_empty() {
            return Err("`sizes` is empty".to_owned());
        }
        Ok(Self(caches))
    }
}

impl Caches {
    /// Of the smallest cache that is not smaller than this; of the largest if there is none.
    pub(super) fn of(&self, mebibytes: u32) -> &Tariff {
        let found = self.0.range(mebibytes..).next().or_else(|| self.0.last_key_value());
        found.expect("a file with no size is refused").1
    }
}

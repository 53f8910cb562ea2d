//! Decides how the events of a request are read. What is wrong with one of them is told in its own place of the answer,
//! and not decided here; here only what is no event at all is refused, with the whole request.

use super::Call;
use super::request::Request;
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::entry::Entry;

pub(super) fn read(request: &Request<'_>) -> Result<Call, WireError> {
    request.refuse(&["EndpointId"])?;
    let mut rules = Rules::default();
    let Some(list) = request.objects("Entries")? else {
        rules.missing("entries");
        return Err(rules.check(Code::Validation).expect_err("a rule was just broken"));
    };
    let entries = list.iter().map(|one| entry(&mut rules, one)).collect::<Result<_, _>>()?;
    rules.check(Code::Validation)?;
    Ok(Call::PutEvents { entries })
}

fn entry(rules: &mut Rules, given: &Request<'_>) -> Result<Entry, WireError> {
    Ok(Entry {
        source: given.owned("Source")?,
        detail_type: given.owned("DetailType")?,
        detail: given.owned("Detail")?,
        bus: given.owned("EventBusName")?,
        time: given.time(rules, "Time")?,
        resources: given.texts("Resources")?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        trace_header: given.owned("TraceHeader")?,
    })
}

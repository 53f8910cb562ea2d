//! Decides how requests of dashboards are read. What a dashboard shows is kept as it was written; it must be a JSON
//! object.

use super::{Call, after, invalid, missing, required};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::Members;

/// The most bytes of a dashboard: as much as AWS takes.
const BODY_MAX: usize = 1 << 20;

fn name(members: Members<'_>) -> Result<String, WireError> {
    let name = required(members, "DashboardName")?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.bytes().all(good) {
        // The line feed is AWS's.
        return Err(invalid(
            "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) \
             and underscore (_).\n",
        ));
    }
    if name.len() > 255 {
        return Err(invalid("The value for field DashboardName has more than 255 characters."));
    }
    Ok(name.to_owned())
}

pub(super) fn put(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let name = name(members)?;
    let body = members.text("DashboardBody")?.ok_or_else(|| missing("DashboardBody"))?;
    let wrong = |problem: String| WireError::new(Code::DashboardInvalid, format!("The field DashboardBody {problem}"));
    if body.len() > BODY_MAX {
        return Err(wrong(format!("has more than {BODY_MAX} bytes")));
    }
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(serde_json::Value::Object(_)) => Ok(Call::PutDashboard { name, body: body.to_owned() }),
        Ok(_) => Err(wrong("must be a JSON object".to_owned())),
        Err(error) => Err(wrong(format!("must be a valid JSON object: {error}"))),
    }
}

pub(super) fn get(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    name(members).map(Call::GetDashboard)
}

pub(super) fn list(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let prefix = members.text("DashboardNamePrefix")?.unwrap_or("").to_owned();
    Ok(Call::ListDashboards { prefix, after: after(members)? })
}

pub(super) fn delete(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let names = members.texts("DashboardNames")?.ok_or_else(|| missing("DashboardNames"))?;
    Ok(Call::DeleteDashboards(names.into_iter().map(str::to_owned).collect()))
}

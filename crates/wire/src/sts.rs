//! Decides who a client is told to be: the account itself, whatever key it signs with.

use crate::error::WireError;
use crate::reply::{Reply, Response};
use crate::{Call, unknown_operation};

pub(crate) fn parse(operation: &str) -> Result<Call, WireError> {
    match operation {
        "GetCallerIdentity" => Ok(Call::GetCallerIdentity),
        other => Err(unknown_operation(other)),
    }
}

pub(crate) fn spell(reply: &Reply<'_>) -> Response {
    let account = &reply.context.account.id;
    reply.query_result(Some(&|xml| {
        xml.text("Arn", &format!("arn:aws:iam::{account}:root"));
        xml.text("UserId", account);
        xml.text("Account", account);
    }))
}

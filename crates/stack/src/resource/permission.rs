//! `AWS::Lambda::Permission`: what a function itself says about who may call it.

use super::Context;
use crate::findings::Sort;
use crate::properties::Properties;
use crate::stack::Permission;

pub(crate) fn read(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<Permission> {
    let function = context.qualified_function(properties, "FunctionName");
    let action = properties.required_text("Action", 1..=128);
    if let Some(other) = action.as_deref().filter(|action| !["lambda:InvokeFunction", "lambda:*"].contains(action)) {
        let message = format!("`{other}` is not run here: a function can be called, and nothing else is asked of it");
        properties.not_run("Action", Sort::FeatureNotRun, message, Some("write lambda:InvokeFunction".to_owned()));
    }
    let principal = properties.required_text("Principal", 1..=256);
    let source_arn = properties.parsed("SourceArn", |arn| {
        let is_arn = arn.starts_with("arn:") && arn.splitn(6, ':').count() == 6;
        if is_arn { Ok(arn.to_owned()) } else { Err("is not an ARN".to_owned()) }
    });
    let source_account = properties.parsed("SourceAccount", |account| {
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if is_account { Ok(account.to_owned()) } else { Err("is not an account of twelve digits".to_owned()) }
    });
    properties.refuse("EventSourceToken", "it belongs to Alexa");
    properties.refuse("FunctionUrlAuthType", "functions have no URLs of their own");
    properties.refuse("InvokedViaFunctionUrl", "functions have no URLs of their own");
    properties.refuse("PrincipalOrgID", "there are no organizations");
    Some(Permission { function: function?, action: action?, principal: principal?, source_arn, source_account })
}

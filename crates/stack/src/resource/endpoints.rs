//! `AWS::Events::Connection` and `AWS::Events::ApiDestination`.
//!
//! A template names its secrets by a dynamic reference; where orderflow runs, they stand in environment variables
//! ([`variable`] says which). A secret that is written into the template is refused: it would be kept wherever the
//! template is.

use delivery::bus::HttpSpec;
use delivery::bus::endpoint::{
    Added, AuthSpec, Connection, ConnectionSpec, Destination, DestinationSpec, EndpointRefused, Method, PER_SECOND,
    SecretSpec,
};
use types::SortedMap;

use super::Context;
use crate::findings::Sort;
use crate::identity::{Identity, ResourceType};
use crate::properties::Properties;
use crate::stack::{EventConnection, EventDestination};

const NO_NETWORKS: &str = "there are no private networks; list addresses in `endpoint-addresses` of orderflow.toml";

pub(crate) fn read_connection(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<EventConnection> {
    let name = properties.name_or("Name", &identity.name);
    let description = properties.text("Description", 0..=512);
    properties.refuse("InvocationConnectivityParameters", NO_NETWORKS);
    properties.refuse("KmsKeyIdentifier", "there are no keys; encrypt the disk that the data directory is on");
    let kind = properties.required_choice(
        "AuthorizationType",
        &[("API_KEY", Kind::ApiKey), ("BASIC", Kind::Basic), ("OAUTH_CLIENT_CREDENTIALS", Kind::OAuth)],
    );
    if kind == Some(Kind::OAuth) {
        let message = "`OAUTH_CLIENT_CREDENTIALS` is not run here: nobody asks for tokens";
        let hint = "use API_KEY or BASIC".to_owned();
        properties.not_run("AuthorizationType", Sort::FeatureNotRun, message, Some(hint));
        properties.accept("AuthParameters");
        return None;
    }
    properties.required_node("AuthParameters");
    let parameters = properties.object("AuthParameters", |parameters| {
        let key = parameters.object("ApiKeyAuthParameters", |key| {
            let header = key.required_text("ApiKeyName", 1..=512);
            let value = secret(key, "ApiKeyValue", context);
            Some(AuthSpec::ApiKey { header: header?, value: value? })
        });
        let basic = parameters.object("BasicAuthParameters", |basic| {
            let user = basic.required_text("Username", 1..=512);
            let password = secret(basic, "Password", context);
            Some(AuthSpec::Basic { user: user?, password: password? })
        });
        parameters.refuse("OAuthParameters", "nobody asks for tokens");
        parameters.refuse("ConnectivityParameters", NO_NETWORKS);
        let added = parameters.object("InvocationHttpParameters", |all| {
            let mut list = |key| all.objects(key, |one| read_added(one, context)).unwrap_or_default();
            Some([list("HeaderParameters"), list("QueryStringParameters"), list("BodyParameters")])
        });
        let auth = match kind? {
            Kind::ApiKey => {
                if key.is_none() {
                    parameters.required_node("ApiKeyAuthParameters");
                }
                key
            }
            Kind::Basic | Kind::OAuth => {
                if basic.is_none() {
                    parameters.required_node("BasicAuthParameters");
                }
                basic
            }
        };
        Some((auth?, added))
    });
    let (auth, added) = parameters?;
    let says_added = added.is_some();
    let [headers, query, body] = added.unwrap_or_default();
    let spec = ConnectionSpec { name: name?, description, auth, headers, query, body, says_added };
    if let Err(refused) = Connection::parse(spec.clone()) {
        properties.wrong("AuthParameters", refused.to_string());
        return None;
    }
    let id = id_of(identity);
    Some(EventConnection { spec, id, arn: identity.arn().to_owned() })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    ApiKey,
    Basic,
    OAuth,
}

/// What is added to every call: a secret if it says so, or as it stands.
fn read_added(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) -> Option<Added> {
    let key = properties.required_text("Key", 1..=512);
    let is_secret = properties.boolean("IsValueSecret").unwrap_or(false);
    let value = if is_secret {
        secret(properties, "Value", context)
    } else {
        let text = properties.required_text("Value", 0..=512);
        text.map(|text| match variable(&text) {
            Some(Ok(name)) => SecretSpec::Variable(name),
            Some(Err(_)) | None => SecretSpec::Text(text),
        })
    };
    Some(Added { key: key?, value: value?, secret: is_secret })
}

/// A secret, which is named by a dynamic reference.
fn secret(properties: &mut Properties<'_, '_, '_>, key: &'static str, context: &mut Context<'_>) -> Option<SecretSpec> {
    let text = properties.required_text(key, 1..=2048)?;
    match variable(&text) {
        Some(Ok(name)) => {
            let at = properties.position_of(key);
            let words = format!("the secret is taken from the environment variable {name}");
            context.note(at, properties, key, words);
            Some(SecretSpec::Variable(name))
        }
        Some(Err(reason)) => {
            properties.wrong(key, reason);
            None
        }
        None => {
            let hint = "write \"{{resolve:secretsmanager:NAME}}\"; here it is the environment variable NAME".to_owned();
            let message = "a secret that stands in a template is none, so it is not taken from there";
            properties.not_run(key, Sort::FeatureNotRun, message, Some(hint));
            None
        }
    }
}

/// The environment variable that a dynamic reference names: the secret's name and its key in capitals, with `_` for
/// what no variable's name has. `{{resolve:secretsmanager:shop/crm:SecretString:password}}` is `SHOP_CRM_PASSWORD`.
fn variable(text: &str) -> Option<Result<String, String>> {
    let inside = text.strip_prefix("{{resolve:")?.strip_suffix("}}")?;
    let wrong = |what: &str| Some(Err(format!("`{text}` {what}")));
    let Some((service, rest)) = inside.split_once(':') else { return wrong("names no secret") };
    let (name, key) = match service {
        "secretsmanager" => {
            // An ARN has colons of its own, and ends with the name, a hyphen and six characters.
            let (name, rest) = match rest.strip_prefix("arn:") {
                Some(arn) => {
                    let mut parts = arn.splitn(7, ':');
                    let name = parts.nth(5).unwrap_or_default();
                    (name.rsplit_once('-').map_or(name, |(name, _)| name), parts.next().unwrap_or_default())
                }
                None => rest.split_once(':').unwrap_or((rest, "")),
            };
            (name, rest.split(':').nth(1).unwrap_or_default())
        }
        "ssm" | "ssm-secure" => (rest.split(':').next().unwrap_or_default(), ""),
        _ => return wrong("is of a service that keeps no secrets"),
    };
    let whole = if key.is_empty() { name.to_owned() } else { format!("{name}_{key}") };
    let variable: String = whole
        .trim_start_matches('/')
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' })
        .collect();
    if variable.is_empty() || variable.starts_with(|first: char| first.is_ascii_digit()) {
        return wrong("names no secret that an environment variable could hold");
    }
    Some(Ok(variable))
}

pub(crate) fn read_destination(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<EventDestination> {
    let name = properties.name_or("Name", &identity.name);
    let description = properties.text("Description", 0..=512);
    let connection = properties.required_text("ConnectionArn", 1..=1600);
    if let Some(arn) = &connection
        && context.by_arn(ResourceType::Connection, arn).is_none()
    {
        let message = format!("`{arn}` is not a connection of this template");
        properties.wrong_with_hint("ConnectionArn", message, "use !GetAtt Connection.Arn");
    }
    let endpoint = properties.required_text("InvocationEndpoint", 1..=2048);
    let method = properties.required_choice("HttpMethod", &Method::ALL);
    let per_second = properties.count("InvocationRateLimitPerSecond", 1..=PER_SECOND);
    let spec = DestinationSpec {
        name: name?,
        description,
        connection: connection?,
        endpoint: endpoint?,
        method: method?,
        per_second,
    };
    if let Err(refused) = Destination::parse(spec.clone()) {
        let key = match &refused {
            EndpointRefused::Rate { .. } => "InvocationRateLimitPerSecond",
            EndpointRefused::Endpoint { .. } | EndpointRefused::Header { .. } | EndpointRefused::Auth { .. } => {
                "InvocationEndpoint"
            }
        };
        properties.wrong(key, refused.to_string());
        return None;
    }
    let id = id_of(identity);
    Some(EventDestination { spec, id, arn: identity.arn().to_owned() })
}

/// What an ARN ends with.
fn id_of(identity: &Identity) -> String {
    identity.arn().rsplit('/').next().unwrap_or_default().to_owned()
}

/// The parts of the request that a target adds.
pub(crate) fn read_parameters(properties: &mut Properties<'_, '_, '_>) -> Option<HttpSpec> {
    let path_values = properties.text_list("PathParameterValues").unwrap_or_default();
    let mut named = |key| properties.text_map(key).unwrap_or_default().into_iter().collect::<SortedMap<_, _>>();
    Some(HttpSpec { path_values, headers: named("HeaderParameters"), query: named("QueryStringParameters") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_reference_names_an_environment_variable() {
        let cases = [
            ("{{resolve:secretsmanager:CRM_KEY}}", Some("CRM_KEY")),
            ("{{resolve:secretsmanager:shop/crm-key:SecretString:::}}", Some("SHOP_CRM_KEY")),
            ("{{resolve:secretsmanager:shop/crm:SecretString:password}}", Some("SHOP_CRM_PASSWORD")),
            (
                "{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:000000000000:secret:crm-a1b2c3:SecretString:key}}",
                Some("CRM_KEY"),
            ),
            ("{{resolve:ssm-secure:/shop/crm:1}}", Some("SHOP_CRM")),
            ("{{resolve:s3:x}}", None),
            ("{{resolve:secretsmanager:}}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(variable(text).unwrap().ok().as_deref(), expected, "{text}");
        }
        assert!(variable("plain").is_none());
    }
}

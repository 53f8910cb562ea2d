//! Decides what a bus's policy is: statements of who may do what with it, as AWS's policies have them.
//!
//! Whoever asks here is of the bus's own account, which may do everything with it, and there are no other accounts. So what
//! a policy allows changes nothing: it is kept and told, for those who set up the same things here as on AWS. What forbids
//! something would have to be held to, and is refused.
//!
//! It is kept as a text within whatever keeps it, so that it is no deeper there than any other text.
//!
//! Invariant: a policy has at least one statement, and each is an `Allow`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// How many characters a policy has at most.
pub const POLICY_MAX: usize = 10_240;

/// How deep a policy may be nested; AWS's grammar of policies needs seven levels.
const DEPTH_MAX: usize = 32;

/// Who may do what with a bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Policy(Map<String, Json>);

/// One statement, in the words of `PutPermission`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// What it is called.
    pub id: String,
    /// What is allowed.
    pub action: String,
    /// To which account; `*` for every one.
    pub principal: String,
    /// The organization that the account must be of.
    pub organization: Option<String>,
}

/// Why something is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefused {
    /// It is no JSON object with statements that allow something.
    #[error("Parameter Policy is not valid. Reason: {reason}.")]
    Form {
        /// What is wrong with it.
        reason: String,
    },
    /// It is too long: a `PolicyLengthExceededException`.
    #[error("The event bus policy is too long: it has {length} characters, and {POLICY_MAX} at most are kept.")]
    TooLong {
        /// How many characters it has.
        length: usize,
    },
    /// It has no statement of this id: a `ResourceNotFoundException`.
    #[error("Statement with the provided id does not exist.")]
    NoStatement,
}

impl Policy {
    /// Reads a whole policy.
    pub fn parse(text: &str) -> Result<Self, PolicyRefused> {
        let form = |reason: &str| PolicyRefused::Form { reason: reason.to_owned() };
        let read: Json = serde_json::from_str(text)
            .map_err(|error| PolicyRefused::Form { reason: format!("it is no JSON: {error}") })?;
        let Json::Object(mut policy) = read else { return Err(form("it is no JSON object")) };
        let statements = match policy.remove("Statement") {
            Some(Json::Array(statements)) => statements,
            Some(one @ Json::Object(_)) => vec![one],
            _ => return Err(form("it has no Statement")),
        };
        if statements.is_empty() {
            return Err(form("its Statement is empty"));
        }
        match statements.iter().find(|one| one["Effect"] != "Allow") {
            Some(one) if one["Effect"] == "Deny" => {
                return Err(form(
                    "nothing is denied here, so a statement with the Effect Deny would be without effect",
                ));
            }
            Some(_) => return Err(form("the Effect of a statement must be Allow")),
            None => {}
        }
        policy.insert("Statement".to_owned(), statements.into());
        if policy.values().map(depth).max().unwrap_or(0) >= DEPTH_MAX {
            return Err(PolicyRefused::Form { reason: format!("it is nested deeper than {DEPTH_MAX} levels") });
        }
        Self(policy).bounded()
    }

    /// A policy with one statement more; one of the same id is replaced.
    pub fn with(policy: Option<Self>, permission: &Permission, bus: &str) -> Result<Self, PolicyRefused> {
        let mut policy = policy.unwrap_or_else(|| {
            Self(Map::from_iter([
                ("Version".to_owned(), "2012-10-17".into()),
                ("Statement".to_owned(), Json::Array(Vec::new())),
            ]))
        });
        let statement = permission.statement(bus);
        let statements = policy.statements();
        match statements.iter_mut().find(|one| one["Sid"] == permission.id) {
            Some(same) => *same = statement,
            None => statements.push(statement),
        }
        policy.bounded()
    }

    /// A policy without the statement of this id; none if there is no other.
    pub fn without(policy: Option<Self>, id: &str) -> Result<Option<Self>, PolicyRefused> {
        let mut policy = policy.ok_or(PolicyRefused::NoStatement)?;
        let statements = policy.statements();
        let before = statements.len();
        statements.retain(|one| one["Sid"] != id);
        match statements.len() {
            left if left == before => Err(PolicyRefused::NoStatement),
            0 => Ok(None),
            _ => Ok(Some(policy)),
        }
    }

    /// The policy as JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.0).expect("a policy is plain data")
    }

    fn statements(&mut self) -> &mut Vec<Json> {
        let statements = self.0.get_mut("Statement").and_then(Json::as_array_mut);
        statements.expect("a policy is made with a list of statements")
    }

    fn bounded(self) -> Result<Self, PolicyRefused> {
        let length = self.text().encode_utf16().count();
        if length > POLICY_MAX { Err(PolicyRefused::TooLong { length }) } else { Ok(self) }
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.text()
    }
}

impl TryFrom<String> for Policy {
    type Error = PolicyRefused;

    fn try_from(text: String) -> Result<Self, PolicyRefused> {
        Self::parse(&text)
    }
}

fn depth(json: &Json) -> usize {
    match json {
        Json::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

impl Permission {
    fn statement(&self, bus: &str) -> Json {
        let principal = match self.principal.as_str() {
            "*" => "*".into(),
            account => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
        };
        let mut statement = json!({
            "Sid": self.id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": bus,
        });
        if let Some(organization) = &self.organization {
            statement["Condition"] = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
        }
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/orders";

    fn permission(id: &str, principal: &str) -> Permission {
        Permission {
            id: id.to_owned(),
            action: "events:PutEvents".to_owned(),
            principal: principal.to_owned(),
            organization: None,
        }
    }

    fn told(policy: &Policy) -> Json {
        serde_json::from_str(&policy.text()).unwrap()
    }

    /// The statements are as they were recorded from AWS.
    #[test]
    fn statements_are_added_and_taken_away() {
        let one = Policy::with(None, &permission("first", "111111111111"), BUS).unwrap();
        let both = Policy::with(Some(one), &permission("second", "*"), BUS).unwrap();
        let statement = |id: &str, principal: Json| json!({"Sid": id, "Effect": "Allow", "Principal": principal, "Action": "events:PutEvents", "Resource": BUS});
        let first = statement("first", json!({"AWS": "arn:aws:iam::111111111111:root"}));
        let second = statement("second", json!("*"));
        assert_eq!(told(&both), json!({"Version": "2012-10-17", "Statement": [first, second]}));
        let again = Policy::with(Some(both.clone()), &permission("first", "*"), BUS).unwrap();
        assert_eq!(told(&again)["Statement"], json!([statement("first", json!("*")), second]));
        let left = Policy::without(Some(both), "first").unwrap();
        assert_eq!(told(left.as_ref().unwrap())["Statement"], json!([second]));
        assert_eq!(Policy::without(left.clone(), "first"), Err(PolicyRefused::NoStatement));
        assert_eq!(Policy::without(left, "second"), Ok(None));
        assert_eq!(Policy::without(None, "second"), Err(PolicyRefused::NoStatement));
        let member = Permission { organization: Some("o-1".to_owned()), ..permission("o", "*") };
        let policy = told(&Policy::with(None, &member, BUS).unwrap());
        assert_eq!(policy["Statement"][0]["Condition"], json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}));
    }

    #[test]
    fn a_policy_allows_something_or_is_none() {
        let allowed = json!({"Sid": "s", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "events:ListRules", "Resource": "*"});
        let whole = json!({"Version": "2012-10-17", "Statement": [allowed]});
        assert_eq!(told(&Policy::parse(&whole.to_string()).unwrap()), whole);
        let single = json!({"Version": "2012-10-17", "Statement": allowed});
        assert_eq!(told(&Policy::parse(&single.to_string()).unwrap()), whole);
        let cases = [
            ("{", "it is no JSON: EOF while parsing an object at line 1 column 1"),
            ("[]", "it is no JSON object"),
            ("{}", "it has no Statement"),
            (r#"{"Statement": []}"#, "its Statement is empty"),
            (r#"{"Statement": [{"Effect": "allow"}]}"#, "the Effect of a statement must be Allow"),
            (
                r#"{"Statement": [{"Effect": "Allow"}, {"Effect": "Deny"}]}"#,
                "nothing is denied here, so a statement with the Effect Deny would be without effect",
            ),
        ];
        for (text, reason) in cases {
            assert_eq!(Policy::parse(text), Err(PolicyRefused::Form { reason: reason.to_owned() }), "{text}");
        }
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            Policy::parse(&format!(r#"{{"Statement": {{"Effect": "Allow", "x": {open}{close}}}}}"#))
        };
        // A policy, its list of statements and a statement are three levels more.
        let deepest = nested(DEPTH_MAX - 3).unwrap();
        let kept = serde_json::to_string(&[[[[deepest.clone()]]]]).unwrap();
        assert_eq!(serde_json::from_str::<[[[[Policy; 1]; 1]; 1]; 1]>(&kept).unwrap(), [[[[deepest]]]]);
        let reason = format!("it is nested deeper than {DEPTH_MAX} levels");
        assert_eq!(nested(DEPTH_MAX - 2), Err(PolicyRefused::Form { reason }));
        let long = json!({"Statement": {"Effect": "Allow", "Sid": "x".repeat(POLICY_MAX)}}).to_string();
        assert!(matches!(Policy::parse(&long), Err(PolicyRefused::TooLong { .. })));
    }
}

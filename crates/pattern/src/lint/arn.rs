//! Decides whether a text that begins like an ARN can be one: [`problem`].

/// What is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Its service puts another sign between the kind of the resource and its name.
    Separator { mended: String, wanted: String },
    /// Parts are missing.
    TooShort,
}

/// Services, kinds of resources, and the sign behind the kind.
const KINDS: [(&str, &str, char); 34] = [
    ("acm", "certificate", '/'),
    ("cloudwatch", "alarm", ':'),
    ("codebuild", "build", '/'),
    ("codebuild", "project", '/'),
    ("cognito-idp", "userpool", '/'),
    ("dynamodb", "table", '/'),
    ("ec2", "instance", '/'),
    ("ec2", "security-group", '/'),
    ("ec2", "subnet", '/'),
    ("ec2", "volume", '/'),
    ("ec2", "vpc", '/'),
    ("ecr", "repository", '/'),
    ("ecs", "cluster", '/'),
    ("ecs", "service", '/'),
    ("ecs", "task", '/'),
    ("elasticloadbalancing", "loadbalancer", '/'),
    ("elasticloadbalancing", "targetgroup", '/'),
    ("events", "archive", '/'),
    ("events", "event-bus", '/'),
    ("events", "rule", '/'),
    ("firehose", "deliverystream", '/'),
    ("iam", "policy", '/'),
    ("iam", "role", '/'),
    ("iam", "user", '/'),
    ("kinesis", "stream", '/'),
    ("kms", "key", '/'),
    ("lambda", "function", ':'),
    ("lambda", "layer", ':'),
    ("logs", "log-group", ':'),
    ("pipes", "pipe", '/'),
    ("rds", "db", ':'),
    ("secretsmanager", "secret", ':'),
    ("states", "execution", ':'),
    ("states", "stateMachine", ':'),
];

pub(super) fn problem(text: &str) -> Option<Problem> {
    if !text.starts_with("arn:") {
        return None;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, _, service, _, _, resource] = parts[..] else {
        return Some(Problem::TooShort);
    };
    let end = resource.find([':', '/'])?;
    let (kind, rest) = resource.split_at(end);
    let written = rest.chars().next()?;
    let (_, _, wanted) = KINDS.iter().find(|(known, name, _)| *known == service && *name == kind)?;
    if *wanted == written {
        return None;
    }
    let before = &text[..text.len() - rest.len()];
    let mended = format!("{before}{wanted}{}", &rest[1..]);
    Some(Problem::Separator { mended, wanted: format!("{kind}{wanted}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_right_is_a_problem() {
        let mended = |text: &str| match problem(text) {
            Some(Problem::Separator { mended, .. }) => mended,
            Some(Problem::TooShort) => "too short".into(),
            None => "fine".into(),
        };
        let cases = [
            ("arn:aws:dynamodb:us-east-1:1:table:Orders", "arn:aws:dynamodb:us-east-1:1:table/Orders"),
            ("arn:aws:lambda:us-east-1:1:function/f", "arn:aws:lambda:us-east-1:1:function:f"),
            ("arn:aws:dynamodb:us-east-1:1:table/Orders", "fine"),
            ("arn:aws:lambda:us-east-1:1:function:f:PROD", "fine"),
            ("arn:aws:sns:us-east-1:1:topic", "fine"),
            ("arn:aws:s3:::bucket/key", "fine"),
            ("arn:aws:unheard:us-east-1:1:table:x", "fine"),
            ("arn:aws:s3", "too short"),
            ("table:Orders", "fine"),
        ];
        for (text, expected) in cases {
            assert_eq!(mended(text), expected, "{text}");
        }
    }
}

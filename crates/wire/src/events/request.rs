//! Decides how the members are read that many requests of event buses have: names, texts, times, a bus, a page, tags.
//!
//! A [`Request`] is a request's members, or those of an object in it; what breaks a rule is noted with AWS's path to
//! it, so that all of it is told at once. What was noted gives no value: after `Rules::check`, [`kept`] has it.

use super::{Page, Refused, Tags};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::{Members, Rules, wrong_type};
use delivery::bus::entry::{BusRef, DEFAULT_BUS};
use serde_json::Value as Json;
use std::str::FromStr;
use types::{Arn, BusName, RuleName, Timestamp};

/// How many things a page has at most, and when a request does not say.
const PAGE_MAX: i64 = 100;
/// The first and the last second of the years that a time can be written in: 1 to 9999.
const SECONDS: std::ops::RangeInclusive<f64> = -62_135_596_800.0..=253_402_300_799.0;

/// What a name may be.
pub(super) struct Form {
    /// How many characters it has at most; it has at least one.
    most: usize,
    /// What may stand in it beside letters and digits.
    marks: &'static str,
    /// The same in AWS's spelling.
    pattern: &'static str,
}

const NAME_PATTERN: &str = r"[\.\-_A-Za-z0-9]+";
/// The name of a rule, a target or a replay.
pub(super) const NAME: Form = Form { most: 64, marks: "._-", pattern: NAME_PATTERN };
/// The name of an archive.
pub(super) const ARCHIVE: Form = Form { most: 48, marks: "._-", pattern: NAME_PATTERN };
/// The id of a statement in a bus's policy.
pub(super) const STATEMENT_ID: Form = Form { most: 64, marks: "-_", pattern: "[a-zA-Z0-9-_]+" };
/// The name of a bus.
pub(super) const BUS: Form = Form { most: 256, marks: "/._-", pattern: r"[/\.\-_A-Za-z0-9]+" };
/// The name of a bus, or its ARN.
const BUS_OR_ARN: Form = Form {
    most: 1600,
    marks: "/._-:",
    pattern: r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+",
};

/// A value that is there because everything that was missing or broken was refused before.
pub(super) fn kept<T>(value: Option<T>) -> T {
    value.expect("what is missing or broken was noted, and refused by the check of the rules")
}

/// The members of a request, or of an object in it.
pub(super) struct Request<'a> {
    members: Members<'a>,
    pub(super) context: &'a Context,
    /// The path to these members, with a dot at its end; empty for the request's own.
    at: String,
}

impl<'a> Request<'a> {
    pub(super) fn new(members: Members<'a>, context: &'a Context) -> Self {
        Self { members, context, at: String::new() }
    }

    /// What AWS calls a member in its errors.
    pub(super) fn path(&self, member: &str) -> String {
        let (first, rest) = member.split_at(1);
        format!("{}{}{rest}", self.at, first.to_ascii_lowercase())
    }

    fn inside(&self, members: Members<'a>, at: String) -> Self {
        Self { members, context: self.context, at }
    }

    /// Refuses members that AWS knows and this engine does not handle.
    pub(super) fn refuse(&self, names: &[&str]) -> Result<(), WireError> {
        self.members.refuse(names)
    }

    pub(super) fn has(&self, member: &str) -> bool {
        self.members.get(member).is_some()
    }

    pub(super) fn text(&self, member: &str) -> Result<Option<&'a str>, WireError> {
        self.members.text(member)
    }

    pub(super) fn owned(&self, member: &str) -> Result<Option<String>, WireError> {
        Ok(self.text(member)?.map(str::to_owned))
    }

    pub(super) fn truth(&self, member: &str) -> Result<Option<bool>, WireError> {
        self.members.truth(member)
    }

    pub(super) fn texts(&self, member: &str) -> Result<Option<Vec<&'a str>>, WireError> {
        self.members.texts(member)
    }

    pub(super) fn named_texts(&self, member: &str) -> Result<Option<Vec<(&'a str, &'a str)>>, WireError> {
        self.members.named_texts(member)
    }

    pub(super) fn object(&self, member: &str) -> Result<Option<Self>, WireError> {
        let members = self.members.nested(member)?;
        Ok(members.map(|members| self.inside(members, format!("{}.", self.path(member)))))
    }

    pub(super) fn objects(&self, member: &str) -> Result<Option<Vec<Self>>, WireError> {
        let Some(list) = self.members.objects(member)? else { return Ok(None) };
        let path = self.path(member);
        let numbered =
            (1..).zip(list).map(|(number, members)| self.inside(members, format!("{path}.{number}.member.")));
        Ok(Some(numbered.collect()))
    }

    /// A list of objects that must be there and have between one and `most` of them.
    pub(super) fn some_objects(&self, rules: &mut Rules, member: &str, most: usize) -> Result<Vec<Self>, WireError> {
        let list = self.objects(member)?;
        self.count(rules, member, list.as_ref().map(Vec::len), most);
        Ok(list.unwrap_or_default())
    }

    /// Holds a list that must be there to the number of things that it may have.
    pub(super) fn count(&self, rules: &mut Rules, member: &str, count: Option<usize>, most: usize) {
        let path = self.path(member);
        match count {
            None => rules.missing(&path),
            Some(0) => {
                rules.broken(Some("[]"), &path, "Member must have length greater than or equal to 1");
            }
            Some(count) if count > most => {
                let rule = format!("Member must have length less than or equal to {most}");
                rules.broken(Some(&format!("a list of {count}")), &path, &rule);
            }
            Some(_) => {}
        }
    }

    /// Holds a text to its length, counted as Java counts.
    pub(super) fn at_most(&self, rules: &mut Rules, member: &str, value: &str, most: usize) {
        if value.encode_utf16().count() > most {
            let rule = format!("Member must have length less than or equal to {most}");
            rules.broken(Some(value), &self.path(member), &rule);
        }
    }

    /// A text that is not longer than `most`.
    pub(super) fn short(&self, rules: &mut Rules, member: &str, most: usize) -> Result<Option<String>, WireError> {
        let value = self.text(member)?;
        if let Some(value) = value {
            self.at_most(rules, member, value, most);
        }
        Ok(value.map(str::to_owned))
    }

    /// An ARN's text, which is not looked into: from 1 to 1,600 characters.
    pub(super) fn long_name(&self, rules: &mut Rules, member: &str) -> Result<Option<String>, WireError> {
        let value = self.text(member)?;
        if let Some(value) = value {
            rules.length(value, &self.path(member), 1, BUS_OR_ARN.most);
        }
        Ok(value.map(str::to_owned))
    }

    /// The same, if it must be there.
    pub(super) fn some_long_name(&self, rules: &mut Rules, member: &str) -> Result<Option<String>, WireError> {
        let value = self.long_name(rules, member)?;
        if value.is_none() {
            rules.missing(&self.path(member));
        }
        Ok(value)
    }

    /// A number within bounds.
    pub(super) fn number(
        &self,
        rules: &mut Rules,
        member: &str,
        least: i64,
        most: i64,
    ) -> Result<Option<i64>, WireError> {
        let value = self.members.integer(member)?;
        if let Some(value) = value {
            rules.range(value, &self.path(member), least, most);
        }
        Ok(value)
    }

    /// One of some texts.
    pub(super) fn one_of(&self, rules: &mut Rules, member: &str, all: &[&str]) -> Result<Option<&'a str>, WireError> {
        let value = self.text(member)?;
        if let Some(value) = value {
            rules.one_of(value, &self.path(member), all);
        }
        Ok(value)
    }

    /// An instant: seconds since 1970, with a fraction if there is one.
    pub(super) fn time(&self, rules: &mut Rules, member: &str) -> Result<Option<Timestamp>, WireError> {
        let Some(value) = self.members.get(member) else { return Ok(None) };
        let seconds = if let Json::Number(number) = value { number.as_f64() } else { None };
        let seconds = seconds.ok_or_else(|| wrong_type(value, "Date"))?;
        if SECONDS.contains(&seconds) {
            return Ok(Some(Timestamp::from_millis((seconds * 1000.0).round() as i64)));
        }
        rules.broken(Some(&value.to_string()), &self.path(member), "Member must be a time in the years 1 to 9999");
        Ok(None)
    }

    /// A name that must be there.
    pub(super) fn name<T: FromStr>(
        &self,
        rules: &mut Rules,
        member: &str,
        form: &Form,
    ) -> Result<Option<T>, WireError> {
        let path = self.path(member);
        let Some(text) = self.text(member)? else {
            rules.missing(&path);
            return Ok(None);
        };
        Ok(checked(rules, text, &path, form))
    }

    /// A text of a form that need not be there.
    pub(super) fn formed(&self, rules: &mut Rules, member: &str, form: &Form) -> Result<Option<String>, WireError> {
        Ok(self.text(member)?.and_then(|text| checked(rules, text, &self.path(member), form)))
    }

    /// The bus that is named in `member`, by its name or its ARN; the default bus if none is.
    pub(super) fn bus(&self, rules: &mut Rules, member: &str) -> Result<Option<BusName>, WireError> {
        let text = self.text(member)?.unwrap_or(DEFAULT_BUS);
        if !is_of(text, &BUS_OR_ARN) {
            checked::<String>(rules, text, &self.path(member), &BUS_OR_ARN);
            return Ok(None);
        }
        match BusRef::parse(text, &self.context.account) {
            Ok(BusRef::Here(bus)) => Ok(Some(bus)),
            Ok(BusRef::Elsewhere(arn)) => Err(Refused::NoBus(&arn.to_string()).error()),
            Err(_) => {
                rules.broken(Some(text), &self.path(member), &regular(&BUS_OR_ARN));
                Ok(None)
            }
        }
    }

    /// The rule that is named in `member`, and its bus.
    pub(super) fn rule(&self, member: &str) -> Result<(BusName, RuleName), WireError> {
        let mut rules = Rules::default();
        let (rule, bus) = (self.name(&mut rules, member, &NAME)?, self.bus(&mut rules, "EventBusName")?);
        rules.check(Code::Validation)?;
        Ok((kept(bus), kept(rule)))
    }

    /// Which part of a list is asked for, among what is named by `form`.
    pub(super) fn page(&self, rules: &mut Rules, form: &Form) -> Result<Page, WireError> {
        let prefix = self.text("NamePrefix")?;
        if let Some(prefix) = prefix {
            checked::<String>(rules, prefix, &self.path("NamePrefix"), form);
        }
        let limit = self.number(rules, "Limit", 1, PAGE_MAX)?.unwrap_or(PAGE_MAX);
        Page::new(prefix, self.text("NextToken")?, usize::try_from(limit).unwrap_or(1))
    }

    /// The tags in `Tags`; of one key the last value counts.
    pub(super) fn tags(&self, rules: &mut Rules) -> Result<Option<Tags>, WireError> {
        let Some(list) = self.objects("Tags")? else { return Ok(None) };
        let mut tags = Vec::new();
        for tag in list {
            let (key, value) = (tag.text("Key")?, tag.text("Value")?);
            for (member, text, least, most) in [("Key", key, 1, 128), ("Value", value, 0, 256)] {
                match text {
                    None => rules.missing(&tag.path(member)),
                    Some(text) => {
                        tag.at_most(rules, member, text, most);
                        rules.length(text, &tag.path(member), least, usize::MAX);
                    }
                }
            }
            if let (Some(key), Some(value)) = (key, value) {
                tags.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Some(tags.into_iter().collect()))
    }

    /// The ARN in `member`, which must be one of this account and region.
    pub(super) fn own_arn(&self, rules: &mut Rules, member: &str) -> Result<Option<Arn>, WireError> {
        let Some(text) = self.some_long_name(rules, member)? else { return Ok(None) };
        let Ok(arn) = text.parse::<Arn>() else {
            let message = format!("Parameter {member} is not valid. Reason: Provided Arn is not in correct format.");
            return Err(WireError::new(Code::Validation, message));
        };
        let account = &self.context.account;
        if *arn.account == *account.id && *arn.region == *account.region && &*arn.service == "events" {
            Ok(Some(arn))
        } else {
            Err(Refused::NoResource(&arn).error())
        }
    }
}

fn is_of(text: &str, form: &Form) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || form.marks.contains(char);
    !text.is_empty() && text.len() <= form.most && text.chars().all(fits)
}

fn regular(form: &Form) -> String {
    format!("Member must satisfy regular expression pattern: {}", form.pattern)
}

/// The value that a text stands for; if it stands for none, what is wrong is noted.
pub(super) fn checked<T: FromStr>(rules: &mut Rules, text: &str, path: &str, form: &Form) -> Option<T> {
    if is_of(text, form) {
        return text.parse().ok();
    }
    rules.length(text, path, 1, form.most);
    if text.is_empty() || !text.chars().all(|char| char.is_ascii_alphanumeric() || form.marks.contains(char)) {
        rules.broken(Some(text), path, &regular(form));
    }
    None
}

//! Decides what a sample shows: which paths have values, of which type, and which are objects. Start at [`Seen::of`].
//!
//! The sample is an event, or for a change stream a bare item, which stands for both images. A message that is JSON in
//! a string is read like the fields inside it, as engines do.

use super::roots::data_key;
use super::shape::{PlaceId, Places};
use super::stream::TAGS;
use super::tree::{Field, Kind, Tree, Value};
use super::{Context, Source};
use std::collections::{HashMap, HashSet};

/// Values of one path that are kept.
const VALUES_MAX: usize = 16;

/// Places with the same last part that are kept.
const NAMESAKES_MAX: usize = 8;

/// Names inside one object that are kept.
const NAMES_MAX: usize = 64;

/// What one path shows.
#[derive(Debug, Default)]
pub(super) struct At<'v> {
    pub(super) scalars: Vec<&'v Value<'v>>,
    pub(super) has_object: bool,
    /// Whether one of the objects came out of a list.
    pub(super) has_object_in_list: bool,
    /// Whether a value came out of a list.
    pub(super) has_list: bool,
    /// Whether a value stands in an object that came out of a list.
    pub(super) is_within_list: bool,
}

/// What a message's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Json,
    Text,
}

/// A sample by its paths.
#[derive(Debug)]
pub(super) struct Seen<'v> {
    pub(super) places: Places<'v>,
    at: HashMap<PlaceId, At<'v>>,
    namesakes: HashMap<String, Vec<PlaceId>>,
    below: HashMap<PlaceId, Vec<PlaceId>>,
    /// Keys that have a dot in the sample too.
    dotted: HashSet<&'v str>,
    /// Whether it is an item and no record.
    is_item: bool,
    /// What is in the field that holds the message, if it is there.
    pub(super) content: Option<Content>,
}

/// The message inside an event, if it is a string that holds JSON.
pub(super) fn content_text<'v>(top: &'v Value<'v>, source: Source) -> Option<&'v str> {
    if matches!(source, Source::Bus | Source::DynamoDb(_) | Source::Unknown) {
        return None;
    }
    let key = data_key(source)?;
    top.object()?.iter().find(|field| field.name == key)?.value.string()
}

impl<'v> Seen<'v> {
    /// `content` is what [`content_text`] gave, read.
    pub(super) fn of(top: &'v [Field<'v>], content: Option<&'v Tree<'v>>, context: &Context<'_>) -> Seen<'v> {
        let mut seen = Seen {
            places: Places::new(),
            at: HashMap::new(),
            namesakes: HashMap::new(),
            below: HashMap::new(),
            dotted: HashSet::new(),
            is_item: false,
            content: None,
        };
        let typed = |field: &Field<'_>| field.value.only_field().is_some_and(|inner| TAGS.contains(&&*inner.name));
        if matches!(context.source, Source::DynamoDb(_) | Source::Unknown) && !top.is_empty() && top.iter().all(typed) {
            seen.is_item = true;
        }
        if seen.is_item {
            for image in ["NewImage", "OldImage"] {
                let dynamodb = seen.places.below(Places::TOP, "dynamodb");
                let image = seen.places.below(dynamodb, image);
                seen.object(top, image, false);
            }
        } else {
            let data = match context.source {
                Source::Bus | Source::DynamoDb(_) | Source::Unknown => None,
                source => data_key(source),
            };
            for field in top {
                match content {
                    Some(content) if Some(&*field.name) == data && field.value.string().is_some() => {
                        seen.content = Some(Content::Json);
                        let place = seen.places.below(Places::TOP, &field.name);
                        seen.value(&content.top, place, false, false);
                    }
                    _ => {
                        if Some(&*field.name) == data {
                            let json = matches!(field.value.kind, Kind::Object(_) | Kind::Array(_));
                            seen.content = Some(if json { Content::Json } else { Content::Text });
                        }
                        seen.object(std::slice::from_ref(field), Places::TOP, false);
                    }
                }
            }
        }
        for place in seen.places.all() {
            let name = seen.places.last_segment(place).to_lowercase();
            let places = seen.namesakes.entry(name).or_default();
            if places.len() < NAMESAKES_MAX {
                places.push(place);
            }
            let below = seen.below.entry(seen.places.parent(place)).or_default();
            if place != Places::TOP && below.len() < NAMES_MAX {
                below.push(place);
            }
        }
        seen
    }

    /// `within_list` says whether one of the objects around these fields came out of a list.
    fn object(&mut self, fields: &'v [Field<'v>], place: PlaceId, within_list: bool) {
        for field in fields {
            if field.name.contains('.') {
                self.dotted.insert(&field.name);
            }
            let below = self.places.below(place, &field.name);
            self.value(&field.value, below, false, within_list);
        }
    }

    fn value(&mut self, value: &'v Value<'v>, place: PlaceId, in_list: bool, within_list: bool) {
        let at = self.at.entry(place).or_default();
        match &value.kind {
            Kind::Object(fields) => {
                at.has_object = true;
                at.has_object_in_list |= in_list;
                self.object(fields, place, within_list || in_list);
            }
            Kind::Array(values) => {
                for value in values {
                    self.value(value, place, true, within_list);
                }
            }
            Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null => {
                at.has_list |= in_list;
                at.is_within_list |= within_list;
                if at.scalars.len() < VALUES_MAX {
                    at.scalars.push(value);
                }
            }
        }
    }

    /// The sample's number of a path of the pattern.
    pub(super) fn find(&self, segments: &[&str]) -> Option<PlaceId> {
        segments.iter().try_fold(Places::TOP, |place, segment| self.places.find(place, segment))
    }

    pub(super) fn at(&self, place: PlaceId) -> Option<&At<'v>> {
        self.at.get(&place)
    }

    pub(super) fn has_key(&self, dotted: &str) -> bool {
        self.dotted.contains(dotted)
    }

    /// Whether the sample can tell that a path is not there.
    pub(super) fn covers(&self, segments: &[&str]) -> bool {
        match segments {
            // A record has the images that its change has; another record may have the other.
            ["dynamodb", image @ ("NewImage" | "OldImage" | "Keys"), ..] => self.find(&["dynamodb", image]).is_some(),
            _ => !self.is_item,
        }
    }

    /// Places whose last part has this name, in any case.
    pub(super) fn namesakes(&self, name: &str) -> &[PlaceId] {
        self.namesakes.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The places right below a place.
    pub(super) fn below(&self, place: PlaceId) -> &[PlaceId] {
        self.below.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The type that an attribute has in the sample.
    pub(super) fn tag(&self, segments: &[&str]) -> Option<&'static str> {
        let place = self.find(segments)?;
        TAGS.into_iter().find(|tag| !matches!(*tag, "M" | "L") && self.places.find(place, tag).is_some())
    }
}

//! Decides in which order resources are evaluated, and refuses references that go nowhere or
//! in a circle.
//!
//! Start at [`order`]. A name that does not exist is a finding even where an `Fn::If` does not
//! take its branch; only branches that are taken make one resource wait for another.

use crate::evaluate::{Piece, Scope, parts, pieces};
use crate::findings::{Findings, Path, Position};
use crate::node::{Data, Entry, Node, find};
use crate::template::RawResource;
use types::{SortedMap, sort};

/// The places in `template.resources` of those whose condition holds, each after those that
/// it refers to; `None` when there is a circle.
pub(crate) fn order(scope: &Scope<'_>, findings: &mut Findings) -> Option<Vec<usize>> {
    let section = Path::TOP.key("Resources");
    let resources = &scope.template.resources;
    let places: SortedMap<&str, usize> =
        resources.iter().enumerate().map(|(place, resource)| (resource.id.as_str(), place)).collect();
    let mut active = vec![false; resources.len()];
    for (place, resource) in resources.iter().enumerate() {
        active[place] = match &resource.condition {
            None => true,
            Some((name, at)) => {
                let path = section.key(&resource.id);
                scope.condition(*at, name, &path.key("Condition"), findings).unwrap_or(false)
            }
        };
    }
    let mut waits_for = vec![Vec::new(); resources.len()];
    for (place, resource) in resources.iter().enumerate() {
        let path = section.key(&resource.id);
        let mut walk = Walk { scope, places: &places, findings, found: Vec::new() };
        walk.node(&resource.properties, active[place], &path.key("Properties"));
        walk.depends_on(resource, &path);
        let mut found = walk.found;
        sort::ascending(&mut found);
        found.dedup();
        waits_for[place] = found.into_iter().filter(|other| active[*other]).collect();
    }
    let mut walk = Walk { scope, places: &places, findings, found: Vec::new() };
    let section = Path::TOP.key("Outputs");
    for output in &scope.template.outputs {
        let path = section.key(&output.name);
        let named = output.condition.as_ref().map(|(name, _)| name.as_str());
        let taken = named.is_none_or(|name| scope.conditions.get(name) == Some(&true));
        walk.node(&output.value, taken, &path.key("Value"));
        if let Some(name) = &output.export_name {
            walk.node(name, taken, &path.key("Export"));
        }
    }
    sort(resources, &active, &waits_for, findings)
}

/// Collects which resources a node refers to.
struct Walk<'w, 's, 'f> {
    scope: &'w Scope<'s>,
    places: &'w SortedMap<&'w str, usize>,
    findings: &'f mut Findings,
    found: Vec<usize>,
}

impl Walk<'_, '_, '_> {
    fn node(&mut self, node: &Node, taken: bool, path: &Path<'_>) {
        if self.findings.full().is_some() {
            return;
        }
        match &node.data {
            Data::Scalar(_) => {}
            Data::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(item, taken, &path.index(index));
                }
            }
            Data::Map(entries) => match node.as_call() {
                Some((function, argument)) => self.call(function, argument, taken, &path.key(function)),
                None => {
                    for Entry { key, value, .. } in entries {
                        self.node(value, taken, &path.key(key));
                    }
                }
            },
        }
    }

    fn call(&mut self, function: &str, argument: &Node, taken: bool, path: &Path<'_>) {
        match function {
            "Ref" => {
                if let Some(name) = argument.as_scalar() {
                    self.name(argument.at, name, taken, path);
                }
            }
            "Fn::GetAtt" => {
                let id = match &argument.data {
                    Data::Scalar(text) => text.split_once('.').map(|(id, _)| id),
                    Data::List(items) => items.first().and_then(Node::as_scalar),
                    Data::Map(_) => None,
                };
                if let Some(id) = id {
                    self.name(argument.at, id, taken, path);
                }
                if let Some([_, attribute]) = argument.as_list() {
                    self.node(attribute, taken, &path.index(1));
                }
            }
            "Fn::Sub" => self.substitute(argument, taken, path),
            "Fn::If" => {
                let Some([condition, yes, no]) = argument.as_list() else { return };
                // A condition that is not known is a finding when the call is evaluated.
                let holds = condition.as_scalar().and_then(|name| self.scope.conditions.get(name).copied());
                self.node(yes, taken && holds == Some(true), &path.index(1));
                self.node(no, taken && holds == Some(false), &path.index(2));
            }
            _ => self.node(argument, taken, path),
        }
    }

    fn substitute(&mut self, argument: &Node, taken: bool, path: &Path<'_>) {
        // What is not well formed is a finding when the call is evaluated.
        let Some((node, text, variables)) = parts(argument) else { return };
        for piece in pieces(text).unwrap_or_default() {
            if let Piece::Variable(name) = piece
                && find(variables, name).is_none()
            {
                let id = name.split_once('.').map_or(name, |(id, _)| id);
                self.name(node.at, id, taken, path);
            }
        }
        for Entry { key, value, .. } in variables {
            self.node(value, taken, &path.key(key));
        }
    }

    fn name(&mut self, at: Position, name: &str, taken: bool, path: &Path<'_>) {
        let scope = self.scope;
        if name.starts_with("AWS::") || scope.template.parameters.iter().any(|parameter| parameter.name == name) {
            return;
        }
        match self.places.get(name) {
            Some(place) if taken => self.found.push(*place),
            Some(_) => {}
            // What is taken is a finding when it is evaluated; saying it twice helps nobody.
            None if taken => {}
            None => {
                scope.unknown_name(at, name, path, self.findings);
            }
        }
    }

    fn depends_on(&mut self, resource: &RawResource, path: &Path<'_>) {
        let path = path.key("DependsOn");
        for (name, at) in &resource.depends_on {
            match self.places.get(name.as_str()) {
                Some(place) => self.found.push(*place),
                None => {
                    self.scope.unknown_name(*at, name, &path, self.findings);
                }
            }
        }
    }
}

/// Orders the active resources so that each comes after those that it waits for.
fn sort(
    resources: &[RawResource],
    active: &[bool],
    waits_for: &[Vec<usize>],
    findings: &mut Findings,
) -> Option<Vec<usize>> {
    let mut placed = vec![false; resources.len()];
    let mut order = Vec::new();
    loop {
        // At most 500 resources, so looking through them again each round is cheap enough.
        let ready: Vec<usize> = (0..resources.len())
            .filter(|place| active[*place] && !placed[*place] && waits_for[*place].iter().all(|other| placed[*other]))
            .collect();
        if ready.is_empty() {
            break;
        }
        for place in ready {
            placed[place] = true;
            order.push(place);
        }
    }
    let stuck = (0..resources.len()).find(|place| active[*place] && !placed[*place]);
    let Some(mut at) = stuck else { return Some(order) };
    // Whoever is stuck waits for somebody who is stuck, so walking on comes round to the circle.
    let mut walked = Vec::new();
    while !walked.contains(&at) {
        walked.push(at);
        at = *waits_for[at].iter().find(|other| !placed[**other]).expect("a stuck resource waits for a stuck one");
    }
    let start = walked.iter().position(|place| *place == at).expect("the walk ended where it had been");
    let mut names: Vec<&str> = walked[start..].iter().map(|place| resources[*place].id.as_str()).collect();
    names.push(names[0]);
    let section = Path::TOP.key("Resources");
    let first = &resources[at];
    findings.add_with_hint(
        first.at,
        &section.key(&first.id),
        format!("resources refer to each other in a circle: {}", names.join(" -> ")),
        "take one reference out, for example by writing a name instead",
    );
    None
}

//! Decides which route a request is for: its method and the path as it came, percent-encoding and all.
//!
//! Start at [`Table::find`]. A path is taken apart first and decoded part by part then, so an encoded slash is never a
//! border; what is compared is what is decoded, so no spelling of `/orders/search` reaches `/orders/{id}`. A path with
//! an empty part (`//`, a slash at its end), a part `.` or `..`, or a broken escape is no route's path.
//!
//! Invariant: of several templates that fit, a fixed part wins over `{param}`, and that over `{rest+}`, from left to right.
//! A search looks at each node of the table once at most, and allocates nothing but the parameters.

use std::borrow::Cow;
use std::fmt;
use types::sort;

/// The most bytes of a path.
pub const PATH_BYTES_MAX: usize = 4_096;

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the headers alone.
    Head,
    /// Makes.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
    /// Asks what is allowed.
    Options,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 7] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// From its name; methods are told apart by case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// `GET`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which route of an API, by its place in the list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub usize);

/// The parameters of a path, decoded, in the order of the path.
pub type Params<'t> = Vec<(&'t str, Cow<'t, str>)>;

/// What a method and a path lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'t> {
    /// To a route.
    Route {
        /// Which.
        route: RouteId,
        /// What stands in the places of `{param}`.
        params: Params<'t>,
    },
    /// The path is there, but not for this method.
    WrongMethod {
        /// The methods that it is there for: `GET, POST`.
        allow: &'t str,
        /// The template of the path.
        resource: &'t str,
    },
    /// No template fits the path.
    Nothing,
}

/// Why a template cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateRefused {
    /// It is not written as a template is.
    #[error(
        "a path begins with /, has no empty part and no slash at its end, and its parts are fixed or {{name}} as a whole"
    )]
    Shape,
    /// `{rest+}` stands before the end.
    #[error("{{name+}} takes the rest of a path, so nothing may follow it")]
    AfterGreedy,
    /// Two names for the same place.
    #[error("another path has {{{had}}} at the place of {{{name}}}; give both the same name")]
    OtherName {
        /// The name that is there.
        had: String,
        /// The name that is to be added.
        name: String,
    },
    /// One name twice in a path.
    #[error("the name {{{0}}} stands twice in the path; give each place its own")]
    SameName(String),
    /// Method and path are there.
    #[error("this method and path are there already")]
    Twice,
}

/// The templates of an API.
#[derive(Debug, Clone)]
pub struct Table {
    nodes: Vec<Node>,
    resources: Vec<Resource>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// By text, sorted.
    fixed: Vec<(Box<str>, usize)>,
    param: Option<(Box<str>, usize)>,
    greedy: Option<(Box<str>, usize)>,
    resource: Option<usize>,
}

#[derive(Debug, Clone)]
struct Resource {
    template: Box<str>,
    methods: Vec<(Method, RouteId)>,
    /// For every method that is not named.
    any: Option<RouteId>,
    allow: String,
}

impl Default for Table {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], resources: Vec::new() }
    }
}

impl Table {
    /// Adds a route; without a method it is for every method that the path has no other route for.
    pub fn add(&mut self, method: Option<Method>, template: &str, route: RouteId) -> Result<(), TemplateRefused> {
        let at = self.node(template)?;
        let id = match self.nodes[at].resource {
            Some(id) => id,
            None => {
                let (methods, allow) = (Vec::new(), String::new());
                self.resources.push(Resource { template: template.into(), methods, any: None, allow });
                self.nodes[at].resource = Some(self.resources.len() - 1);
                self.resources.len() - 1
            }
        };
        let resource = &mut self.resources[id];
        match method {
            Some(method) if resource.methods.iter().any(|(had, _)| *had == method) => {
                return Err(TemplateRefused::Twice);
            }
            None if resource.any.is_some() => return Err(TemplateRefused::Twice),
            Some(method) => resource.methods.push((method, route)),
            None => resource.any = Some(route),
        }
        sort::ascending(&mut resource.methods);
        let names: Vec<&str> = resource.methods.iter().map(|(method, _)| method.as_str()).collect();
        resource.allow = names.join(", ");
        Ok(())
    }

    /// The node of a template, made where it is not there.
    fn node(&mut self, template: &str) -> Result<usize, TemplateRefused> {
        let rest = template.strip_prefix('/').ok_or(TemplateRefused::Shape)?;
        let mut at = 0;
        if rest.is_empty() {
            return Ok(at);
        }
        let mut names: Vec<&str> = Vec::new();
        let mut parts = rest.split('/').peekable();
        while let Some(part) = parts.next() {
            let next = self.nodes.len();
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
                if part.is_empty() || part.contains(['{', '}', '%', '?', '#']) || part == "." || part == ".." {
                    return Err(TemplateRefused::Shape);
                }
                match self.nodes[at].fixed.binary_search_by(|(had, _)| had.as_ref().cmp(part)) {
                    Ok(found) => at = self.nodes[at].fixed[found].1,
                    Err(place) => {
                        self.nodes[at].fixed.insert(place, (part.into(), next));
                        self.nodes.push(Node::default());
                        at = next;
                    }
                }
                continue;
            };
            let (name, greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) {
                return Err(TemplateRefused::Shape);
            }
            if greedy && parts.peek().is_some() {
                return Err(TemplateRefused::AfterGreedy);
            }
            if names.contains(&name) {
                return Err(TemplateRefused::SameName(name.to_owned()));
            }
            names.push(name);
            let node = &mut self.nodes[at];
            let slot = if greedy { &mut node.greedy } else { &mut node.param };
            match slot {
                Some((had, _)) if had.as_ref() != name => {
                    return Err(TemplateRefused::OtherName { had: had.to_string(), name: name.to_owned() });
                }
                Some((_, found)) => at = *found,
                None => {
                    *slot = Some((name.into(), next));
                    self.nodes.push(Node::default());
                    at = next;
                }
            }
        }
        Ok(at)
    }

    /// What a request leads to. The path is as it came, without the query.
    pub fn find<'t>(&'t self, method: &str, path: &'t str) -> Found<'t> {
        let mut params = Params::new();
        let found = match path.strip_prefix('/') {
            Some("") => self.nodes[0].resource,
            Some(rest) if path.len() <= PATH_BYTES_MAX => self.walk(0, rest, &mut params),
            _ => None,
        };
        let Some(resource) = found.map(|id| &self.resources[id]) else { return Found::Nothing };
        let method = Method::parse(method);
        let named = resource.methods.iter().find(|(had, _)| Some(*had) == method).map(|(_, route)| *route);
        match named.or(resource.any.filter(|_| method.is_some())) {
            Some(route) => Found::Route { route, params },
            None => Found::WrongMethod { allow: &resource.allow, resource: &resource.template },
        }
    }

    fn walk<'t>(&'t self, at: usize, rest: &'t str, params: &mut Params<'t>) -> Option<usize> {
        let node = &self.nodes[at];
        let (part, after) = rest.split_once('/').map_or((rest, None), |(part, after)| (part, Some(after)));
        let decoded = decode_part(part)?;
        let go_on = |next: usize, params: &mut Params<'t>| match after {
            Some(after) => self.walk(next, after, params),
            None => self.nodes[next].resource,
        };
        if let Ok(found) = node.fixed.binary_search_by(|(had, _)| had.as_ref().cmp(&decoded))
            && let Some(resource) = go_on(node.fixed[found].1, params)
        {
            return Some(resource);
        }
        let before = params.len();
        if let Some((name, next)) = &node.param {
            params.push((name, decoded));
            if let Some(resource) = go_on(*next, params) {
                return Some(resource);
            }
            params.truncate(before);
        }
        let (name, next) = node.greedy.as_ref()?;
        params.push((name, decode_rest(rest)?));
        self.nodes[*next].resource
    }
}

/// One part of a path, decoded; nothing if no route may have such a part.
fn decode_part(part: &str) -> Option<Cow<'_, str>> {
    let decoded = decode(part, false)?;
    let dots = decoded.split(['/', '\\']).any(|piece| piece == "." || piece == "..");
    (!decoded.is_empty() && !dots && !decoded.contains(char::is_control)).then_some(decoded)
}

fn decode_rest(rest: &str) -> Option<Cow<'_, str>> {
    let mut parts = rest.split('/').map(decode_part);
    if !rest.contains('%') {
        return parts.all(|part| part.is_some()).then_some(Cow::Borrowed(rest));
    }
    let parts: Option<Vec<Cow<'_, str>>> = parts.collect();
    Some(Cow::Owned(parts?.join("/")))
}

/// Decodes `%XX`, and `+` as a blank where it means one; nothing if an escape is broken or the bytes are no text.
pub(crate) fn decode(text: &str, plus_is_blank: bool) -> Option<Cow<'_, str>> {
    let is_plain = |byte: u8| byte != b'%' && (byte != b'+' || !plus_is_blank);
    if text.bytes().all(is_plain) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit()? << 4 | digit()?
            }
            b'+' if plus_is_blank => b' ',
            byte => byte,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(templates: &[(&str, &str)]) -> Table {
        let mut table = Table::default();
        for (at, (method, template)) in templates.iter().enumerate() {
            table.add(Method::parse(method), template, RouteId(at)).unwrap_or_else(|why| panic!("{template}: {why}"));
        }
        table
    }

    /// `0 id=7`, `405 GET, POST` or `404`.
    fn find(table: &Table, method: &str, path: &str) -> String {
        match table.find(method, path) {
            Found::Route { route, params } => {
                let params: Vec<String> = params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("{}{}", route.0, params.concat())
            }
            Found::WrongMethod { allow, .. } => format!("405 {allow}"),
            Found::Nothing => "404".to_owned(),
        }
    }

    #[test]
    fn a_path_leads_to_one_route_however_it_is_spelt() {
        let table = table(&[
            ("POST", "/orders"),
            ("GET", "/orders/{id}"),
            ("GET", "/orders/search"),
            ("POST", "/orders/{id}/cancel"),
            ("GET", "/customers/{id}/orders"),
            ("ANY", "/files/{path+}"),
            ("GET", "/files/list"),
            ("GET", "/"),
            ("GET", "/orders/search/saved"),
        ]);
        let cases = [
            ("POST", "/orders", "0"),
            ("GET", "/orders/7", "1 id=7"),
            ("GET", "/orders/search", "2"),
            ("GET", "/orders/%73earch", "2"),
            ("GET", "/orders/Search", "1 id=Search"),
            ("POST", "/orders/7/cancel", "3 id=7"),
            ("POST", "/orders/search/cancel", "3 id=search"),
            ("GET", "/customers/a%20b/orders", "4 id=a b"),
            ("GET", "/customers/%C3%A9/orders", "4 id=é"),
            ("GET", "/orders/a%2Fcancel", "1 id=a/cancel"),
            ("GET", "/orders/a+b", "1 id=a+b"),
            ("GET", "/files/list", "6"),
            ("DELETE", "/files/list", "405 GET"),
            ("PUT", "/files/a/b/c", "5 path=a/b/c"),
            ("PUT", "/files/a%20b/c", "5 path=a b/c"),
            ("GET", "/", "7"),
            ("DELETE", "/orders/7", "405 GET"),
            ("get", "/orders/7", "405 GET"),
            ("BREW", "/files/x", "405 "),
            ("GET", "/orders", "405 POST"),
            ("POST", "/orders/", "404"),
            ("POST", "//orders", "404"),
            ("POST", "/Orders", "404"),
            ("POST", "/orders//", "404"),
            ("GET", "/orders//7", "404"),
            ("GET", "/orders/..", "404"),
            ("GET", "/orders/%2e%2E", "404"),
            ("GET", "/orders/%2e%2e%2fcustomers", "404"),
            ("GET", "/files/a/%2e%2e/b", "404"),
            ("GET", "/files/a//b", "404"),
            ("GET", "/orders/%zz", "404"),
            ("GET", "/orders/%2", "404"),
            ("GET", "/orders/%ff", "404"),
            ("GET", "/orders/%00", "404"),
            ("GET", "/orders/%0a", "404"),
            ("GET", "orders/7", "404"),
            ("GET", "", "404"),
            ("GET", "*", "404"),
            ("GET", "/orders/%2573earch", "1 id=%73earch"),
        ];
        for (method, path, expected) in cases {
            assert_eq!(find(&table, method, path), expected, "{method} {path}");
        }
        assert_eq!(find(&table, "GET", &format!("/orders/{}", "a".repeat(PATH_BYTES_MAX))), "404");
    }

    #[test]
    fn templates_that_cannot_stand_together_are_refused() {
        let cases = [
            ("orders", "/orders"),
            ("/a//b", "x"),
            ("/a/", "x"),
            ("/a/{b}c", "x"),
            ("/a/{}", "x"),
            ("/{a+}/b", "x"),
            ("/{a}/{a}", "x"),
            ("/%61", "x"),
            ("/../a", "x"),
            ("/orders/{other}", "/orders/{id}"),
            ("/orders", "/orders"),
        ];
        for (template, beside) in cases {
            let mut table = Table::default();
            let _ = table.add(Some(Method::Get), beside, RouteId(0));
            assert!(template == "orders" || table.add(Some(Method::Get), template, RouteId(1)).is_err(), "{template}");
        }
        assert_eq!(Table::default().add(None, "orders", RouteId(0)), Err(TemplateRefused::Shape));
    }

    /// Every template is tried; the best of those that fit wins, compared part by part.
    fn model(templates: &[Vec<&'static str>], path: &[String]) -> Option<usize> {
        let rank = |template: &[&str]| -> Option<Vec<u8>> {
            let mut ranks = Vec::new();
            for (at, part) in template.iter().enumerate() {
                match *part {
                    "{r+}" => {
                        ranks.push(2);
                        return (path.len() > at).then_some(ranks);
                    }
                    "{p}" | "{q}" => ranks.push(1),
                    fixed => {
                        if path.get(at)? != fixed {
                            return None;
                        }
                        ranks.push(0);
                    }
                }
            }
            (path.len() == template.len()).then_some(ranks)
        };
        let ranked = templates.iter().enumerate().filter_map(|(at, template)| rank(template).map(|rank| (rank, at)));
        ranked.min().map(|(_, at)| at)
    }

    proptest! {
        /// The walk finds what trying every template finds.
        #[test]
        fn the_best_template_wins(
            drawn in prop::collection::vec(
                (prop::collection::vec(prop::sample::select(vec!["a", "b", "p"]), 1..4), any::<bool>()), 1..8),
            path in prop::collection::vec("[abc]", 1..5),
        ) {
            let mut table = Table::default();
            let mut templates: Vec<Vec<&'static str>> = Vec::new();
            for (parts, greedy) in drawn {
                // A name of its own for each depth, so that templates can stand together.
                const NAMES: [&str; 4] = ["{p}", "{q}", "{s}", "{t}"];
                let mut shown: Vec<&'static str> = Vec::new();
                let mut ranked: Vec<&'static str> = Vec::new();
                for (depth, part) in parts.into_iter().enumerate() {
                    shown.push(if part == "p" { NAMES[depth] } else { part });
                    ranked.push(if part == "p" { "{p}" } else { part });
                }
                if greedy {
                    shown.push("{r+}");
                    ranked.push("{r+}");
                }
                if table.add(None, &format!("/{}", shown.join("/")), RouteId(templates.len())).is_ok() {
                    templates.push(ranked);
                }
            }
            let asked = format!("/{}", path.join("/"));
            let found = match table.find("GET", &asked) {
                Found::Route { route, .. } => Some(route.0),
                _ => None,
            };
            prop_assert_eq!(found, model(&templates, &path), "{:?} {}", templates, asked);
        }

        /// No path makes a panic, and every parameter is free of what could lead elsewhere.
        #[test]
        fn no_path_leads_astray(path in r"/[a-c./%20-9efEF\\]{0,30}") {
            let table = table(&[("ANY", "/{a}"), ("ANY", "/{a}/{b}"), ("ANY", "/c/{r+}")]);
            if let Found::Route { params, .. } = table.find("GET", &path) {
                for (_, value) in params {
                    prop_assert!(!value.is_empty() && !value.split('/').any(|part| part == ".." || part == "."), "{}", value);
                    prop_assert!(!value.contains(char::is_control));
                }
            }
        }
    }
}

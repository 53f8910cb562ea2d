//! Decides how a [`Tree`] is drawn: one [`Line`] for each thing to know, for whoever paints it.

use super::leaf::{Leaf, Replaced};
use super::tree::Tree;
use super::words::shortened;
use std::fmt;

/// What a line says of what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It is not asked for, so whether it holds does not matter.
    Skipped,
    /// No statement, but advice on the line above.
    Advice,
}

/// One line of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The branches of the tree up to here, as box-drawing characters: `│  ├─ `.
    pub stem: String,
    /// What it says of what stands in it.
    pub mark: Mark,
    /// What stands in it; without line ends or other control characters.
    pub text: String,
}

/// The line as plain text.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Holds => "ok",
            Mark::Fails => "no",
            Mark::Skipped => "--",
            Mark::Advice => "  ",
        };
        write!(f, "{}{mark} {}", self.stem, self.text)
    }
}

impl Tree {
    /// The drawing of everything.
    pub fn lines(&self) -> Vec<Line> {
        self.draw(false)
    }

    /// The drawing of what does not hold.
    pub fn failing_lines(&self) -> Vec<Line> {
        self.draw(true)
    }

    fn draw(&self, failing_only: bool) -> Vec<Line> {
        let mut pen = Pen { lines: Vec::new(), stem: String::new(), failing_only };
        pen.inside(self);
        pen.lines
    }
}

struct Pen {
    lines: Vec<Line>,
    /// What the lines of the current pieces begin with.
    stem: String,
    failing_only: bool,
}

impl Pen {
    fn wants(&self, tree: &Tree) -> bool {
        let matters = match tree {
            Tree::Clause(leaf) => !leaf.holds && leaf.asked,
            Tree::All { .. } | Tree::Any { .. } => !tree.holds(),
        };
        matters || !self.failing_only
    }

    fn inside(&mut self, tree: &Tree) {
        let (pieces, together) = match tree {
            Tree::All { pieces, together, .. } => (pieces, together.as_ref()),
            Tree::Any { ways, .. } => (ways, None),
            Tree::Clause(_) => return,
        };
        let wanted: Vec<(usize, &Tree)> = pieces.iter().enumerate().filter(|(_, piece)| self.wants(piece)).collect();
        let count = wanted.len();
        for (position, (index, piece)) in wanted.into_iter().enumerate() {
            let is_last = position + 1 == count && together.is_none();
            let label = if matches!(tree, Tree::Any { .. }) { format!("{}: ", index + 1) } else { String::new() };
            self.piece(piece, &label, is_last);
        }
        if let Some(together) = together {
            self.line("└─ ", Mark::Fails, together.sentence.clone());
        }
    }

    /// A piece, and below it what is inside. Objects with one piece are written in one line with it.
    fn piece(&mut self, tree: &Tree, label: &str, is_last: bool) {
        let mut shown = String::new();
        let mut tree = tree;
        while let Tree::All { key, pieces, together: None, .. } = tree {
            if let Some(key) = key {
                shown = if shown.is_empty() { key.clone() } else { format!("{shown}.{key}") };
            }
            match &pieces[..] {
                [only] if !matches!(only, Tree::Any { .. }) => tree = only,
                _ => break,
            }
        }
        let branch = if is_last { "└─ " } else { "├─ " };
        match tree {
            Tree::Clause(leaf) => {
                let before =
                    leaf.path.len().saturating_sub(shown.len() + usize::from(!shown.is_empty()) + leaf.key.len());
                self.leaf(leaf, before, label, branch, is_last);
                return;
            }
            Tree::All { holds, .. } => {
                let mark = if *holds { Mark::Holds } else { Mark::Fails };
                let text = if shown.is_empty() { "all of".to_owned() } else { shortened(&shown) };
                self.line(branch, mark, format!("{label}{text}"));
            }
            Tree::Any { holds, ways } => {
                let mark = if *holds { Mark::Holds } else { Mark::Fails };
                let text = format!("{label}one of these {} ($or)", ways.len());
                self.line(branch, mark, text);
            }
        }
        self.indented(is_last, |pen| pen.inside(tree));
    }

    /// `before` is how much of the clause's path the lines above have said.
    fn leaf(&mut self, leaf: &Leaf, before: usize, label: &str, branch: &str, is_last: bool) {
        let mark = match (leaf.asked, leaf.holds) {
            (false, _) => Mark::Skipped,
            (true, true) => Mark::Holds,
            (true, false) => Mark::Fails,
        };
        let own = leaf.path.get(before..).filter(|own| !own.is_empty());
        let text = match (leaf.sentence.strip_prefix(shortened(&leaf.path).as_str()), own) {
            (Some(rest), Some(own)) => format!("{label}{}{rest}", shortened(own)),
            _ => format!("{label}{}", leaf.sentence),
        };
        self.line(branch, mark, text);
        let note = match leaf.replaced {
            Replaced::Never => None,
            Replaced::Sometimes => Some("counts only where no later clause is for the same path"),
            Replaced::Always => Some("does not count: a later clause is for the same path, and the last one counts"),
        };
        let why_not = leaf.why_not.as_deref().filter(|_| leaf.asked);
        for advice in note.into_iter().chain(why_not) {
            self.indented(is_last, |pen| pen.line("", Mark::Advice, advice.to_owned()));
        }
    }

    fn line(&mut self, branch: &str, mark: Mark, text: String) {
        self.lines.push(Line { stem: format!("{}{branch}", self.stem), mark, text });
    }

    fn indented(&mut self, is_last: bool, draw: impl FnOnce(&mut Pen)) {
        let length = self.stem.len();
        self.stem.push_str(if is_last { "   " } else { "│  " });
        draw(self);
        self.stem.truncate(length);
    }
}

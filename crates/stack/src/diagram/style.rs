//! Decides how a picture looks: colours for light and dark surroundings, and strokes.

use super::{Flow, Kind};

/// The class of a kind.
pub(super) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "of-client",
        Kind::Plan => "of-plan",
        Kind::Api => "of-api",
        Kind::Function => "of-function",
        Kind::Table => "of-table",
        Kind::Pipe => "of-pipe",
        Kind::Queue => "of-queue",
        Kind::Bus => "of-bus",
        Kind::Rule => "of-rule",
        Kind::LogGroup => "of-log",
        Kind::DeadLetters => "of-dead",
    }
}

/// The class of a flow.
pub(super) fn flow_class(flow: Flow) -> &'static str {
    match flow {
        Flow::Passes => "of-passes",
        Flow::Uses => "of-uses",
        Flow::GivesUp => "of-gives-up",
        Flow::Belongs => "of-belongs",
    }
}

/// The colour of a kind in light surroundings and in dark ones.
pub(super) fn colours(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Client => ("#475569", "#94a3b8"),
        Kind::Plan => ("#a16207", "#eab308"),
        Kind::Api => ("#7c3aed", "#a78bfa"),
        Kind::Function => ("#c2570c", "#fb923c"),
        Kind::Table => ("#2563eb", "#60a5fa"),
        Kind::Pipe => ("#0f766e", "#2dd4bf"),
        Kind::Queue => ("#b5177f", "#f472b6"),
        Kind::Bus => ("#4338ca", "#818cf8"),
        Kind::Rule => ("#15803d", "#4ade80"),
        Kind::LogGroup => ("#64748b", "#94a3b8"),
        Kind::DeadLetters => ("#c81e1e", "#f87171"),
    }
}

/// The style sheet of a picture. Its names begin with `of-`, so that it can stand in a page without changing that.
pub(super) fn sheet() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for kind in Kind::ALL {
        let (in_light, in_dark) = colours(kind);
        light += &format!(".{}{{color:{in_light}}}", class(kind));
        dark += &format!(".{}{{color:{in_dark}}}", class(kind));
    }
    format!("{LIGHT}{light}\n@media (prefers-color-scheme:dark){{{DARK}{dark}}}")
}

const LIGHT: &str = "
.of-all{font-family:'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;font-size:12px}
.of-ground{fill:#ffffff;stroke:#d8dee4}
.of-all text{fill:#57606a}
.of-all .of-title{font-size:20px;font-weight:bold;fill:#1f2328}
.of-all .of-about{font-size:13px}
.of-all .of-name{font-size:14px;font-weight:bold;fill:#1f2328}
.of-all .of-route{fill:#1f2328}
.of-all .of-small{font-size:11px}
.of-all .of-live{fill:#1a7f37;font-weight:bold}
.of-card{fill:currentColor;fill-opacity:.05;stroke:currentColor;stroke-opacity:.55}
.of-back{fill:#ffffff}
.of-slip .of-card{fill-opacity:.03;stroke-opacity:.4}
.of-tile{fill:currentColor}
.of-sign{fill:none;stroke:#ffffff;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.of-slip .of-sign{stroke:currentColor;stroke-width:1.7}
.of-edge{fill:none;stroke:currentColor;stroke-width:1.5}
.of-head{fill:currentColor}
.of-edge-label{paint-order:stroke;stroke:#ffffff;stroke-width:3px;stroke-linejoin:round}
.of-passes{color:#57606a}
.of-uses{color:#8bacdf}
.of-gives-up{color:#d9534f}
.of-gives-up .of-edge{stroke-dasharray:6 4}
.of-belongs{color:#8c959f}
.of-belongs .of-edge{stroke-dasharray:1.5 2.5}
.of-rule-line{stroke:#d8dee4}
";

const DARK: &str = "
.of-ground{fill:#0d1117;stroke:#30363d}
.of-all text{fill:#9aa4af}
.of-all .of-title,.of-all .of-name,.of-all .of-route{fill:#e6edf3}
.of-all .of-live{fill:#3fb950}
.of-card{fill-opacity:.09;stroke-opacity:.6}
.of-back{fill:#0d1117}
.of-sign{stroke:#0d1117}
.of-edge-label{stroke:#0d1117}
.of-passes{color:#9aa4af}
.of-uses{color:#4f74ad}
.of-gives-up{color:#e0655f}
.of-belongs{color:#6e7681}
.of-rule-line{stroke:#30363d}
";

//! Decides by which sign each kind is known: strokes on a square of 16 by 16.

use super::Kind;

/// The path of a sign, to be stroked.
pub(super) fn sign(kind: Kind) -> &'static str {
    match kind {
        // A head and shoulders.
        Kind::Client => "M8 8.2a3 3 0 1 0 0-6a3 3 0 0 0 0 6zM2.5 14.2c0-3 2.4-4.4 5.5-4.4s5.5 1.4 5.5 4.4",
        // A gauge.
        Kind::Plan => "M2.5 12.5a6.5 6.5 0 1 1 11 0M8 9.5l3-3.6M8 10.2a.7.7 0 1 0 0-1.4a.7.7 0 0 0 0 1.4",
        // Angle brackets around a stroke.
        Kind::Api => "M5 4L1.5 8L5 12M11 4l3.5 4L11 12M9.3 3L6.7 13",
        // A lambda.
        Kind::Function => "M3.5 2.5h2.3L12 13.5h1.2M7.3 5.6L3 13.5",
        // A cylinder.
        Kind::Table => {
            "M2.5 4c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2s-2.5 2-5.5 2s-5.5-.8-5.5-2zM2.5 4v8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2V4M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2"
        }
        // A funnel.
        Kind::Pipe => "M1.8 2.5h12.4L9.6 8.3v5.2l-3.2-1.8V8.3z",
        // Messages side by side.
        Kind::Queue => "M1.5 4.5h13v7h-13zM5.8 4.5v7M10.2 4.5v7",
        // A line with stops.
        Kind::Bus => "M1 8h14M4 8V3.5M8 8v4.5M12 8V3.5M4 3.4v-.8M8 12.6v.8M12 3.4v-.8",
        // A way that parts.
        Kind::Rule => "M1.5 8h4.2L10 3.5h4M5.7 8L10 12.5h4M12 1.6l2.2 1.9L12 5.4M12 10.6l2.2 1.9l-2.2 1.9",
        // A page with lines.
        Kind::LogGroup => "M3.5 1.8h6l3 3v9.4h-9zM9.3 1.8v3.2h3.2M5.8 8h4.4M5.8 10.8h4.4",
        // A warning.
        Kind::DeadLetters => "M8 2L14.6 13.6H1.4zM8 6.5v3.4M8 11.6v.3",
    }
}

//! Decides of which traces the spans are kept.

use types::TraceId;

/// Says which traces are kept, by OpenTelemetry's names: `always_on`, `always_off`, `traceidratio`, and each of them
/// behind `parentbased_`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// The share of traces that is kept, from 0 to 1.
    share: f64,
    /// Whether one of which others have decided is kept as they did.
    follows: bool,
}

impl Default for Sampler {
    /// All, but for those that others do not keep.
    fn default() -> Self {
        Self { share: 1.0, follows: true }
    }
}

impl Sampler {
    /// The sampler of this name, with its argument if it takes one.
    pub fn parse(name: &str, argument: Option<&str>) -> Result<Self, String> {
        let (follows, kind) = match name.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, name),
        };
        let share = match (kind, argument) {
            ("always_on", _) => 1.0,
            ("always_off", _) => 0.0,
            ("traceidratio", None) => 1.0,
            ("traceidratio", Some(text)) => {
                let share = text.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share));
                share.ok_or_else(|| format!("is {text:?}; allowed is a share from 0 to 1"))?
            }
            _ => {
                let known = "always_on, always_off, traceidratio, or one of these behind parentbased_";
                return Err(format!("is {name:?}; allowed is {known}"));
            }
        };
        Ok(Self { share, follows })
    }

    /// Whether a trace is kept. By its id alone, all who see it decide the same.
    pub(super) fn keeps(self, trace: TraceId, decided: Option<bool>) -> bool {
        if let Some(decided) = decided.filter(|_| self.follows) {
            return decided;
        }
        // As OpenTelemetry's libraries do: the last eight bytes, without their first bit, against the share of those.
        const WHOLE: f64 = (1u64 << 63) as f64;
        self.share >= 1.0 || ((trace.low() & (u64::MAX >> 1)) as f64) < self.share * WHOLE
    }
}

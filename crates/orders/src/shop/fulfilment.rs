//! Decides what sending a parcel is: a port, and a simulator that sends everything at once.

use super::order::Tracking;
use super::worker::{Attempt, Effect, Failed};
use std::future::Future;

/// Whoever sends the parcels.
///
/// What comes twice under one [`Attempt::key`] is done once. What is recalled stays recalled, also if the call to ship
/// it under that key comes later; what never was is taken back without ado.
pub trait Fulfilment: Send + Sync {
    /// Whether all that a call changes is in the puts it answers, so that a call whose puts are not written never was.
    fn is_atomic(&self) -> bool;

    /// Whether it is atomic, and its calls never have to be waited for: then they may be made before all that was decided
    /// earlier is written.
    fn answers_at_once(&self) -> bool;

    /// Sends an order's goods.
    fn ship(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<Tracking>, Failed>> + Send;

    /// Holds back what may have been sent.
    fn recall(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<()>, Failed>> + Send;
}

/// Sends everything at once, on paper: the tracking number comes from the order's id alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct FulfilmentSimulator;

/// Who carries the parcels that are sent on paper.
const CARRIER: &str = "Paper Parcel";

impl Fulfilment for FulfilmentSimulator {
    fn is_atomic(&self) -> bool {
        true
    }

    fn answers_at_once(&self) -> bool {
        true
    }

    async fn ship(&self, attempt: &Attempt<'_>) -> Result<Effect<Tracking>, Failed> {
        Ok(Effect::of(Tracking { carrier: CARRIER.into(), number: number(&attempt.order.id).into(), url: None }))
    }

    async fn recall(&self, _: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        Ok(Effect::of(()))
    }
}

/// A tracking number: the FNV-1a hash of the order's id.
fn number(order_id: &str) -> String {
    let hash = order_id
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    format!("PP{:015}", hash % 1_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_one_tracking_number_and_others_have_others() {
        let one = number("01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(one, number("01890a5d-ac96-774b-bcce-b302099a8057"));
        assert_ne!(one, number("01890a5d-ac96-774b-bcce-b302099a8058"));
        assert!(one.len() == 17 && one.starts_with("PP"), "{one}");
    }
}

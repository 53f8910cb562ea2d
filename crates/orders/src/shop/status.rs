//! Decides where an order may stand, and from where it may go where.

use std::fmt;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Taken in, and not looked at yet.
    Pending,
    /// It is checked once more, as a whole.
    Validating,
    /// Its goods are being set aside.
    InventoryCheck,
    /// Its goods are set aside, its amount is being charged.
    PaymentProcessing,
    /// It is paid, and handed to whoever sends it.
    Fulfillment,
    /// It is on its way.
    Completed,
    /// It cannot be done; what was done of it is taken back.
    Failed,
    /// Its customer called it off; what was done of it is taken back.
    Cancelled,
}

impl Status {
    /// All of them, in the order of an order's life.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Validating,
        Self::InventoryCheck,
        Self::PaymentProcessing,
        Self::Fulfillment,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// As it is written, everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Validating => "VALIDATING",
            Self::InventoryCheck => "INVENTORY_CHECK",
            Self::PaymentProcessing => "PAYMENT_PROCESSING",
            Self::Fulfillment => "FULFILLMENT",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether nothing more happens to an order that stands here by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether an order may go from here to there. A failed order may be tried again, by an operator who takes its
    /// message out of the dead letters.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Validating | Self::Failed | Self::Cancelled),
            Self::Validating => matches!(next, Self::InventoryCheck | Self::Failed | Self::Cancelled),
            Self::InventoryCheck => matches!(next, Self::PaymentProcessing | Self::Failed | Self::Cancelled),
            Self::PaymentProcessing => matches!(next, Self::Fulfillment | Self::Failed | Self::Cancelled),
            Self::Fulfillment => matches!(next, Self::Completed | Self::Failed),
            Self::Failed => matches!(next, Self::Validating),
            Self::Completed | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("pending"), None);
    }

    #[test]
    fn every_status_that_is_not_final_leads_to_one_that_is() {
        for status in Status::ALL {
            let next: Vec<Status> = Status::ALL.into_iter().filter(|next| status.may_become(*next)).collect();
            assert_eq!(next.is_empty(), matches!(status, Status::Completed | Status::Cancelled), "{status}");
            assert!(!status.may_become(status), "{status}");
            if !status.is_final() {
                assert!(next.contains(&Status::Failed), "{status} can fail");
            }
        }
    }
}

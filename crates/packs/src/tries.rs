//! Golden journeys: examples in the pack that must come true.

use kernel::Date;

use crate::{
    defect::{At, Span},
    value::Answers,
    yaml::Node,
};

/// One example.
#[derive(Debug, Clone)]
pub struct Try {
    pub name: String,
    pub today: Date,
    pub given: Answers,
    /// Actions on the case after it is submitted, in order.
    pub take: Vec<At<String>>,
    pub then: Then,
    pub(crate) at: Span,
}

/// What must come true; `None` is not compared.
#[derive(Debug, Clone, Default)]
pub struct Then {
    pub pages: Option<At<Vec<String>>>,
    pub complete: Option<At<bool>>,
    /// Cents.
    pub fee: Option<At<i64>>,
    pub eligible: Option<At<bool>>,
    pub refused_by: Option<At<String>>,
    pub warned_by: Option<At<String>>,
    pub error_at: Option<At<String>>,
    pub state: Option<At<String>>,
    pub valid_until: Option<At<Date>>,
    /// Values of lets, as written.
    pub(crate) lets: Vec<(String, Node)>,
}

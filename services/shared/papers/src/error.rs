//! Why a paper is refused.

/// A paper that is not made. Each message names what is missing and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A placeholder of a template that the order does not fill.
    #[error("`{field}` is empty, and the paper `{paper}` needs it: fill it in and ask again")]
    MissingField {
        /// The paper, e.g. `authorisation`.
        paper: String,
        /// Path of the field, e.g. `organiser.name`.
        field: String,
    },
    /// The order has no such service.
    #[error("`services[{index}]` is not declared: ask for one of the order's {count} services, counted from 0")]
    NoSuchService {
        /// The service that was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The slip speaks for the provider, and neither a reviewer nor its policy has passed this submission.
    #[error("nobody has passed attempt {attempt} of this order: the slip is made after the review")]
    NotReviewed {
        /// Number of the submission.
        attempt: u32,
    },
    /// A template of ours is wrong.
    #[error("a template of the platform is wrong: {0}")]
    Template(String),
}

//! Many orders in one call: a postcard sequence of `(order, context)`, one copy into the module instead of a
//! hundred small ones.

use crate::book::ProvinceBook;
use crate::{Context, Finding, Order};

/// Appends one case to the bytes that `judge-batch` takes.
///
/// # Errors
/// When the case cannot be written.
pub fn encode(cases: Vec<u8>, order: &Order, context: &Context) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(&(order, context), cases)
}

/// Judges every case of the bytes.
///
/// # Errors
/// Says which case cannot be read.
pub fn judge(book: &ProvinceBook, cases: &[u8]) -> Result<Vec<Vec<Finding>>, String> {
    let mut answers = Vec::new();
    let mut rest = cases;
    while !rest.is_empty() {
        let ((order, context), after) = postcard::take_from_bytes::<(Order, Context)>(rest)
            .map_err(|error| format!("case {} cannot be read: {error}", answers.len()))?;
        answers.push(crate::judge::judge(book, &order, &context));
        rest = after;
    }
    Ok(answers)
}

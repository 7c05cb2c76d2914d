//! Many orders in one call: bytes in, bytes out.
//!
//! In: a postcard sequence of `(order, context)`. Out: one postcard list of [`BriefFinding`] per case, which is one
//! byte for a clean order. Texts are left out: a typed list of findings crosses the component's boundary string by
//! string, and whoever judges millions of orders again counts them by rule. The texts of one order come from judging
//! it alone.

mod read;

use serde::Deserialize;

use self::read::Reader;
use crate::book::ProvinceBook;
use crate::judge::BriefFinding;
use crate::{Context, Finding, Order};

/// Appends one case to the bytes that `judge-batch` and `judge-encoded` take.
///
/// # Errors
/// When the case cannot be written.
pub fn encode(cases: Vec<u8>, order: &Order, context: &Context) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(&(order, context), cases)
}

/// The bytes of all cases.
///
/// # Errors
/// When a case cannot be written.
pub fn encode_cases<'c>(cases: impl IntoIterator<Item = (&'c Order, &'c Context)>) -> Result<Vec<u8>, postcard::Error> {
    cases.into_iter().try_fold(Vec::new(), |bytes, (order, context)| encode(bytes, order, context))
}

/// Reads the answer of `judge-encoded`: the findings of each case, in the order of the cases. Ends after an error.
pub fn decode_answers(answers: &[u8]) -> impl Iterator<Item = Result<Vec<BriefFinding<'_>>, postcard::Error>> {
    let mut rest = answers;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let read = postcard::take_from_bytes::<Vec<BriefFinding<'_>>>(rest);
        rest = read.as_ref().map_or(&[], |(_, after)| after);
        Some(read.map(|(findings, _)| findings))
    })
}

/// Judges every case of the bytes.
///
/// # Errors
/// Says which case cannot be read.
pub fn judge(book: &ProvinceBook, cases: &[u8]) -> Result<Vec<Vec<Finding>>, String> {
    let mut answers = Vec::new();
    each(cases, |order, context| {
        answers.push(crate::judge::judge(book, order, context));
        Ok(())
    })?;
    Ok(answers)
}

/// Judges every case of the bytes; the answer is for [`decode_answers`].
///
/// # Errors
/// Says which case cannot be read.
pub fn judge_encoded(book: &ProvinceBook, cases: &[u8]) -> Result<Vec<u8>, String> {
    let mut answers = Vec::with_capacity(cases.len() / 64);
    each(cases, |order, context| {
        let findings = crate::judge::judge_brief(book, order, context);
        answers = postcard::to_extend(&findings, std::mem::take(&mut answers))?;
        Ok(())
    })?;
    Ok(answers)
}

fn each(cases: &[u8], mut judge: impl FnMut(&Order, &Context) -> Result<(), postcard::Error>) -> Result<(), String> {
    let mut reader = Reader::of(cases);
    let mut index = 0_usize;
    while !reader.is_at_end() {
        let (order, context) = <(Order, Context)>::deserialize(&mut reader)
            .map_err(|error| format!("case {index} cannot be read: {error}"))?;
        judge(&order, &context).map_err(|error| format!("the answer to case {index} cannot be written: {error}"))?;
        index += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::Date;
    use crate::national::NATIONAL;

    #[test]
    fn the_brief_answer_has_the_findings_of_the_long_one() {
        let context = Context::on(Date::new(2026, 11, 20));
        let wrong = Order { province: "gd".to_owned(), ..Order::default() };
        let cancel = Order {
            order_type: crate::OrderType::DeregisterOrganiser,
            province: NATIONAL.province.letters().to_owned(),
            ..Order::default()
        };
        let cases = encode_cases([(&wrong, &context), (&cancel, &context)]).unwrap();
        let long = judge(&NATIONAL, &cases).unwrap();
        let answers = judge_encoded(&NATIONAL, &cases).unwrap();
        let brief: Vec<Vec<BriefFinding<'_>>> = decode_answers(&answers).collect::<Result<_, _>>().unwrap();
        assert!(long[0].len() > 2 && long[1].is_empty() && answers.ends_with(&[0]));
        assert_eq!(brief.len(), 2);
        let of = |finding: &Finding| BriefFinding {
            code: brief_text(&finding.code),
            rule: brief_text(&finding.rule),
            severity: finding.severity,
            field: finding.field.clone().into(),
        };
        assert_eq!(brief[0], long[0].iter().map(of).collect::<Vec<_>>());
    }

    fn brief_text(text: &str) -> &'static str {
        Box::leak(text.to_owned().into_boxed_str())
    }

    #[test]
    fn bytes_that_are_no_cases_are_refused() {
        let context = Context::on(Date::new(2026, 11, 20));
        let mut cases = encode_cases([(&Order::default(), &context)]).unwrap();
        cases.extend([255; 3]);
        for problem in [judge(&NATIONAL, &cases).unwrap_err(), judge_encoded(&NATIONAL, &cases).unwrap_err()] {
            assert!(problem.starts_with("case 1 cannot be read"), "{problem}");
        }
        let mut answers = decode_answers(&[0, 1, 200]);
        assert_eq!(answers.next(), Some(Ok(Vec::new())));
        assert!(answers.next().unwrap().is_err() && answers.next().is_none());
    }
}

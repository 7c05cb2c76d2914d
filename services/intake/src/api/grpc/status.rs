//! Problems as gRPC errors: the same code, fields, reasons and remedies as over REST.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

use crate::api::problem::{FieldError, Kind, Problem};

/// Whose codes the errors carry.
const DOMAIN: &str = "intake.icp";
/// Fields and findings that one error names at most: they travel in a header, which must stay small.
const NAMED_MAX: usize = 20;

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let kind = problem.kind();
        let (code, _, title) = kind.describe();
        let mut details = ErrorDetails::new();
        details.set_error_info(code, DOMAIN, [("title".to_owned(), title.to_owned())]);
        if !problem.errors().is_empty() {
            details.set_bad_request(problem.errors().iter().take(NAMED_MAX).map(violation).collect::<Vec<_>>());
        }
        if !problem.findings().is_empty() {
            let findings = problem.findings().iter().take(NAMED_MAX).map(|finding| {
                let description = format!("{}; {}", finding.message_en, finding.remedy);
                PreconditionViolation::new(&finding.code, &finding.field, description)
            });
            details.set_precondition_failure(findings.collect::<Vec<_>>());
        }
        if let Some(seconds) = problem.retry_after() {
            details.set_retry_info(Some(Duration::from_secs(seconds)));
        }
        Status::with_error_details(grpc_code(kind), format!("{title}. {}", problem.detail()), details)
    }
}

fn violation(error: &FieldError) -> FieldViolation {
    FieldViolation::new(&error.field, format!("{}; {}", error.reason, error.remedy))
}

fn grpc_code(kind: Kind) -> Code {
    match kind {
        Kind::BadBody
        | Kind::InvalidFields
        | Kind::WrongContentType
        | Kind::KeyReused
        | Kind::WrongChecksum
        | Kind::WrongTusVersion => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::NotFound | Kind::UploadGone => Code::NotFound,
        Kind::NoSuchPath | Kind::MethodNotAllowed => Code::Unimplemented,
        Kind::WrongPhase | Kind::Blocked | Kind::NotYours | Kind::VersionRequired | Kind::NotScanned => {
            Code::FailedPrecondition
        }
        Kind::StaleVersion | Kind::StillAtWork | Kind::AnswerLost | Kind::WrongOffset => Code::Aborted,
        Kind::TooManyRequests | Kind::TooLarge => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}

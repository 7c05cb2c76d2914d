//! Limits per client: 429 with the headers that say when to come again.

use std::time::Duration;

use icp_testkit::wait_until;

use crate::app::{APPLICANT, Answer, App, OTHER, REVIEWER};

const LIMITS: &str = "[intake.rate_limits]
address = { per_second = 1, burst = 4 }
applicant = { per_second = 1, burst = 3 }
";

async fn many(app: &App, token: &str, path: &str, count: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..count {
        answers.push(app.get(token, path).await);
    }
    answers
}

fn number(answer: &Answer, header: &str) -> u64 {
    answer.headers[header].to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_much_is_told_when_to_come_again() {
    let app = App::start_with(LIMITS).await;
    let answers = many(&app, APPLICANT, "/v1/rules", 20).await;
    assert!(answers[..3].iter().all(|answer| answer.status == 200));
    assert_eq!(answers[0].headers["ratelimit-policy"], "\"applicant\";q=3;w=3");
    assert_eq!(answers[0].headers["ratelimit"], "\"applicant\";r=2;t=1");
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.body["code"], "ICP-INTAKE-0040");
    assert_eq!(
        (number(refused, "retry-after"), &refused.headers["ratelimit"]),
        (1, &"\"applicant\";r=0;t=1".parse().unwrap())
    );
    // Nobody else is concerned, and roles have limits of their own.
    assert_eq!(app.get(OTHER, "/v1/rules").await.status, 200);
    assert!(many(&app, REVIEWER, "/v1/rules", 20).await.iter().all(|answer| answer.status == 200));
    wait_until("the bucket to fill", Duration::from_secs(10), || async {
        let answer = app.get(APPLICANT, "/v1/rules").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.status.to_string()) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_tokens_is_slowed_down_and_nobody_with_a_token() {
    let app = App::start_with(LIMITS).await;
    let answers = many(&app, "guessed", "/v1/rules", 20).await;
    assert!(answers[..4].iter().all(|answer| answer.status == 401));
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(refused >= 10, "{refused}");
    assert_eq!(app.get(REVIEWER, "/v1/rules").await.status, 200, "the same address, with a token");
    let page = many(&app, "", "/docs", 20).await;
    assert!(page.iter().any(|answer| answer.status == 429));
}

//! Waiting on a condition with a bound.

use std::future::Future;
use std::time::{Duration, Instant};

const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Asks `condition` again and again until it gives a value, and returns it. `Err` holds the present status; when
/// the time is over the last one is in the error, together with `what` was waited for. A single asking that takes
/// longer than the rest of the time is given up.
pub async fn wait_until<T, F, Fut>(what: &str, timeout: Duration, mut condition: F) -> anyhow::Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    let deadline = Instant::now() + timeout;
    let mut pause = SHORTEST_PAUSE;
    let mut last_status = String::from("was not asked to the end even once");
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(rest, condition()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(status)) => last_status = status,
            Err(_) => {}
        }
        if Instant::now() >= deadline {
            anyhow::bail!("waited {:.1} s for {what}; last status: {last_status}", timeout.as_secs_f64());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[tokio::test]
    async fn returns_the_value_as_soon_as_there_is_one() {
        let mut asked = 0;
        let value = wait_until("the third asking", Duration::from_secs(5), || {
            asked += 1;
            let answer = if asked == 3 { Ok(asked) } else { Err(format!("asked {asked} times")) };
            async move { answer }
        })
        .await
        .unwrap();
        assert_eq!(value, 3);
    }

    #[tokio::test]
    async fn says_what_it_waited_for_and_the_last_status() {
        let error = wait_until("the moon", Duration::from_millis(30), || async { Err::<(), _>("still dark".into()) })
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "waited 0.0 s for the moon; last status: still dark");
    }

    #[tokio::test]
    async fn gives_up_an_asking_that_never_ends() {
        let ended = wait_until("nothing", Duration::from_millis(30), std::future::pending::<Result<(), String>>);
        assert!(ended.await.is_err());
    }
}

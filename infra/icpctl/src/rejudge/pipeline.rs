//! One thread reads, several judge, and the caller's writes in the order of reading. What is in flight is bounded.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, mpsc};

/// Runs until there is nothing more to read, or something fails.
///
/// # Errors
/// The first error of reading or writing, in the order of the stock.
pub fn run<B: Send, O: Send, E: Send>(
    threads: usize,
    in_flight_max: usize,
    mut read: impl FnMut() -> Result<Option<B>, E> + Send,
    judge: impl Fn(B) -> O + Sync,
    mut write: impl FnMut(O) -> Result<(), E>,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (work, queue) = mpsc::channel::<(u64, B)>();
        let queue = Mutex::new(queue);
        let (answers, answered) = mpsc::channel::<(u64, Result<O, E>)>();
        // A place is taken before reading and given back after writing.
        let (take_place, places) = mpsc::sync_channel::<()>(in_flight_max.max(1));

        let of_reader = answers.clone();
        scope.spawn(move || {
            for number in 0.. {
                // The writer has ended: nobody wants more.
                if take_place.send(()).is_err() {
                    return;
                }
                let sent = match read() {
                    Ok(Some(batch)) => work.send((number, batch)).is_ok(),
                    Ok(None) => false,
                    Err(error) => {
                        let _ = of_reader.send((number, Err(error)));
                        false
                    }
                };
                if !sent {
                    return;
                }
            }
        });
        let (queue, judge) = (std::sync::Arc::new(queue), &judge);
        for _ in 0..threads {
            let (queue, answers) = (std::sync::Arc::clone(&queue), answers.clone());
            scope.spawn(move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, batch)) = next else { return };
                    if answers.send((number, Ok(judge(batch)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(answers);

        let mut early: BTreeMap<u64, Result<O, E>> = BTreeMap::new();
        let mut next = 0;
        for (number, answer) in answered {
            early.insert(number, answer);
            while let Some(answer) = early.remove(&next) {
                write(answer?)?;
                let _ = places.recv();
                next += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn answers_are_written_in_order_and_few_are_in_flight() {
        let (in_flight, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut numbers = 0..500_u64;
        let mut written = Vec::new();
        run(
            3,
            6,
            || {
                let number = numbers.next();
                if number.is_some() {
                    most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                }
                Ok::<_, ()>(number)
            },
            |number| {
                if number % 7 == 0 {
                    std::thread::yield_now();
                }
                number * 2
            },
            |number| {
                in_flight.fetch_sub(1, Ordering::SeqCst);
                written.push(number);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(written, (0..500).map(|number| number * 2).collect::<Vec<_>>());
        // One more than the bound may have been written and not yet given back its place.
        assert!(most.load(Ordering::SeqCst) <= 7, "{most:?}");
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut count = 0;
        let read = || {
            count += 1;
            if count == 50 { Err("unreadable") } else { Ok(Some(count)) }
        };
        let mut written = 0;
        let outcome = run(
            2,
            4,
            read,
            |number| number,
            |_| {
                written += 1;
                Ok(())
            },
        );
        assert_eq!((outcome, written), (Err("unreadable"), 49));
        assert_eq!(run(2, 4, || Ok(Some(1)), |number| number, |_| Err("full")), Err("full"));
    }
}

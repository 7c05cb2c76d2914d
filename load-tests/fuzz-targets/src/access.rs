//! What callers of intake's API and its operators hand in beside orders.

use icp_intake::api::auth::Tokens;
use icp_intake::archive::record::{name_key, normal_number};
use icp_intake::{archive, desk};

use crate::Outcome;

/// The file with the tokens of the API.
pub fn tokens(input: &[u8]) -> Outcome {
    Outcome::of(&Tokens::parse(&String::from_utf8_lossy(input)))
}

/// The place where a page of a list goes on, and the keys that a search is made of.
pub fn cursors(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let number = normal_number(&text);
    assert_eq!(normal_number(&number), number);
    name_key(&text);
    let of_archive = archive::search::Cursor::parse(&text);
    if let Some(cursor) = &of_archive {
        assert_eq!(archive::search::Cursor::parse(&cursor.to_text()).as_ref(), Some(cursor));
    }
    let of_queue = desk::queue::Cursor::parse(&text);
    if let Some(cursor) = of_queue {
        assert_eq!(desk::queue::Cursor::parse(&cursor.to_text()), Some(cursor));
    }
    if of_archive.is_some() || of_queue.is_some() { Outcome::Read } else { Outcome::Refused }
}

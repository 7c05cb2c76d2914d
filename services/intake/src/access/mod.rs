//! What the API asks before it answers: tokens of people ([`issuer`]), keys of machines ([`api_keys`]), the accounts
//! that a reseller acts for ([`resellers`]), addresses of calendars ([`calendar_feeds`]), and requests that must be carried out once ([`keyed_requests`]).
//!
//! Who may call which route stands in [`crate::api::access`].

pub mod api_keys;
pub mod calendar_feeds;
pub mod issuer;
pub mod keyed_requests;
pub mod resellers;

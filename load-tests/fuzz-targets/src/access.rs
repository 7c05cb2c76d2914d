//! What callers of intake's API and its operators hand in beside orders.

use std::net::IpAddr;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use icp_intake::access::api_keys::ShownKey;
use icp_intake::access::issuer::{OidcConfig, header, keys, signatures};
use icp_intake::api::archive::PrefillBody;
use icp_intake::api::auth::Tokens;
use icp_intake::api::entitlements::{CodeBody, GrantBody, IssueBody, RevokeBody};
use icp_intake::api::keys::KeyBody;
use icp_intake::api::resellers::{AccountBody, LinkBody};
use icp_intake::api::review::{Decision, faults, returning};
use icp_intake::api::uploads::checksum::Checksum;
use icp_intake::api::{body, determinations, events, idempotency, rate_limits, uploads};
use icp_intake::archive::record::{name_key, normal_number};
use icp_intake::determination::Asked;
use icp_intake::entitlements::normal_code;
use icp_intake::{archive, desk};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Outcome, header_lines, named};

const ISSUER: &str = "https://id.example.com";
/// Characters of a name or an account in a token at most.
const NAME_MAX: usize = 128;
/// Characters of a key of an idempotent request at most.
const KEY_MAX: usize = 255;
/// Characters of the media type of an upload at most.
const MEDIA_TYPE_MAX: usize = 100;

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
    Outcome::any([of_archive.is_some(), of_queue.is_some()])
}

/// What shows who calls. The first line names it: `discovery` and `keys` are documents of the issuer, `claims` those of
/// a token, `token` is a line with the issuer's keys and one with a token, `api-key` is the key of a machine.
pub fn credentials(input: &[u8]) -> Outcome {
    signatures::install();
    let (kind, rest) = named(input);
    match kind {
        "discovery" => Outcome::of(&keys::address_of_keys(rest, ISSUER)),
        "keys" => published_keys(rest),
        "claims" => Outcome::any([serde_json::from_slice(rest).is_ok_and(|claims| speaks_for_somebody(&claims))]),
        "token" => token(rest),
        "api-key" => Outcome::any([api_key(&String::from_utf8_lossy(rest))]),
        _ => Outcome::Refused,
    }
}

fn published_keys(document: &[u8]) -> Outcome {
    let read = keys::read_keys(document);
    if let Ok(keys) = &read {
        assert!(!keys.is_empty(), "a set without keys is read");
        assert!(keys.iter().all(|key| signatures::ACCEPTED.contains(&key.algorithm)), "a key signs otherwise");
    }
    Outcome::of(&read)
}

fn token(lines: &[u8]) -> Outcome {
    let (published, token) = named(lines);
    let token = String::from_utf8_lossy(token);
    let (Ok(keys), Ok(header)) = (keys::read_keys(published.as_bytes()), header(token.trim())) else {
        return Outcome::Refused;
    };
    let Some(key) = keys::fitting(&keys, &header) else { return Outcome::Refused };
    assert_eq!(key.algorithm, header.alg, "a key checks what it does not sign");
    let claims = oidc().claims(token.trim(), key);
    if let Ok(claims) = &claims {
        for name in ["exp", "iss", "aud"] {
            assert!(claims.get(name).is_some(), "a token without `{name}` counts");
        }
        speaks_for_somebody(claims);
    }
    Outcome::of(&claims)
}

/// Names and accounts are stored and shown.
fn speaks_for_somebody(claims: &Value) -> bool {
    let person = oidc().person(claims);
    if let Ok(person) = &person {
        for text in [&person.name, &person.account] {
            assert!((1..=NAME_MAX).contains(&text.chars().count()) && !text.contains(char::is_control), "{text:?}");
        }
    }
    person.is_ok()
}

fn oidc() -> &'static OidcConfig {
    static OIDC: LazyLock<Option<OidcConfig>> = LazyLock::new(|| {
        let defaults: toml::Table = toml::from_str(icp_intake::DEFAULTS).ok()?;
        let oidc: OidcConfig = defaults.get("intake")?.get("oidc")?.clone().try_into().ok()?;
        Some(OidcConfig { issuer: ISSUER.to_owned(), ..oidc })
    });
    let Some(oidc) = OIDC.as_ref() else { unreachable!("intake's defaults have no section of the issuer") };
    oidc
}

fn api_key(text: &str) -> bool {
    let key = ShownKey::parse(text);
    if let Some(key) = &key {
        let (id, secret) = text.strip_prefix("icp_").and_then(|rest| rest.split_once('_')).unwrap_or_default();
        assert!(id.eq_ignore_ascii_case(&key.id.simple().to_string()) && secret.len() == 64, "{text:?}");
    }
    key.is_some()
}

/// The headers that requests are read from, a line each.
pub fn headers(input: &[u8]) -> Outcome {
    let headers = http_headers(input);
    let length = uploads::length(&headers);
    assert!(length.as_ref().is_ok_and(|length| *length > 0) || length.is_err());
    let media_type = uploads::media_type(&headers);
    if let Ok(media_type) = &media_type {
        assert!(media_type.len() <= MEDIA_TYPE_MAX && media_type.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let last_event = events::last_event(&headers);
    assert!(last_event.as_ref().is_ok_and(|version| *version >= 0) || last_event.is_err());
    let key = idempotency::key(&headers);
    assert!(key.as_ref().is_ok_and(|key| (1..=KEY_MAX).contains(&key.len())) || key.is_err());
    let version = body::if_match(&headers);
    assert!(
        version.as_ref().is_ok_and(|version| !version.starts_with('"') && !version.ends_with('"')) || version.is_err()
    );
    client_address(&headers);
    Outcome::any([length.is_ok(), key.is_ok(), version.is_ok(), checksum(&headers, input)])
}

/// A hundred lines at most: the server takes no more headers.
fn http_headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in header_lines(input).take(100) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// However the bytes are cut, they have one digest.
fn checksum(headers: &HeaderMap, body: &[u8]) -> bool {
    let agrees = |pieces: &[&[u8]]| {
        let mut checksum = Checksum::of(headers).ok()??;
        pieces.iter().for_each(|piece| checksum.update(piece));
        Some(checksum.agrees())
    };
    let (first, second) = body.split_at(body.len() / 2);
    let at_once = agrees(&[body]);
    assert_eq!(at_once, agrees(&[first, second]));
    at_once.is_some()
}

/// Whoever is believed about an address is a proxy, and no proxy is a client.
fn client_address(headers: &HeaderMap) {
    let [proxy, stranger] = [[10, 0, 0, 1], [192, 0, 2, 7]].map(IpAddr::from);
    assert_eq!(rate_limits::client_address(stranger, headers, &[proxy]), stranger);
    let believed = rate_limits::client_address(proxy, headers, &[proxy, stranger]);
    assert!(believed == proxy || believed != stranger);
}

/// The JSON body of a request beside the filing; the first line names it.
pub fn bodies(input: &[u8]) -> Outcome {
    let (kind, rest) = named(input);
    match kind {
        "decision" => decision(rest),
        "question" => question(rest),
        "prefill" => read::<PrefillBody>(rest),
        "entitlement-order" => read::<IssueBody>(rest),
        "entitlement-grant" => read::<GrantBody>(rest),
        "entitlement-revocation" => read::<RevokeBody>(rest),
        "entitlement-code" => code(rest),
        "key" => read::<KeyBody>(rest),
        "account" => read::<AccountBody>(rest),
        "link" => read::<LinkBody>(rest),
        _ => Outcome::Refused,
    }
}

/// What cannot be read is the caller's fault.
fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let read = body::parse(bytes);
    if let Err(problem) = &read {
        let (_, status, _) = problem.kind().describe();
        assert!(status.is_client_error(), "{status}");
    }
    read.ok()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Outcome {
    Outcome::any([parsed::<T>(bytes).is_some()])
}

/// Each reason that is taken has its words.
fn decision(bytes: &[u8]) -> Outcome {
    match parsed(bytes) {
        Some(Decision::Return { findings, only_named }) => {
            if !faults(&findings).is_empty() {
                return Outcome::Refused;
            }
            let given = findings.len();
            let (_, words) = returning(findings, only_named);
            assert_eq!(words.len(), given);
            Outcome::Read
        }
        Some(Decision::Pass) => Outcome::Read,
        None => Outcome::Refused,
    }
}

/// A question is stored as it is written.
fn question(bytes: &[u8]) -> Outcome {
    let Some(asked) = parsed::<Asked>(bytes) else { return Outcome::Refused };
    let written = serde_json::to_vec(&asked).unwrap_or_default();
    assert_eq!(parsed::<Asked>(&written).as_ref(), Some(&asked), "a question that was written reads otherwise");
    let valid = determinations::validated(&asked);
    if let Ok(domain) = &valid {
        assert_eq!(domain.is_some(), asked.domain.is_some());
    }
    Outcome::of(&valid)
}

/// A code is found however it is typed.
fn code(bytes: &[u8]) -> Outcome {
    let code = normal_code(&String::from_utf8_lossy(bytes));
    assert_eq!(normal_code(&code.to_lowercase()), code);
    read::<CodeBody>(bytes)
}

//! Who may call which route: one table, looked up before any handler. A route without a line answers nobody.
//!
//! gRPC calls are looked up by the REST route that answers the same.
//!
//! A handler still looks at data: whose an order is ([`Caller::may_see`]), and whether the caller may read its content.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::auth::{Caller, Role};
use super::problem::{Kind, Problem};
use super::rate_limits::Bucket;
use super::{Api, idempotency};
use Role::{Applicant, Auditor, Operator, Reseller, Reviewer, Supervisor};

/// A route and who may call it.
#[derive(Debug)]
pub struct Line {
    /// Method.
    pub method: Method,
    /// Path with its parameters in braces.
    pub path: &'static str,
    /// Who may call it; nobody in particular: everybody may, without a token.
    pub roles: &'static [Role],
    /// Whether it changes something, so that it heeds `Idempotency-Key`.
    pub is_change: bool,
}

const fn public(path: &'static str) -> Line {
    Line { method: Method::GET, path, roles: &[], is_change: false }
}

const fn get(path: &'static str, roles: &'static [Role]) -> Line {
    Line { method: Method::GET, path, roles, is_change: false }
}

/// A question that comes with a body.
const fn ask(path: &'static str, roles: &'static [Role]) -> Line {
    Line { method: Method::POST, path, roles, is_change: false }
}

const fn post(path: &'static str, roles: &'static [Role]) -> Line {
    Line { method: Method::POST, path, roles, is_change: true }
}

const fn put(path: &'static str, roles: &'static [Role]) -> Line {
    Line { method: Method::PUT, path, roles, is_change: true }
}

const fn delete(path: &'static str, roles: &'static [Role]) -> Line {
    Line { method: Method::DELETE, path, roles, is_change: true }
}

/// A step of an upload, which says itself where it stands.
const fn step(method: Method, path: &'static str) -> Line {
    Line { method, path, roles: FILERS, is_change: false }
}

const ALL: &[Role] = &Role::ALL;
/// Those who work on orders of accounts.
const FILERS: &[Role] = &[Applicant, Reseller];
/// Those who read content: personal data.
const READERS: &[Role] = &[Applicant, Reseller, Reviewer];
const FIGURES: &[Role] = &[Supervisor, Operator, Reviewer];
const HOLDERS: &[Role] = &[Applicant, Reseller, Operator];
const KEY_MAKERS: &[Role] = &[Applicant, Reseller, Operator, Supervisor, Auditor];

/// Every route.
pub const LINES: &[Line] = &[
    public("/"),
    public("/docs"),
    public("/openapi.json"),
    post("/v1/orders", FILERS),
    get("/v1/orders", ALL),
    ask("/v1/orders/check", FILERS),
    get("/v1/orders/{id}", ALL),
    put("/v1/orders/{id}", FILERS),
    ask("/v1/orders/{id}/check", READERS),
    post("/v1/orders/{id}/submit", FILERS),
    post("/v1/orders/{id}/withdraw", FILERS),
    get("/v1/transfers", FILERS),
    post("/v1/orders/{id}/consent", FILERS),
    post("/v1/orders/{id}/refuse", FILERS),
    get("/v1/orders/{id}/history", ALL),
    get("/v1/orders/{id}/events", ALL),
    get("/v1/orders/{id}/requirements", ALL),
    get("/v1/orders/{id}/calendar", ALL),
    get("/v1/orders/{id}/calendar.ics", ALL),
    put("/v1/orders/{id}/calendar/feed", FILERS),
    delete("/v1/orders/{id}/calendar/feed", FILERS),
    public("/v1/calendars/{secret}"),
    get("/v1/orders/{id}/changes", READERS),
    get("/v1/materials/kinds", ALL),
    get("/v1/orders/{id}/materials", ALL),
    put("/v1/orders/{id}/materials/{kind}", FILERS),
    get("/v1/orders/{id}/materials/{kind}", READERS),
    delete("/v1/orders/{id}/materials/{kind}", FILERS),
    post("/v1/orders/{id}/materials/{kind}/uploads", FILERS),
    Line { method: Method::OPTIONS, path: "/v1/uploads", roles: &[], is_change: false },
    step(Method::HEAD, "/v1/uploads/{id}"),
    step(Method::PATCH, "/v1/uploads/{id}"),
    step(Method::DELETE, "/v1/uploads/{id}"),
    step(Method::POST, "/v1/uploads/{id}"),
    get("/v1/orders/{id}/papers", READERS),
    get("/v1/orders/{id}/papers/{kind}", READERS),
    get("/v1/orders/{id}/entitlements", ALL),
    put("/v1/orders/{id}/entitlements/{service}", FILERS),
    delete("/v1/orders/{id}/entitlements/{service}", FILERS),
    post("/v1/orders/{id}/claim", &[Reviewer]),
    post("/v1/orders/{id}/release", &[Reviewer, Supervisor]),
    post("/v1/orders/{id}/review", &[Reviewer]),
    post("/v1/orders/{id}/resubmit", &[Reviewer]),
    get("/v1/review", &[Reviewer, Supervisor]),
    get("/v1/review/reasons", ALL),
    post("/v1/determinations", FILERS),
    get("/v1/determinations/{id}", FILERS),
    ask("/v1/filings/prefill", FILERS),
    get("/v1/archive/organisers", ALL),
    get("/v1/archive/organisers/{number}", ALL),
    get("/v1/archive/services", ALL),
    get("/v1/archive/services/{number}", ALL),
    get("/v1/archive/services/{number}/footer", ALL),
    get("/v1/archive/mismatches", &[Reviewer, Operator]),
    get("/v1/whitelist/{domain}", ALL),
    post("/v1/imports", FILERS),
    get("/v1/imports", FILERS),
    get("/v1/imports/template.csv", ALL),
    get("/v1/imports/{id}", FILERS),
    get("/v1/imports/{id}/rows", FILERS),
    get("/v1/imports/{id}/rows.csv", FILERS),
    get("/v1/exports/orders", ALL),
    get("/v1/exports/archive", ALL),
    post("/v1/entitlements", &[Operator]),
    get("/v1/entitlements", ALL),
    ask("/v1/entitlements/query", ALL),
    post("/v1/entitlements/grant", HOLDERS),
    get("/v1/entitlements/{id}", ALL),
    post("/v1/entitlements/{id}/revoke", &[Operator]),
    get("/v1/statistics", FIGURES),
    get("/v1/statistics/monthly", FIGURES),
    get("/v1/audit", &[Auditor, Operator]),
    get("/v1/rules", ALL),
    post("/v1/keys", KEY_MAKERS),
    get("/v1/keys", KEY_MAKERS),
    delete("/v1/keys/{id}", KEY_MAKERS),
    get("/v1/resellers/{reseller}/accounts", &[Reseller, Operator]),
    post("/v1/resellers/{reseller}/accounts", &[Reseller]),
    put("/v1/resellers/{reseller}/accounts/{account}", &[Operator]),
    delete("/v1/resellers/{reseller}/accounts/{account}", &[Operator]),
];

/// The line of a route.
pub fn line(method: &Method, path: &str) -> Option<&'static Line> {
    let of = |method: &Method| LINES.iter().find(|line| line.method == method && line.path == path);
    // What answers GET answers HEAD.
    of(method).or_else(|| if method == Method::HEAD { of(&Method::GET) } else { None })
}

fn wrong_method(path: &str) -> Response {
    let methods: Vec<&str> = LINES.iter().filter(|line| line.path == path).map(|line| line.method.as_str()).collect();
    let mut answer = Problem::new(Kind::MethodNotAllowed, "See /docs for the methods of each path.").into_response();
    if let Ok(allowed) = HeaderValue::try_from(methods.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    answer
}

/// Lets in who may call the route, within the caller's limits.
pub async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    // Without a route there is nothing to guard: the fallback says so.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    let Some(line) = line(request.method(), path.as_str()) else {
        return wrong_method(path.as_str());
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if line.roles.is_empty() {
        return match api.rate_limits.of_address(peer, request.headers()) {
            Ok(within) => within.tell(next.run(request).await),
            Err(beyond) => beyond.into_response(),
        };
    }
    let (bucket, caller) = admit(&api, line, request.headers(), peer).await;
    let answer = match caller {
        Ok(caller) => handle(&api, line, caller, request, next).await,
        Err(problem) => problem.into_response(),
    };
    bucket.tell(answer)
}

/// Who calls, where it may call the route and is within its limits; with the bucket that the request was counted in.
pub async fn admit(
    api: &Api,
    line: &Line,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> (Bucket, Result<Caller, Problem>) {
    let limits = &api.rate_limits;
    let caller = match api.caller_of(headers).await {
        Ok(caller) => caller,
        // Whoever guesses tokens or accounts is slowed down.
        Err(problem) if problem.kind() != Kind::Unavailable => {
            return match limits.of_address(peer, headers) {
                Ok(within) => (within, Err(problem)),
                Err(beyond) => (beyond, Err(beyond.problem())),
            };
        }
        Err(problem) => return (Bucket::without_limit(), Err(problem)),
    };
    match limits.of_caller(&caller) {
        Ok(within) => (within, permit(&caller, line.roles).map(|()| caller)),
        Err(beyond) => (beyond, Err(beyond.problem())),
    }
}

/// Refuses every role that is not among these.
fn permit(caller: &Caller, roles: &[Role]) -> Result<(), Problem> {
    if roles.contains(&caller.role) {
        return Ok(());
    }
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    Err(Problem::new(Kind::Forbidden, format!("Use a token with the role {}.", names.join(" or "))))
}

async fn handle(api: &Api, line: &Line, caller: Caller, mut request: Request, next: Next) -> Response {
    if line.is_change && request.headers().contains_key(idempotency::KEY_HEADER) {
        return idempotency::once(api, caller, request, next).await;
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const KNOWN: [Method; 7] =
        [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH, Method::HEAD, Method::OPTIONS];

    /// The routes of the document: no route is without its part of it.
    fn registered() -> BTreeSet<(String, String)> {
        let document = serde_json::to_value(super::super::document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let methods = |item: &serde_json::Value| -> Vec<String> {
            let is_method = |name: &&String| {
                Method::from_bytes(name.to_uppercase().as_bytes()).is_ok_and(|method| KNOWN.contains(&method))
            };
            item.as_object().unwrap().keys().filter(is_method).map(|name| name.to_uppercase()).collect()
        };
        paths
            .iter()
            .flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone())))
            .collect()
    }

    #[test]
    fn every_route_has_a_line_and_every_line_a_route() {
        let lines: BTreeSet<_> = LINES.iter().map(|line| (line.method.to_string(), line.path.to_owned())).collect();
        assert_eq!(lines.len(), LINES.len(), "a line stands twice");
        let routes = registered();
        let without_line: Vec<_> = routes.difference(&lines).collect();
        let without_route: Vec<_> = lines.difference(&routes).collect();
        assert!(without_line.is_empty(), "these routes answer nobody: add their lines: {without_line:?}");
        assert!(without_route.is_empty(), "these lines have no route: {without_route:?}");
    }

    #[test]
    fn what_answers_get_answers_head_and_nothing_else_is_open() {
        let roles = |method: Method, path| line(&method, path).map(|line| line.roles);
        assert_eq!(roles(Method::HEAD, "/v1/rules"), Some(ALL));
        assert_eq!(roles(Method::GET, "/docs"), Some(&[][..]));
        assert_eq!(roles(Method::PATCH, "/v1/orders"), None);
        assert_eq!(roles(Method::GET, "/v1/orders/"), None);
    }
}

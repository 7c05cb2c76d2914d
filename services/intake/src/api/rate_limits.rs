//! How many requests a client may make: a bucket of tokens per caller, and one per address for those who are nobody.
//!
//! Each process counts by itself. Memory is bounded: clients are spread over so many buckets at random, and two of them
//! in one share it, which is rare while there are many more buckets than clients.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde::{Deserialize, Serialize};

use super::auth::{Caller, Role};
use super::problem::Problem;

/// The section `[intake.rate_limits]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitsConfig {
    /// Buckets for clients of one kind.
    pub buckets: u64,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Each address, for requests without a valid token.
    pub address: Limit,
    /// Each applicant.
    pub applicant: Limit,
    /// Each reseller.
    pub reseller: Limit,
    /// Each reviewer.
    pub reviewer: Limit,
    /// Each operator.
    pub operator: Limit,
    /// Each supervisor.
    pub supervisor: Limit,
    /// Each auditor.
    pub auditor: Limit,
}

/// How many requests one client may make.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests per second, over time; 0 is no limit.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

type Limiter = RateLimiter<u64, DefaultKeyedStateStore<u64>, DefaultClock, StateInformationMiddleware>;

/// The buckets of clients of one kind.
struct Buckets {
    name: &'static str,
    limit: Limit,
    limiter: Option<Limiter>,
}

/// The limits with their buckets. Cheap to clone.
#[derive(Clone)]
pub struct RateLimits {
    shared: Arc<Shared>,
}

struct Shared {
    hasher: RandomState,
    buckets: u64,
    trusted_proxies: Vec<IpAddr>,
    addresses: Buckets,
    roles: BTreeMap<Role, Buckets>,
}

/// A client's bucket after a request.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// Kind of client, and its limit; none where there is none.
    limit: Option<(&'static str, Limit)>,
    /// Requests that it may make at once.
    left: u32,
    /// Until it may make one, where it may not.
    wait: Duration,
}

impl RateLimits {
    /// Full buckets.
    pub fn new(config: &RateLimitsConfig) -> Self {
        let roles = Role::ALL.map(|role| {
            let limit = match role {
                Role::Applicant => config.applicant,
                Role::Reseller => config.reseller,
                Role::Reviewer => config.reviewer,
                Role::Operator => config.operator,
                Role::Supervisor => config.supervisor,
                Role::Auditor => config.auditor,
                Role::Policy => Limit { per_second: 0, burst: 0 },
            };
            (role, Buckets::new(role.as_str(), limit))
        });
        let shared = Shared {
            hasher: RandomState::new(),
            buckets: config.buckets.max(1),
            trusted_proxies: config.trusted_proxies.clone(),
            addresses: Buckets::new("address", config.address),
            roles: BTreeMap::from(roles),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Counts a request of a caller; the error is that it made too many.
    pub fn of_caller(&self, caller: &Caller) -> Result<Bucket, Bucket> {
        match self.shared.roles.get(&caller.role) {
            Some(buckets) => self.count(buckets, caller.name.as_str()),
            None => Ok(Bucket::without_limit()),
        }
    }

    /// Counts a request of nobody in particular, by its address.
    pub fn of_address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Bucket, Bucket> {
        let address = peer.map(|peer| network(client_address(peer, headers, &self.shared.trusted_proxies)));
        self.count(&self.shared.addresses, address)
    }

    fn count(&self, buckets: &Buckets, client: impl Hash) -> Result<Bucket, Bucket> {
        let Some(limiter) = &buckets.limiter else { return Ok(Bucket::without_limit()) };
        let key = self.shared.hasher.hash_one(client) % self.shared.buckets;
        let limit = Some((buckets.name, buckets.limit));
        match limiter.check_key(&key) {
            Ok(state) => Ok(Bucket { limit, left: state.remaining_burst_capacity(), wait: Duration::ZERO }),
            Err(until) => Err(Bucket { limit, left: 0, wait: until.wait_time_from(DefaultClock::default().now()) }),
        }
    }
}

impl Buckets {
    fn new(name: &'static str, limit: Limit) -> Self {
        let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
        let limiter = NonZeroU32::new(limit.per_second)
            .map(|per_second| RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst)).with_middleware());
        Self { name, limit, limiter }
    }
}

impl Bucket {
    /// A request that is not counted.
    pub fn without_limit() -> Self {
        Self { limit: None, left: 0, wait: Duration::ZERO }
    }

    /// Why a request beyond the limit is refused.
    pub fn problem(self) -> Problem {
        let seconds = whole_seconds(self.wait);
        let detail = format!("Ask again in {seconds} s; over REST, RateLimit-Policy and RateLimit tell the limit.");
        Problem::too_many(detail, seconds)
    }

    /// The answer with what is left.
    pub fn tell(self, mut answer: Response) -> Response {
        let Some((name, limit)) = self.limit else { return answer };
        let burst = limit.burst.max(1);
        let window = burst.div_ceil(limit.per_second.max(1));
        let reset = if self.left == 0 { whole_seconds(self.wait) } else { (burst - self.left.min(burst)).into() };
        let reset = if self.left == 0 { reset } else { reset.div_ceil(limit.per_second.max(1).into()) };
        let headers = answer.headers_mut();
        for (header, text) in [
            ("ratelimit-policy", format!("\"{name}\";q={burst};w={window}")),
            ("ratelimit", format!("\"{name}\";r={};t={reset}", self.left)),
        ] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
        answer
    }
}

/// The client made too many requests.
impl IntoResponse for Bucket {
    fn into_response(self) -> Response {
        self.tell(self.problem().into_response())
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

/// The address that a request comes from: behind proxies that are trusted, the last one that is not such a proxy.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let values: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let chain = values.join(",");
    let mut addresses = chain.rsplit(',').map_while(|text| text.trim().parse::<IpAddr>().ok());
    addresses.find(|address| !trusted.contains(address)).unwrap_or(peer)
}

/// One subscriber of IPv6 has a whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn limits(buckets: u64) -> RateLimits {
        let (none, few) = (Limit { per_second: 0, burst: 0 }, Limit { per_second: 1, burst: 2 });
        RateLimits::new(&RateLimitsConfig {
            buckets,
            trusted_proxies: vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()],
            address: few,
            applicant: few,
            reseller: none,
            reviewer: few,
            operator: none,
            supervisor: none,
            auditor: none,
        })
    }

    fn caller(name: &str, role: Role) -> Caller {
        Caller::new(name, role, "a")
    }

    #[test]
    fn each_client_has_a_bucket_of_its_own() {
        let limits = limits(u64::MAX);
        let one = caller("one", Role::Applicant);
        assert_eq!(limits.of_caller(&one).unwrap().left, 1);
        assert_eq!(limits.of_caller(&one).unwrap().left, 0);
        let beyond = limits.of_caller(&one).unwrap_err();
        assert!(beyond.wait > Duration::ZERO && beyond.wait <= Duration::from_secs(1), "{beyond:?}");
        assert!(limits.of_caller(&caller("two", Role::Applicant)).is_ok());
        assert!(limits.of_caller(&caller("one", Role::Reviewer)).is_ok());
        for _ in 0..50 {
            assert!(limits.of_caller(&caller("one", Role::Operator)).is_ok(), "0 is no limit");
        }
    }

    #[test]
    fn there_are_never_more_buckets_than_said() {
        let limits = limits(3);
        let let_in = (0..1000).filter(|n| limits.of_caller(&caller(&n.to_string(), Role::Applicant)).is_ok()).count();
        assert_eq!(let_in, 6, "three buckets of two");
        let buckets = limits.shared.roles.get(&Role::Applicant).unwrap();
        assert_eq!(buckets.limiter.as_ref().unwrap().len(), 3);
    }

    #[test]
    fn a_forwarded_address_counts_only_where_the_proxy_is_trusted() {
        let limits = limits(1);
        let trusted = &limits.shared.trusted_proxies;
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1, 2.2.2.2"));
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.2"));
        let address = |peer: &str| client_address(peer.parse().unwrap(), &headers, trusted).to_string();
        assert_eq!(address("10.0.0.1"), "2.2.2.2", "what stands before it may be invented");
        assert_eq!(address("3.3.3.3"), "3.3.3.3");
        let bare = HeaderMap::new();
        assert_eq!(client_address("10.0.0.1".parse().unwrap(), &bare, trusted).to_string(), "10.0.0.1");
        let networks = ["2001:db8::1", "2001:db8::ffff"].map(|text| network(text.parse().unwrap()));
        assert_eq!(networks[0], networks[1]);
        assert_eq!(network("::ffff:1.2.3.4".parse().unwrap()).to_string(), "1.2.3.4");
    }
}

//! Everything that is served over HTTP.

mod answers;
mod authorities;
mod bureau;
mod issuer;
mod people;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::Uri;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::connection::{CuttableListener, Scissors};
use crate::world::World;
use answers::{Json, Problem, Strict};

/// A file of 50 MB grows by a third in base64; the rest is room for the envelope.
const BODY_MAX_BYTES: usize = 80 * 1024 * 1024;

const INDEX: &str = "\
The outside world of the filing platform, for development and tests.

Bureau (interface V3.0 or V5.0, SOAP)
  POST /ISPWebService/upDownLoad                  isp_upload isp_download isp_downloadack isp_querypreviousupload
  POST /BeianStatusWebService/queryBeianStatus    isp_querybeianstatus
  GET  either with ?wsdl
Bureau, seen and scripted
  GET  /bureau/filings[?limit=n]   GET /bureau/filings/{domain}   GET /bureau/uploads
  POST /bureau/records             a record that was filed earlier, at this or another provider
  GET  /bureau/records/{number}    what is on record under an organiser's number
  POST /bureau/records/{number}/correction  names put right by an officer; the record is sent again
  POST /bureau/script              {\"domain\",\"reject_once\":{\"code\",\"text\"}}
  POST /bureau/faults              {\"kind\":\"msg_code|drop_response|delay\",\"operation\",\"code\",\"delay_ms\",\"times\"}
  DELETE /bureau/faults            GET, POST /bureau/settings
  POST /bureau/sms/confirm         {\"mobile\",\"code\",\"id_tail\"}
Phones and people
  POST /sms/send                   {\"to\",\"text\",\"reference\"} with Authorization: Bearer <key>
  POST /sms/faults                 {\"status\",\"times\",\"delay_ms\"}
  GET  /phones/{mobile}            POST /people {\"mobile\",\"answers\"}   (mobile * sets the default)
Mail
  GET  /mail/{address}             what came over SMTP
Authorities
  POST /authority/enterprise/query {\"uscc\"}     POST /authority/citizen/verify {\"name\",\"id_number\"}
  GET  /authority/domain/{name}
  POST /authority/enterprises | /authority/citizens | /authority/domains    one record or an array
  POST /authority/faults           {\"kind\":\"enterprise|citizen|domain\",\"status\",\"times\",\"delay_ms\"}
Issuer of tokens (OpenID Connect)
  GET  /issuer/.well-known/openid-configuration    GET /issuer/jwks
  POST /issuer/token               grant_type=password&username=&password=, or client_credentials; a form
  POST /issuer/keys/rotate         signs with a new key
Clock
  GET  /clock                      POST /clock/advance {\"ms\"}
GET /healthz
";

pub(crate) async fn serve(world: Arc<World>, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
    let service = router(world).into_make_service_with_connect_info::<Scissors>();
    let stop = async move {
        // An error means that the sandbox was dropped, which stops it as well.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let served = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(stop).await;
    if let Err(error) = served {
        tracing::error!(%error, "HTTP is no longer served");
    }
}

fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/", get(async || INDEX))
        .route("/healthz", get(async || "ok\n"))
        .route("/clock", get(clock))
        .route("/clock/advance", post(advance_clock))
        .merge(bureau::routes())
        .merge(people::routes())
        .merge(authorities::routes())
        .merge(issuer::routes())
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(world)
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::new(404, format!("nothing is at {}; GET / lists what is", uri.path()))
}

async fn wrong_method(uri: Uri) -> Problem {
    let detail = format!("{} does not take this method; GET / lists what it takes", uri.path());
    Problem::new(405, detail)
}

#[derive(Serialize)]
struct ClockView {
    now: chrono::DateTime<chrono::Utc>,
    offset_ms: i64,
}

impl ClockView {
    fn of(world: &World) -> Self {
        Self { now: world.clock.now(), offset_ms: world.clock.offset_ms() }
    }
}

async fn clock(State(world): State<Arc<World>>) -> Json<ClockView> {
    Json(ClockView::of(&world))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: i64,
}

async fn advance_clock(
    State(world): State<Arc<World>>,
    Strict(advance): Strict<Advance>,
) -> Result<Json<ClockView>, Problem> {
    use crate::clock::ClockError;
    world.clock.advance(advance.ms).await.map_err(|error| {
        let status = match error {
            ClockError::Step => 422,
            _ => 503,
        };
        Problem::new(status, format!("{error}; the clock was not moved"))
    })?;
    world.bureau.close_expired_sms_windows();
    world.timers.look_again();
    Ok(Json(ClockView::of(&world)))
}

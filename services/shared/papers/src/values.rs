//! What placeholders stand for: paths into the filing, and a few words that follow from it.

use chrono::NaiveDate;
use icp_domain::{Filing, InternetService, Organiser, Province};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::paper::chinese_date;
use crate::{PaperError, codes};

/// Everything that papers are filled from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What was declared.
    pub filing: &'a Filing,
    /// The service that the paper is about, from 0, where it is about one.
    pub service: usize,
    /// Id of the order.
    pub order_id: Uuid,
    /// Full name of the access provider.
    pub provider_name: &'a str,
    /// Date of the paper, in China.
    pub date: NaiveDate,
    /// The organiser as on record today, where the paper tells what changes.
    pub record: Option<&'a Organiser>,
}

/// Values by path, e.g. `organiser.name`, `service.principal.id.number`, `province.bureau`.
#[derive(Debug)]
pub(crate) struct Values(Value);

impl Values {
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        let filing = facts.filing;
        let names: Vec<&str> = filing.services.iter().map(|service| service.name.as_str()).collect();
        let numbers: Vec<&str> = filing.services.iter().filter_map(|service| service.number.as_deref()).collect();
        Self(json!({
            "organiser": organiser(&filing.organiser),
            "service": filing.services.get(facts.service).map(service),
            "services": { "names": names, "numbers": numbers },
            "province": {
                "name": filing.province.name_zh(),
                "bureau": bureau(filing.province),
            },
            "order": { "id": facts.order_id, "type": filing.order_type.description().name_zh },
            "cancellation": { "note": filing.cancellation.as_ref().and_then(|it| it.note.clone()) },
            "provider": { "name": facts.provider_name },
            "record": facts.record.map(|record| json!({ "organiser": organiser(record) })),
            "date": chinese_date(facts.date),
        }))
    }

    /// The value at a path; none where it is absent, empty, or not a value that can be printed.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let found = path.split('.').try_fold(&self.0, |value, name| value.get(name))?;
        let text = match found {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?.join("、"),
            Value::Null | Value::Bool(_) | Value::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The text with every placeholder `{path}` filled, or the path that is not.
    pub(crate) fn fill(&self, paper: &str, text: &str) -> Result<String, PaperError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (path, after) = after
                .split_once('}')
                .ok_or_else(|| PaperError::Template(format!("`{paper}` has a `{{` without its `}}`")))?;
            let missing = || PaperError::MissingField { paper: paper.to_owned(), field: path.to_owned() };
            filled.push_str(before);
            filled.push_str(&self.get(path).ok_or_else(missing)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// Name of the bureau, with the province's full name.
fn bureau(province: Province) -> String {
    let suffix = match province {
        Province::Beijing | Province::Tianjin | Province::Shanghai | Province::Chongqing => "市",
        Province::InnerMongolia | Province::Tibet => "自治区",
        Province::Guangxi => "壮族自治区",
        Province::Ningxia => "回族自治区",
        Province::Xinjiang => "维吾尔自治区",
        _ => "省",
    };
    format!("{}{suffix}通信管理局", province.name_zh())
}

fn organiser(organiser: &Organiser) -> Value {
    let mut value = to_object(organiser);
    value.insert("nature_name".to_owned(), json!(codes::nature(organiser.nature)));
    value.insert("certificate_name".to_owned(), json!(codes::certificate(organiser.certificate.kind)));
    value.insert("principal_id_name".to_owned(), json!(codes::certificate(organiser.principal.id.kind)));
    Value::Object(value)
}

fn service(service: &InternetService) -> Value {
    let names = |list: &[u16], name: fn(u16) -> Option<&'static str>| -> Vec<&'static str> {
        list.iter().filter_map(|code| name(*code)).collect()
    };
    let approvals: Vec<u16> = service.pre_approvals.iter().map(|approval| approval.category).collect();
    let approvals = match names(&approvals, codes::pre_approval) {
        known if known.is_empty() => vec!["无"],
        known => known,
    };
    let mut value = to_object(service);
    value.insert("kind_name".to_owned(), json!(codes::service_kind(service.kind)));
    value.insert("content_names".to_owned(), json!(names(&service.contents, codes::content)));
    value.insert("approval_names".to_owned(), json!(approvals));
    value.insert("place_names".to_owned(), json!(names(&service.access.server_places, codes::server_place)));
    value.insert("method_names".to_owned(), json!(names(&service.access.methods, codes::access_method)));
    value.insert("principal_id_name".to_owned(), json!(codes::certificate(service.principal.id.kind)));
    Value::Object(value)
}

fn to_object(content: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(content) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

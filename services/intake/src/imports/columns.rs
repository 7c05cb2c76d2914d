//! The flat form of a filing: columns named by the path of their field, for CSV.
//!
//! A row holds one service at most, and one platform of an app; an order with more is handed in as JSON. A column may
//! be headed by its path or by its Chinese name. Lists are separated by `;`.

use chrono::NaiveDate;
use icp_domain::{Filing, InternetService};
use serde_json::{Map, Value, json};

use crate::api::problem::FieldError;

/// What stands in the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One of the words that the field knows.
    Word,
    /// Text that must be there.
    Text,
    /// Text that may be left out.
    TextIfAny,
    /// A number that must be there.
    Number,
    /// A number that may be left out.
    NumberIfAny,
    /// A day such as 2049-12-31; left out or 长期 for none.
    Day,
    /// Texts, separated by `;`.
    Texts,
    /// Numbers, separated by `;`.
    Numbers,
    /// Pre-approvals (前置审批): `category:number`, separated by `;`.
    Approvals,
}

impl Form {
    /// In one line, for the documentation.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Text => "text",
            Self::TextIfAny => "text, or nothing",
            Self::Number => "number",
            Self::NumberIfAny => "number, or nothing",
            Self::Day => "day such as 2049-12-31; nothing or 长期 for none",
            Self::Texts => "texts, separated by `;`",
            Self::Numbers => "numbers, separated by `;`",
            Self::Approvals => "`category:number`, separated by `;`",
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Path of the field, as in the JSON of a filing.
    pub path: &'static str,
    /// Its name in Chinese.
    pub name_zh: &'static str,
    /// What stands in its cells.
    pub form: Form,
}

/// The caller's own name of a row; no field of the filing.
pub static REFERENCE: Column = Column { path: "reference", name_zh: "业务编号", form: Form::TextIfAny };

/// Parts of a filing that are not there when all their columns are empty; the inner ones first.
const PARTS: [&str; 3] = ["services[0].app_platforms[0].", "services[0].", "cancellation."];

/// How the paths of a service's columns begin.
const FIRST_SERVICE: &str = "services[0].";

const fn column(path: &'static str, name_zh: &'static str, form: Form) -> Column {
    Column { path, name_zh, form }
}

/// Every column of a filing, in the sequence of the template.
pub static COLUMNS: [Column; 57] = {
    use Form::{Approvals, Day, Number, NumberIfAny, Numbers, Text, TextIfAny, Texts, Word};
    [
        column("order_type", "订单类型", Word),
        column("province", "备案省份", Word),
        column("organiser.number", "主体备案号", TextIfAny),
        column("organiser.name", "主办单位名称", Text),
        column("organiser.nature", "单位性质", Number),
        column("organiser.certificate.kind", "主体证件类型", Number),
        column("organiser.certificate.number", "主体证件号码", Text),
        column("organiser.certificate.address", "主体证件住所", TextIfAny),
        column("organiser.certificate.valid_from", "主体证件有效期起", Day),
        column("organiser.certificate.valid_to", "主体证件有效期至", Day),
        column("organiser.investor", "投资人或上级主管单位", TextIfAny),
        column("organiser.address.province_code", "通信地址省代码", Number),
        column("organiser.address.city_code", "通信地址市代码", Number),
        column("organiser.address.county_code", "通信地址县代码", NumberIfAny),
        column("organiser.address.detail", "通信地址", Text),
        column("organiser.principal.name", "主体负责人姓名", Text),
        column("organiser.principal.id.kind", "主体负责人证件类型", Number),
        column("organiser.principal.id.number", "主体负责人证件号码", Text),
        column("organiser.principal.id.address", "主体负责人证件住所", TextIfAny),
        column("organiser.principal.id.valid_from", "主体负责人证件有效期起", Day),
        column("organiser.principal.id.valid_to", "主体负责人证件有效期至", Day),
        column("organiser.principal.mobile", "主体负责人手机", Text),
        column("organiser.principal.emergency_phone", "主体负责人应急电话", TextIfAny),
        column("organiser.principal.office_phone", "主体负责人办公电话", TextIfAny),
        column("organiser.principal.email", "主体负责人邮箱", Text),
        column("organiser.remark", "主体备注", TextIfAny),
        column("services[0].number", "服务备案号", TextIfAny),
        column("services[0].kind", "服务类型", Word),
        column("services[0].name", "服务名称", Text),
        column("services[0].domains", "域名", Texts),
        column("services[0].home_url", "首页网址", TextIfAny),
        column("services[0].contents", "服务内容", Numbers),
        column("services[0].languages", "语种", Numbers),
        column("services[0].pre_approvals", "前置审批", Approvals),
        column("services[0].app_platforms[0].platform", "APP运行平台", Word),
        column("services[0].app_platforms[0].package", "APP包名", Text),
        column("services[0].app_platforms[0].public_key", "APP公钥", Text),
        column("services[0].app_platforms[0].certificate_fingerprint", "APP证书指纹", Text),
        column("services[0].app_platforms[0].domains", "APP域名", Texts),
        column("services[0].app_platforms[0].sdk_providers", "APP第三方SDK", Texts),
        column("services[0].mini_program_platforms", "小程序平台", Numbers),
        column("services[0].principal.name", "服务负责人姓名", Text),
        column("services[0].principal.id.kind", "服务负责人证件类型", Number),
        column("services[0].principal.id.number", "服务负责人证件号码", Text),
        column("services[0].principal.id.address", "服务负责人证件住所", TextIfAny),
        column("services[0].principal.id.valid_from", "服务负责人证件有效期起", Day),
        column("services[0].principal.id.valid_to", "服务负责人证件有效期至", Day),
        column("services[0].principal.mobile", "服务负责人手机", Text),
        column("services[0].principal.emergency_phone", "服务负责人应急电话", TextIfAny),
        column("services[0].principal.office_phone", "服务负责人办公电话", TextIfAny),
        column("services[0].principal.email", "服务负责人邮箱", Text),
        column("services[0].access.methods", "接入方式", Numbers),
        column("services[0].access.server_places", "服务器放置地", Numbers),
        column("services[0].access.addresses", "IP地址", Texts),
        column("services[0].remark", "服务备注", TextIfAny),
        column("cancellation.reason", "注销理由", Number),
        column("cancellation.note", "注销理由说明", TextIfAny),
    ]
};

/// The column with this heading: its path or its Chinese name.
pub fn find(heading: &str) -> Option<&'static Column> {
    let heading = heading.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    std::iter::once(&REFERENCE).chain(&COLUMNS).find(|column| column.path == heading || column.name_zh == heading)
}

/// The filing that these cells (path, text) declare, as JSON; or every cell that cannot be read.
pub fn to_json(cells: &[(String, String)]) -> Result<Value, Vec<FieldError>> {
    let text_of = |column: &Column| {
        let cell = cells.iter().find(|(path, _)| path == column.path);
        cell.map(|(_, text)| text.trim()).unwrap_or_default()
    };
    let is_there =
        |part: &str| COLUMNS.iter().any(|column| column.path.starts_with(part) && !text_of(column).is_empty());
    let present: Vec<&str> = PARTS.into_iter().filter(|part| is_there(part)).collect();
    let mut filing = Value::Object(Map::new());
    let mut errors = Vec::new();
    for column in &COLUMNS {
        let part = PARTS.into_iter().find(|part| column.path.starts_with(part));
        if part.is_some_and(|part| !present.contains(&part)) {
            continue;
        }
        match value(column, text_of(column)) {
            Ok(Some(value)) => put(&mut filing, column.path, value),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(filing) } else { Err(errors) }
}

/// What a cell says; none where the field is left out.
fn value(column: &Column, text: &str) -> Result<Option<Value>, FieldError> {
    let wrong = |reason: String, remedy: &str| FieldError::new(column.path, reason, remedy);
    if looks_rounded(text) {
        let remedy = "a spreadsheet has rounded it: format the column as text and enter it again";
        return Err(wrong("is a rounded number".to_owned(), remedy));
    }
    let number = |text: &str| {
        text.parse::<u32>().map_err(|_| wrong(format!("holds `{text}`, which is no number"), "give the code's digits"))
    };
    Ok(match column.form {
        Form::Word if text.is_empty() => return Err(wrong("is missing".to_owned(), "fill the cell")),
        Form::Number if text.is_empty() => return Err(wrong("is missing".to_owned(), "give the code's digits")),
        Form::TextIfAny | Form::NumberIfAny | Form::Day if text.is_empty() => None,
        // What must not be empty is told by the form, with everything else that it asks for.
        Form::Word | Form::Text | Form::TextIfAny => Some(json!(unguarded(text))),
        Form::Number | Form::NumberIfAny => Some(json!(number(text)?)),
        Form::Day if text == "长期" => None,
        Form::Day => {
            let day = ["%Y-%m-%d", "%Y/%m/%d"].iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
            let day = day.ok_or_else(|| wrong("is not a day".to_owned(), "write it as 2049-12-31, or 长期"))?;
            Some(json!(day))
        }
        Form::Texts => Some(json!(members(text).map(unguarded).collect::<Vec<_>>())),
        Form::Numbers => Some(json!(members(text).map(number).collect::<Result<Vec<_>, _>>()?)),
        Form::Approvals => {
            let approval = |member: &str| -> Result<Value, FieldError> {
                let remedy = "write the category's number, a colon, and the licence's number";
                let (category, licence) = member
                    .split_once([':', '：'])
                    .ok_or_else(|| wrong("holds a pre-approval without its category".to_owned(), remedy))?;
                Ok(json!({ "category": number(category.trim())?, "number": licence.trim() }))
            };
            Some(json!(members(text).map(approval).collect::<Result<Vec<_>, _>>()?))
        }
    })
}

fn members(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '；']).map(str::trim).filter(|member| !member.is_empty())
}

/// Whether a spreadsheet has made `4.40301E+17` of an identifier.
fn looks_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let is_mantissa = mantissa.contains('.') && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_mantissa && exponent.strip_prefix('+').is_some_and(|digits| digits.parse::<u32>().is_ok())
}

/// Without the mark by which [`crate::sheet`] keeps a spreadsheet from reckoning with the text.
fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| crate::sheet::is_risky(rest)).unwrap_or(text)
}

/// Sets the field at a path; objects and lists on the way are made.
fn put(root: &mut Value, path: &str, value: Value) {
    let mut place = root;
    for step in path.split('.') {
        let (name, is_list) = match step.strip_suffix("[0]") {
            Some(name) => (name, true),
            None => (step, false),
        };
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
        if is_list {
            if !place.is_array() {
                *place = json!([{}]);
            }
            place = &mut place[0];
        }
    }
    *place = value;
}

/// The cells of a filing and one of its services, in the sequence of [`COLUMNS`]; of several platforms of an app, the
/// first.
pub fn cells(filing: &Filing, service: Option<&InternetService>) -> Vec<String> {
    let filing = serde_json::to_value(Filing { services: Vec::new(), ..filing.clone() }).unwrap_or_default();
    let service = service.map(|service| serde_json::to_value(service).unwrap_or_default()).unwrap_or_default();
    let cell = |column: &Column| {
        let (root, path) = match column.path.strip_prefix(FIRST_SERVICE) {
            Some(path) => (&service, path),
            None => (&filing, column.path),
        };
        let pointer = format!("/{}", path.replace("[0]", "/0").replace('.', "/"));
        root.pointer(&pointer).map(cell_text).unwrap_or_default()
    };
    COLUMNS.iter().map(cell).collect()
}

fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(members) => members.iter().map(cell_text).collect::<Vec<_>>().join(";"),
        Value::Object(approval) => {
            let member = |name: &str| approval.get(name).map(cell_text).unwrap_or_default();
            format!("{}:{}", member("category"), member("number"))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use icp_domain::{OrderType, PreApproval, Province};
    use icp_testkit::filings::filing_of_type;

    use super::*;

    fn pairs(cells: &[String]) -> Vec<(String, String)> {
        COLUMNS.iter().map(|column| column.path.to_owned()).zip(cells.iter().cloned()).collect()
    }

    fn of_type(order_type: OrderType) -> Filing {
        let mut filing = filing_of_type(order_type, Province::Guangdong, 7);
        filing.services.truncate(1);
        filing
    }

    #[test]
    fn a_filing_of_every_type_survives_its_flat_form() {
        for order_type in OrderType::ALL {
            let mut filing = of_type(order_type);
            if let Some(service) = filing.services.first_mut() {
                service.pre_approvals = vec![PreApproval { category: 1, number: "国新网1012006001".to_owned() }];
                service.principal.office_phone = Some("+86-755-12345678".to_owned());
            }
            let flat = pairs(&cells(&filing, filing.services.first()));
            let read: Filing = serde_json::from_value(to_json(&flat).unwrap()).unwrap();
            assert_eq!(read, filing, "{}", order_type.as_str());
        }
    }

    #[test]
    fn every_field_has_one_column_and_every_heading_one_meaning() {
        let mut headings: Vec<&str> =
            std::iter::once(&REFERENCE).chain(&COLUMNS).flat_map(|column| [column.path, column.name_zh]).collect();
        let count = headings.len();
        headings.sort_unstable();
        headings.dedup();
        assert_eq!(headings.len(), count);
        assert_eq!(find("\u{feff} 主办单位名称 ").unwrap().path, "organiser.name");
        assert!(find("colour").is_none());
    }

    #[test]
    fn the_readme_has_every_column() {
        let readme = include_str!("../../README.md");
        for column in std::iter::once(&REFERENCE).chain(&COLUMNS) {
            let line = format!("| `{}` | {} | {} |", column.path, column.name_zh, column.form.describe());
            assert!(readme.contains(&line), "README.md lacks the line {line}");
        }
    }

    #[test]
    fn every_cell_that_cannot_be_read_is_named() {
        let filing = of_type(OrderType::FirstFiling);
        let mut flat = pairs(&cells(&filing, filing.services.first()));
        let mut set = |path: &str, text: &str| {
            flat.iter_mut().filter(|(column, _)| column == path).for_each(|(_, cell)| *cell = text.to_owned());
        };
        set("order_type", "");
        set("organiser.nature", "企业");
        set("organiser.principal.id.number", "4.40301E+17");
        set("organiser.certificate.valid_to", "soon");
        set("services[0].contents", "8;x");
        set("services[0].pre_approvals", "news");
        let errors = to_json(&flat).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let expected = [
            "order_type",
            "organiser.nature",
            "organiser.certificate.valid_to",
            "organiser.principal.id.number",
            "services[0].contents",
            "services[0].pre_approvals",
        ];
        assert_eq!(fields, expected);
        assert!(errors.iter().all(|error| !error.reason.is_empty() && !error.remedy.is_empty()));
    }
}

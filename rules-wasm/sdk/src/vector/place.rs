//! Place holders that make one vector fit every province:
//!
//! | text | becomes |
//! |---|---|
//! | `${letters}`, `${province}`, `${city}` | `gd`, `广东`, `广州市` (the capital) |
//! | `"${province_code}"`, `"${city_code}"`, `"${county_code}"` | the number 440000, 440100, 440105 |
//! | `${id 1985-03-12 011}` | a citizen number of there with this birth date and sequence |
//! | `${uscc}`, `${uscc 92}` | a unified social credit code of there (of a company; with this department and class) |
//! | `${id wrong …}`, `${uscc wrong}` | the same with a wrong check digit |
//! | `${elsewhere …}` | the same of another province, e.g. `${elsewhere id 1985-03-12 011}` |

use icp_domain::Province;
use icp_domain::identifiers::{CitizenId, Uscc};
use serde_json::Value;

/// Capitals in the order of [`Province::ALL`].
const CAPITALS: [(&str, &str); 31] = [
    ("bj", "北京市"),
    ("tj", "天津市"),
    ("he", "石家庄市"),
    ("sx", "太原市"),
    ("nm", "呼和浩特市"),
    ("ln", "沈阳市"),
    ("jl", "长春市"),
    ("hl", "哈尔滨市"),
    ("sh", "上海市"),
    ("js", "南京市"),
    ("zj", "杭州市"),
    ("ah", "合肥市"),
    ("fj", "福州市"),
    ("jx", "南昌市"),
    ("sd", "济南市"),
    ("ha", "郑州市"),
    ("hb", "武汉市"),
    ("hn", "长沙市"),
    ("gd", "广州市"),
    ("gx", "南宁市"),
    ("hi", "海口市"),
    ("cq", "重庆市"),
    ("sc", "成都市"),
    ("gz", "贵阳市"),
    ("yn", "昆明市"),
    ("xz", "拉萨市"),
    ("sn", "西安市"),
    ("gs", "兰州市"),
    ("qh", "西宁市"),
    ("nx", "银川市"),
    ("xj", "乌鲁木齐市"),
];

/// Fills every place holder of the value.
pub(super) fn fill(value: &mut Value, here: Province) -> Result<(), String> {
    match value {
        Value::Object(map) => map.values_mut().try_for_each(|entry| fill(entry, here)),
        Value::Array(list) => list.iter_mut().try_for_each(|entry| fill(entry, here)),
        Value::String(text) => {
            if let Some(number) = number(text, here) {
                *value = Value::from(number);
            } else if text.contains("${") {
                *text = filled(text, here)?;
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Another province.
fn elsewhere(here: Province) -> Province {
    if here == Province::Fujian { Province::Guangdong } else { Province::Fujian }
}

fn number(text: &str, here: Province) -> Option<u32> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    let (name, place) = match name.strip_prefix("elsewhere ") {
        Some(name) => (name, elsewhere(here)),
        None => (name, here),
    };
    match name {
        "province_code" => Some(place.code()),
        "city_code" => Some(place.code() + 100),
        "county_code" => Some(place.code() + 105),
        _ => None,
    }
}

fn filled(text: &str, here: Province) -> Result<String, String> {
    let mut rest = text;
    let mut result = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("`{text}` lacks a `}}`"))?;
        result.push_str(before);
        result.push_str(&one(name, here).ok_or_else(|| format!("`${{{name}}}` is no place holder"))?);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

fn one(name: &str, here: Province) -> Option<String> {
    if let Some(name) = name.strip_prefix("elsewhere ") {
        return one(name, elsewhere(here));
    }
    let words: Vec<&str> = name.split(' ').collect();
    match words.as_slice() {
        ["letters"] => Some(here.letters().to_owned()),
        ["province"] => Some(here.name_zh().to_owned()),
        ["city"] => CAPITALS.iter().find(|(letters, _)| *letters == here.letters()).map(|(_, city)| (*city).to_owned()),
        ["id", birth, sequence] => {
            let id = CitizenId::generate(here.code() + 105, birth.parse().ok()?, sequence.parse().ok()?).ok()?;
            Some(id.as_str().to_owned())
        }
        ["id", "wrong", birth, sequence] => {
            let id = one(&format!("id {birth} {sequence}"), here)?;
            Some(with_other_end(&id, |text| CitizenId::parse(text).is_ok()))
        }
        ["uscc"] => credit_code("91", here),
        ["uscc", "wrong"] => Some(with_other_end(&credit_code("91", here)?, |text| Uscc::parse(text).is_ok())),
        ["uscc", class] => credit_code(class, here),
        _ => None,
    }
}

/// The number with another check digit.
fn with_other_end(number: &str, is_valid: impl Fn(&str) -> bool) -> String {
    let body = number.get(..number.len().saturating_sub(1)).unwrap_or_default();
    (0..10).map(|digit| format!("{body}{digit}")).find(|text| !is_valid(text)).unwrap_or_default()
}

fn credit_code(class: &str, here: Province) -> Option<String> {
    let without_check = format!("{class}{}MA5CJQ4N5", here.code() + 100);
    "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .map(|check| format!("{without_check}{check}"))
        .find(|code| Uscc::parse(code).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn every_province_has_a_capital_and_valid_numbers() {
        for province in Province::ALL {
            let mut value = json!({
                "city": "${city}", "wrong": "${id wrong 1985-03-12 011}", "code": "${city_code}", "name": "${province}示例",
                "id": "${id 1985-03-12 011}", "uscc": "${uscc}", "other": "${elsewhere id 1985-03-12 011}",
            });
            fill(&mut value, province).unwrap();
            assert_eq!(value["code"], json!(province.code() + 100));
            let home = |key: &str| CitizenId::parse(value[key].as_str().unwrap()).unwrap().province().unwrap();
            assert_eq!(home("id"), province);
            assert_ne!(home("other"), province);
            assert_eq!(Uscc::parse(value["uscc"].as_str().unwrap()).unwrap().province(), Some(province));
            assert!(CitizenId::parse(value["wrong"].as_str().unwrap()).unwrap_err().is_check_character());
            assert!(value["city"].as_str().unwrap().ends_with('市'));
        }
        assert!(fill(&mut json!("${nothing}"), Province::Beijing).is_err());
    }
}

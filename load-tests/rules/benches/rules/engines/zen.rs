//! The rules as a GoRules decision: one node of expressions, which is what costs this engine least; its precompiled form
//! is used. Words are written out as a chain of comparisons, which it runs faster than a loop over a list.

use anyhow::{Context as _, anyhow};
use futures::executor::block_on;
use icp_rules_sdk::book::ProvinceBook;
use serde_json::{Value, json};
use zen_engine::Decision;
use zen_engine::model::GraphContent;
use zen_expression::Variable;

use super::Found;
use super::facts::DOCUMENTS;

/// The compiled decision with all inputs.
pub struct Zen {
    decision: Decision,
    inputs: Vec<Variable>,
}

impl Zen {
    /// Compiles the decision once.
    pub fn new(book: &ProvinceBook, tables: &Value, inputs: &[Value]) -> anyhow::Result<Self> {
        let content: GraphContent = serde_json::from_value(decision(book))?;
        let mut decision = Decision::from(content);
        decision.validate().map_err(|error| anyhow!("the decision is not valid: {error}"))?;
        decision.compile();
        let tables = Variable::from(tables);
        let inputs = inputs
            .iter()
            .map(|input| {
                let input = Variable::from(input);
                input.dot_insert("tables", tables.clone());
                input
            })
            .collect();
        Ok(Self { decision, inputs })
    }

    /// A verdict.
    pub fn judge(&mut self, place: usize) -> Option<Variable> {
        let input = self.inputs.get(place)?.clone();
        block_on(self.decision.evaluate(input)).ok().map(|response| response.result)
    }

    /// What is found.
    pub fn found(&mut self, place: usize) -> anyhow::Result<Found> {
        let input = self.inputs.get(place).context("no such order")?.clone();
        let response = block_on(self.decision.evaluate(input)).map_err(|error| anyhow!("{error:?}"))?;
        let result: Value = serde_json::to_value(&response.result)?;
        let mut found = Found::new();
        for (key, value) in result.as_object().context("the decision answers no object")? {
            match (key.strip_prefix("find"), value) {
                (Some(_), Value::String(finding)) => drop(found.insert(finding.clone())),
                (Some(_), Value::Array(findings)) => {
                    found.extend(findings.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                (Some(_), Value::Null) | (None, _) => {}
                (Some(_), other) => return Err(anyhow!("{key} is {other}")),
            }
        }
        Ok(found)
    }
}

/// The decision: facts first, then one expression per check, which is a finding or null.
fn decision(book: &ProvinceBook) -> Value {
    let mut expressions: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, expression: String| expressions.push((name.to_owned(), expression));
    fact(
        "code",
        "sum(map([0..16], tables.code_values[organiser.number[#:#]] * tables.code_weights[#])) % 31".to_owned(),
    );
    for person in ["p1", "p2"] {
        fact(
            &format!("right_{person}"),
            format!(
                "tables.citizen_checks[sum(map([0..16], number({person}.number[#:#]) * tables.citizen_weights[#])) % 11] == {person}.number[17:17]"
            ),
        );
        fact(&format!("age_{person}"), format!("floor((today_digits - number({person}.number[6:13])) / 10000)"));
    }
    let mut checks: Vec<(String, String)> = Vec::new();
    let mut check = |finding: &str, condition: String| checks.push((finding.to_owned(), condition));
    check(
        "S01 certificate_numbers organiser.certificate.number",
        "tables.code_checks[(31 - $.code) % 31] != organiser.number[17:17]".to_owned(),
    );
    check(
        "S01 licence_min_days organiser.certificate.valid_to",
        "organiser.valid_to != null and organiser.valid_to - today < 90".to_owned(),
    );
    check("S03 unit_in_province organiser.address.province_code", "organiser.province != 440000".to_owned());
    let signs: Vec<String> = "号室栋楼层组0123456789".chars().map(String::from).collect();
    let signs: Vec<&str> = signs.iter().map(String::as_str).collect();
    check("S12 address_complete organiser.address.detail", format!("not ({})", holds("organiser.detail", &signs)));
    let other_city = book
        .address_same_city
        .value
        .iter()
        .map(|(code, name)| format!("(contains(organiser.address, '{name}') and organiser.city != {code})"));
    check("S12 address_same_city organiser.address.city_code", other_city.collect::<Vec<_>>().join(" or "));
    check("S04 register_agrees organiser.name", "enterprise.name != organiser.name".to_owned());
    check("S04 register_agrees organiser.certificate.number", "not enterprise.is_active".to_owned());
    check(
        "S04 register_address_agrees organiser.certificate.address",
        "enterprise.address != organiser.address".to_owned(),
    );
    check("S02 lr_mode organiser.principal.name", "enterprise.representative != p1.name".to_owned());
    for (person, at) in [("p1", "organiser.principal"), ("p2", "services[0].principal")] {
        let mut of_person = |what: &str, field: &str, condition: String| {
            check(&format!("{what} {at}.{field}"), condition);
        };
        of_person("S01 certificate_numbers", "id.number", format!("not $.right_{person}"));
        of_person(
            "S01 id_min_days",
            "id.valid_to",
            format!("{person}.valid_to != null and {person}.valid_to - today < 90"),
        );
        of_person("S11 min_age_unit", "id.number", format!("$.right_{person} and $.age_{person} < 16"));
        of_person(
            "S11 minor_proof_unit",
            "id.number",
            format!(
                "$.right_{person} and $.age_{person} >= 16 and $.age_{person} < 18 and not some(materials, #.kind == 'employment-proof')"
            ),
        );
        of_person(
            "T02 mobile_format",
            "mobile",
            format!(
                "not (len({person}.mobile) == 11 and {person}.mobile[0:0] == '1' and {person}.mobile[1:1] in ['3', '4', '5', '6', '7', '8', '9'] and isNumeric({person}.mobile))"
            ),
        );
        let segments: Vec<String> = book.mobile_deny_segments.value.iter().map(|s| format!("'{s}'")).collect();
        of_person("T02 mobile_deny_segments", "mobile", format!("{person}.mobile[0:2] in [{}]", segments.join(", ")));
        of_person(
            "T04 email_format",
            "email",
            format!(
                "not (len(split({person}.email, '@')) == 2 and split({person}.email, '@')[0] != '' and contains(split({person}.email, '@')[1], '.'))"
            ),
        );
        of_person("T04 emergency_differs", "emergency_phone", format!("{person}.emergency == {person}.mobile"));
        of_person(
            "T03 phone_unique_across_subjects",
            "mobile",
            format!("some(phones, #.mobile == {person}.mobile and #.others > 0)"),
        );
    }
    check("T03 distinct_contacts services[0].principal.mobile", "p1.mobile == p2.mobile".to_owned());
    check("T03 distinct_contacts services[0].principal.email", "p1.email == p2.email".to_owned());
    check(
        "T03 distinct_phones services[0].principal.emergency_phone",
        "p1.emergency == p1.mobile and p2.mobile == p1.mobile and p2.emergency == p1.mobile".to_owned(),
    );
    check("N01 name_state_words services[0].name", holds("service.name", book.name_state_words.value));
    check("N01 name_sensitive_words services[0].name", holds("service.name", book.name_sensitive_words.value));
    let regions = book
        .name_regions
        .value
        .iter()
        .map(|region| format!("(contains(service.name, '{region}') and not contains(organiser.name, '{region}'))"));
    check("N01 name_regions services[0].name", regions.collect::<Vec<_>>().join(" or "));
    check(
        "N01 college_marked services[0].name",
        "contains(service.name, '学院') and not contains(service.name, '内部学院') and not contains(service.name, '非独立机构') and not contains(organiser.name, '学院')".to_owned(),
    );
    let any_of = |text: &str, list: &[icp_rules_sdk::book::LicensedWords]| {
        list.iter().map(|entry| holds(text, entry.words)).collect::<Vec<_>>().join(" or ")
    };
    check("C05 licensed_words services[0].name", any_of("service.name", book.licensed_words.value));
    let of_organiser = book.licensed_words.value.iter().map(|entry| {
        format!("(({}) and not ({}))", holds("organiser.name", entry.words), holds("service.name", entry.words))
    });
    check("C05 licensed_words organiser.name", of_organiser.collect::<Vec<_>>().join(" or "));
    check("C05 licensed_words_here services[0].name", any_of("service.name", book.licensed_words_here.value));
    check("D07 domains_per_website services[0].domains", "service.domains != 1".to_owned());
    check("D01 domain_real_named services[0].domains[0]", "domain.real_named == false".to_owned());
    check(
        "D04 domain_min_days services[0].domains[0]",
        "domain.expires != null and domain.expires - today < 90".to_owned(),
    );
    check(
        "D02 domain_holder services[0].domains[0]",
        "domain.holder != organiser.name and domain.holder != enterprise.representative".to_owned(),
    );
    check(
        "D05 home_in_domain services[0].home_url",
        "service.home != service.domain and not endsWith(service.home, '.' + service.domain)".to_owned(),
    );
    check(
        "R01 content_other_remark services[0].remark",
        "service.is_remark_blank and some(service.contents, # == 24)".to_owned(),
    );
    let contents: Vec<String> = book.content_licensed.value.iter().map(u16::to_string).collect();
    check(
        "C05 content_licensed services[0].pre_approvals",
        format!("some(service.contents, # in [{}])", contents.join(", ")),
    );
    check("A01 access_complete services[0].access.server_places", "some(service.places, # in [13, 20, 30])".to_owned());
    for kind in DOCUMENTS {
        check(&format!("V04 documents materials.{kind}"), format!("not some(materials, #.kind == '{kind}')"));
    }
    let weekdays = |day: &str| format!("(floor(({day} + 3) / 7) * 5 + min([({day} + 3) % 7 + 1, 5]))");
    check(
        "V04 document_good_for materials.commitment",
        format!(
            "some(materials, #.kind == 'commitment' and #.issued != null and {} - {} > 60)",
            weekdays("today"),
            weekdays("#.issued")
        ),
    );

    let mut index = 0;
    let mut next = |key: &str, value: &str| {
        index += 1;
        json!({ "id": format!("e{index}"), "key": key, "value": value })
    };
    let mut list: Vec<Value> = expressions.iter().map(|(key, value)| next(key, value)).collect();
    for (place, (finding, condition)) in checks.iter().enumerate() {
        list.push(next(&format!("find{place}"), &format!("({condition}) ? '{finding}' : null")));
    }
    let media: Vec<String> = book.picture_media_types.value.iter().map(|kind| format!("'{kind}'")).collect();
    for (key, condition, rule) in [
        ("find_large", "#.bytes > 4194304".to_owned(), "S01 picture_bytes_max"),
        ("find_media", format!("#.media not in [{}]", media.join(", ")), "S01 picture_media_types"),
    ] {
        list.push(next(key, &format!("map(filter(materials, {condition}), '{rule} materials.' + #.kind)")));
    }
    json!({
        "nodes": [
            { "id": "in", "name": "order", "type": "inputNode", "content": {} },
            {
                "id": "rules", "name": "广东", "type": "expressionNode",
                "content": { "expressions": list, "passThrough": false },
            },
            { "id": "out", "name": "findings", "type": "outputNode", "content": {} },
        ],
        "edges": [
            { "id": "a", "sourceId": "in", "targetId": "rules", "type": "edge" },
            { "id": "b", "sourceId": "rules", "targetId": "out", "type": "edge" },
        ],
    })
}

/// Whether a text holds one of the words.
fn holds(text: &str, words: &[&str]) -> String {
    let one = |word: &&str| format!("contains({text}, '{word}')");
    if words.is_empty() { "false".to_owned() } else { words.iter().map(one).collect::<Vec<_>>().join(" or ") }
}

//! Letters: authorisations, commitments and statements from templates, filled from a filing.
//!
//! A template is a file in `data/letters`: for whom it is, its words with placeholders, and where they come from.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use icp_domain::identifiers::CitizenId;
use icp_domain::{CERTIFICATE_CITIZEN_ID, MaterialKind, OrderType, Province};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::PaperError;
use crate::paper::{About, Paper, Template};
use crate::values::{Facts, Values};

macro_rules! files {
    ($($id:literal),* $(,)?) => {
        /// Id and text of every template.
        const FILES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../data/letters/", $id, ".toml")))),*];
    };
}

files!(
    "authorisation",
    "authorisation-sh",
    "authorisation-gs",
    "commitment-gd-unit",
    "commitment-gd-person",
    "responsibility-notice-js",
    "commitment-js",
    "no-training-commitment",
    "personal-site-pledge",
    "construction-plan",
    "matter-commitment",
    "culture-commitment",
    "finance-commitment",
    "finance-commitment-sd",
    "party-building-letter",
    "guardian-consent",
    "unit-letter",
    "situation-statement",
    "deregistration-statement",
    "service-deregistration-statement",
    "name-change-statement",
    "former-name-statement",
);

/// A kind of organiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganiserType {
    /// Any organisation (单位).
    Unit,
    /// A natural person (个人).
    Person,
}

/// A letter to be filled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterTemplate {
    /// Name in URLs, e.g. `authorisation`; the name of its file.
    #[serde(skip)]
    pub id: String,
    /// Title on the paper.
    pub title: String,
    /// As what the signed paper is uploaded.
    pub materials: Vec<MaterialKind>,
    /// Provinces that ask for it; empty: all.
    #[serde(default)]
    pub provinces: Vec<Province>,
    /// Provinces that have a letter of their own instead, or take none.
    #[serde(default)]
    pub except: Vec<Province>,
    /// Order types that it belongs to; empty: all that bring data.
    #[serde(default)]
    pub order_types: Vec<OrderType>,
    /// For whom, where it is not for everybody.
    pub organiser: Option<OrganiserType>,
    /// Only where the name of organiser or service has one of these words; empty: always.
    #[serde(default)]
    pub words: Vec<String>,
    /// Words that count in one province besides.
    #[serde(default)]
    pub more_words: BTreeMap<Province, Vec<String>>,
    /// Never where a name has one of these: they need a licence.
    #[serde(default)]
    pub except_words: Vec<String>,
    /// Only where the organiser's person in charge is younger than this, or her age is not known.
    pub below_age: Option<u32>,
    /// Only where the organiser's name becomes another one, as far as the record is known.
    #[serde(default)]
    pub is_about_new_name: bool,
    /// Whether each service has a paper of its own.
    pub is_per_service: bool,
    /// Why it is asked for, in a sentence for the applicant.
    pub reason: String,
    /// Where the rule comes from.
    pub source: String,
    /// Date of the source, as precise as known.
    pub as_of: String,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// Whether the words are the authority's own; otherwise they are ours.
    pub is_official_wording: bool,
    /// To whom, with placeholders.
    pub addressee: Option<String>,
    /// A table of label and text, with placeholders.
    #[serde(default)]
    particulars: Vec<(String, String)>,
    sections: Vec<Section>,
    /// Lines to sign, each with space for it.
    signatures: Vec<String>,
}

/// A part of a letter.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default)]
    heading: String,
    paragraphs: Vec<String>,
}

/// All templates, read once.
pub fn letter_templates() -> Result<&'static [LetterTemplate], PaperError> {
    static TEMPLATES: OnceLock<Result<Vec<LetterTemplate>, String>> = OnceLock::new();
    let read = TEMPLATES.get_or_init(|| {
        let read = |(id, text): &(&str, &str)| {
            let template: LetterTemplate =
                toml::from_str(text).map_err(|error| format!("data/letters/{id}.toml: {error}"))?;
            Ok(LetterTemplate { id: (*id).to_owned(), ..template })
        };
        FILES.iter().map(read).collect()
    });
    match read {
        Ok(templates) => Ok(templates),
        Err(reason) => Err(PaperError::Template(reason.clone())),
    }
}

impl LetterTemplate {
    /// Whether the letter belongs to the filing.
    pub fn fits(&self, facts: &Facts<'_>) -> bool {
        let filing = facts.filing;
        let province = filing.province;
        let organiser = if filing.organiser.is_person() { OrganiserType::Person } else { OrganiserType::Unit };
        let description = filing.order_type.description();
        let is_type = if self.order_types.is_empty() {
            description.organiser.brings_data() || description.services.brings_data()
        } else {
            self.order_types.contains(&filing.order_type)
        };
        is_type
            && (self.provinces.is_empty() || self.provinces.contains(&province))
            && !self.except.contains(&province)
            && self.organiser.is_none_or(|wanted| wanted == organiser)
            && self.fits_names(facts)
            && self.below_age.is_none_or(|age| age_of_principal(facts).is_none_or(|years| years < age))
            && !(self.is_about_new_name && facts.record.is_some_and(|record| record.name == filing.organiser.name))
            && (!self.is_per_service || !filing.services.is_empty())
    }

    fn fits_names(&self, facts: &Facts<'_>) -> bool {
        let filing = facts.filing;
        let has_any = |words: &[String]| {
            let mut names = filing.services.iter().map(|service| &service.name).chain([&filing.organiser.name]);
            names.any(|name| words.iter().any(|word| name.contains(word)))
        };
        let more = self.more_words.get(&filing.province).map(Vec::as_slice).unwrap_or_default();
        (self.words.is_empty() || has_any(&self.words) || has_any(more)) && !has_any(&self.except_words)
    }

    /// The letter, if the facts fill every placeholder.
    pub fn fill(&self, facts: &Facts<'_>) -> Result<Paper, PaperError> {
        let count = facts.filing.services.len();
        if self.is_per_service && facts.service >= count {
            return Err(PaperError::NoSuchService { index: facts.service, count });
        }
        let values = Values::of(facts);
        let fill = |text: &String| values.fill(&self.id, text);
        let fill_all = |texts: &[String]| texts.iter().map(fill).collect::<Result<Vec<_>, _>>();
        let particulars = self
            .particulars
            .iter()
            .map(|(label, text)| Ok((fill(label)?, fill(text)?)))
            .collect::<Result<Vec<_>, PaperError>>()?;
        let sections = self
            .sections
            .iter()
            .map(|section| Ok(Section { heading: fill(&section.heading)?, paragraphs: fill_all(&section.paragraphs)? }))
            .collect::<Result<Vec<_>, PaperError>>()?;
        let wording = json!({
            "is_official": self.is_official_wording,
            "source": self.source,
            "as_of": self.as_of,
            "confidence": self.confidence,
        });
        let about = About {
            title: self.title.clone(),
            author: facts.filing.organiser.name.clone(),
            date: facts.date,
            keywords: vec![
                format!("paper={}", self.id),
                format!("order={}", facts.order_id),
                format!("is_official_wording={}", self.is_official_wording),
            ],
            attachment: json!({
                "paper": self.id,
                "order_id": facts.order_id,
                "order_type": facts.filing.order_type.as_str(),
                "province": facts.filing.province.letters(),
                "service": self.is_per_service.then_some(facts.service),
                "wording": wording,
            }),
        };
        let body = json!({
            "addressee": self.addressee.as_ref().map(fill).transpose()?,
            "particulars": particulars,
            "sections": sections,
            "signatures": fill_all(&self.signatures)?,
        });
        let ident = format!("{} {} {}", self.id, facts.order_id, facts.service);
        Ok(Paper::new(Template::Letter, ident, about, body))
    }
}

/// Full years of the organiser's person in charge; none where her document does not tell.
fn age_of_principal(facts: &Facts<'_>) -> Option<u32> {
    let id = &facts.filing.organiser.principal.id;
    let is_citizen = id.kind == CERTIFICATE_CITIZEN_ID;
    is_citizen.then(|| CitizenId::parse(&id.number).ok()).flatten()?.age_on(facts.date)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

//! Searches bytes for the personal data of filings.

use std::collections::BTreeSet;
use std::path::Path;

use aho_corasick::AhoCorasick;
use icp_domain::{Filing, Person};

/// What must not be found in clear.
pub(crate) struct Marks {
    /// Each mark, and how it is written where it is looked for.
    forms: Vec<(String, &'static str)>,
    searcher: AhoCorasick,
}

impl Marks {
    /// Names, numbers, phones, mails and addresses of all persons, but for those that stand in what the ministry
    /// publishes: names of services and of units.
    pub(crate) fn of(filings: &[Filing]) -> Self {
        let mut marks = BTreeSet::new();
        for filing in filings {
            marks.insert(filing.organiser.address.detail.clone());
            let principals = filing.services.iter().map(|service| &service.principal);
            for person in std::iter::once(&filing.organiser.principal).chain(principals) {
                let Person { name, id, mobile, emergency_phone, email, .. } = person.clone();
                marks.extend([name, id.number, mobile, email].into_iter().chain(emergency_phone));
            }
        }
        let services = filings.iter().flat_map(|filing| &filing.services).map(|service| &service.name);
        let units = filings.iter().map(|filing| &filing.organiser).filter(|organiser| !organiser.is_person());
        let published: Vec<&String> = services.chain(units.map(|unit| &unit.name)).collect();
        marks.retain(|mark| mark.chars().count() >= 3 && !published.iter().any(|name| name.contains(mark)));
        let hex = |mark: &String| mark.bytes().map(|byte| format!("{byte:02x}")).collect();
        let needles: Vec<String> = marks.iter().flat_map(|mark| [mark.clone(), hex(mark)]).collect();
        let forms = marks.into_iter().flat_map(|mark| [(mark.clone(), ""), (mark, " as hex")]).collect();
        Self { forms, searcher: AhoCorasick::new(needles).unwrap() }
    }

    /// Where marks stand in `bytes`, in clear or as hexadecimal digits.
    pub(crate) fn in_bytes(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let hits: BTreeSet<usize> =
            self.searcher.find_overlapping_iter(bytes).map(|hit| hit.pattern().as_usize()).collect();
        let told = hits.into_iter().filter_map(|pattern| self.forms.get(pattern));
        told.map(|(mark, form)| format!("{mark}{form} in {place}")).collect()
    }

    /// Where marks stand in the files below a folder.
    pub(crate) fn in_folder(&self, folder: &Path, except: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(self.in_folder(&path, except));
            } else if !except.iter().any(|name| path.ends_with(name)) {
                found.extend(self.in_bytes(&path.display().to_string(), &std::fs::read(&path).unwrap_or_default()));
            }
        }
        found
    }
}

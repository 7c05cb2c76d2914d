//! Searches bytes for the personal data of filings.

use std::collections::BTreeSet;
use std::path::Path;

use icp_domain::{Filing, Person};

/// What must not be found in clear.
pub(crate) struct Marks(BTreeSet<String>);

impl Marks {
    /// Names, numbers, phones, mails and addresses of all persons.
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
        marks.retain(|mark| mark.chars().count() >= 3);
        Self(marks)
    }

    /// Where marks stand in `bytes`, in clear or as hexadecimal digits.
    pub(crate) fn in_bytes(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for mark in &self.0 {
            let hex: String = mark.bytes().map(|byte| format!("{byte:02x}")).collect();
            for (form, needle) in [("", mark.as_bytes()), (" as hex", hex.as_bytes())] {
                if contains(bytes, needle) {
                    found.push(format!("{mark}{form} in {place}"));
                }
            }
        }
        found
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

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

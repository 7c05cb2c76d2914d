//! What is asked for an order: each enterprise, person and domain once, whatever the number of fields that name it.

use icp_domain::names::{DomainName, comparable_name};
use icp_domain::{CERTIFICATE_CITIZEN_ID, NATURE_PERSON};
use icp_kit::Vault;
use icp_proto::authority::LookupSubject;
use icp_proto::common::Person;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Authority {
    /// The register of enterprises.
    Enterprise,
    /// The register of citizens.
    Citizen,
    /// The registry of domains.
    Domain,
}

impl Authority {
    /// All, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Enterprise, Self::Citizen, Self::Domain];

    /// The name in messages and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::Citizen => "citizen",
            Self::Domain => "domain",
        }
    }
}

/// What is asked. Personal data.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Query {
    /// About an enterprise, by its credit code or an older number.
    Enterprise {
        /// The number.
        uscc: String,
    },
    /// Whether name and number of a citizen belong together.
    Citizen {
        /// The name as declared.
        name: String,
        /// The number, with a capital X.
        id_number: String,
    },
    /// About a domain.
    Domain {
        /// The registrable name in A-labels.
        name: String,
    },
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({})", self.authority().as_str())
    }
}

impl Query {
    /// Who can answer it.
    pub fn authority(&self) -> Authority {
        match self {
            Self::Enterprise { .. } => Authority::Enterprise,
            Self::Citizen { .. } => Authority::Citizen,
            Self::Domain { .. } => Authority::Domain,
        }
    }

    /// The question as a key that tells nothing to who has no key.
    pub fn blind_index(&self, vault: &Vault) -> Vec<u8> {
        let text = match self {
            Self::Enterprise { uscc } => uscc.clone(),
            Self::Citizen { name, id_number } => format!("{id_number}\u{0}{}", comparable_name(name)),
            Self::Domain { name } => name.clone(),
        };
        vault.blind_index(self.authority().as_str(), &text)
    }
}

/// A question and the fields that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub query: Query,
    /// Paths of the fields, the first one first in the form.
    pub fields: Vec<String>,
}

/// Everything to be asked about a submission, and the persons whom no register knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// The questions, enterprise first, then citizens, then domains.
    pub asked: Vec<Question>,
    /// Fields with identity documents that no register answers for.
    pub unanswerable: Vec<String>,
}

impl Questions {
    /// The questions that a submission raises.
    pub fn of(subject: &LookupSubject) -> Self {
        let mut questions = Self::default();
        let certificate = subject.organiser_certificate.as_ref();
        if let Some(certificate) = certificate {
            let path = "organiser.certificate.number";
            if is_citizen_id(certificate.kind) {
                questions.ask(citizen(&subject.organiser_name, &certificate.number), path.to_owned());
            } else if subject.organiser_nature == u32::from(NATURE_PERSON) {
                questions.unanswerable.push(path.to_owned());
            } else {
                questions.ask(Query::Enterprise { uscc: number(&certificate.number) }, path.to_owned());
            }
        }
        if let Some(principal) = &subject.organiser_principal {
            questions.ask_person(principal, "organiser.principal");
        }
        for (index, principal) in subject.service_principals.iter().enumerate() {
            questions.ask_person(principal, &format!("services[{index}].principal"));
        }
        for (service, domains) in subject.service_domains.iter().enumerate() {
            for (index, domain) in domains.domains.iter().enumerate() {
                let name = DomainName::parse(domain)
                    .map_or_else(|_| domain.trim().to_lowercase(), |domain| domain.registrable().ascii().to_owned());
                let field = domains.fields.get(index).cloned().unwrap_or_else(|| format!("domains[{index}]"));
                questions.ask(Query::Domain { name }, format!("services[{service}].{field}"));
            }
        }
        questions
    }

    fn ask_person(&mut self, person: &Person, path: &str) {
        let field = format!("{path}.id.number");
        match &person.id {
            Some(id) if is_citizen_id(id.kind) => self.ask(citizen(&person.name, &id.number), field),
            _ => self.unanswerable.push(field),
        }
    }

    fn ask(&mut self, query: Query, field: String) {
        match self.asked.iter_mut().find(|question| question.query == query) {
            Some(question) => question.fields.push(field),
            None => self.asked.push(Question { query, fields: vec![field] }),
        }
    }
}

fn is_citizen_id(kind: u32) -> bool {
    kind == u32::from(CERTIFICATE_CITIZEN_ID)
}

fn citizen(name: &str, id_number: &str) -> Query {
    Query::Citizen { name: name.trim().to_owned(), id_number: number(id_number) }
}

fn number(text: &str) -> String {
    comparable_name(text).to_ascii_uppercase()
}

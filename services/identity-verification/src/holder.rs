//! Whose document a picture shows: the paths of the form's fields, and what the form says in them.

use icp_domain::MaterialKind;
use icp_proto::common::{Certificate, Person};
use icp_proto::identity::IdentitySubject;

/// Who declares a name and a document in a filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The organiser itself.
    Organiser,
    /// The organiser's person in charge.
    OrganiserPrincipal,
    /// The person in charge of a service.
    ServicePrincipal(usize),
}

impl Holder {
    /// Whose document or face a material of this kind shows; none for papers that are no identity document.
    pub fn of_material(kind: MaterialKind, service_index: usize) -> Option<Self> {
        match kind {
            MaterialKind::OrganiserCertificate => Some(Self::Organiser),
            MaterialKind::OrganiserPrincipalId => Some(Self::OrganiserPrincipal),
            MaterialKind::ServicePrincipalId | MaterialKind::ServicePrincipalFace => {
                Some(Self::ServicePrincipal(service_index))
            }
            _ => None,
        }
    }

    /// The material that shows the document.
    pub fn document_material(self) -> MaterialKind {
        match self {
            Self::Organiser => MaterialKind::OrganiserCertificate,
            Self::OrganiserPrincipal => MaterialKind::OrganiserPrincipalId,
            Self::ServicePrincipal(_) => MaterialKind::ServicePrincipalId,
        }
    }

    /// Everybody whose document must be shown: those whom the task names. One that names nobody is a mistake; then the
    /// organiser's documents are missed.
    pub fn all(subject: &IdentitySubject) -> Vec<Self> {
        let organiser = subject.organiser_certificate.is_some().then_some(Self::Organiser);
        let principal = subject.organiser_principal.is_some().then_some(Self::OrganiserPrincipal);
        let services = (0..subject.service_principals.len()).map(Self::ServicePrincipal);
        let named: Vec<Self> = organiser.into_iter().chain(principal).chain(services).collect();
        if named.is_empty() { vec![Self::Organiser, Self::OrganiserPrincipal] } else { named }
    }

    /// Path of the person or organisation.
    pub fn path(self) -> String {
        match self {
            Self::Organiser => "organiser".to_owned(),
            Self::OrganiserPrincipal => "organiser.principal".to_owned(),
            Self::ServicePrincipal(index) => format!("services[{index}].principal"),
        }
    }

    /// Path of the name.
    pub fn name_path(self) -> String {
        format!("{}.name", self.path())
    }

    /// Path of the document.
    pub fn document_path(self) -> String {
        match self {
            Self::Organiser => "organiser.certificate".to_owned(),
            Self::OrganiserPrincipal | Self::ServicePrincipal(_) => format!("{}.id", self.path()),
        }
    }

    /// The declared name.
    pub fn name(self, subject: &IdentitySubject) -> &str {
        match self {
            Self::Organiser => &subject.organiser_name,
            Self::OrganiserPrincipal | Self::ServicePrincipal(_) => {
                self.person(subject).map_or("", |person| &person.name)
            }
        }
    }

    /// The declared document.
    pub fn document(self, subject: &IdentitySubject) -> Option<&Certificate> {
        match self {
            Self::Organiser => subject.organiser_certificate.as_ref(),
            Self::OrganiserPrincipal | Self::ServicePrincipal(_) => self.person(subject)?.id.as_ref(),
        }
    }

    fn person(self, subject: &IdentitySubject) -> Option<&Person> {
        match self {
            Self::Organiser => None,
            Self::OrganiserPrincipal => subject.organiser_principal.as_ref(),
            Self::ServicePrincipal(index) => subject.service_principals.get(index),
        }
    }
}

//! The records of an upload: one operation of a filing in the block that the version has for it
//! (bureau-interface §8 and §9).
//!
//! One fault against the bureau's schema sinks a whole file (result 5001), so every record is checked by
//! [`super::check`] before it may enter a file.

use icp_domain::BureauOperation;

use super::block::Block;
use super::check::{Violation, validate};
use super::dialect::{Dialect, Interface};
use super::parts::{
    As, ServiceScope, write_access, write_access_data, write_organiser, write_pictures, write_platforms,
    write_request_number, write_service,
};
use super::xml::XmlWriter;
use crate::filing::{AttachmentOwner, FilingIds, RelayFiling, RelayService, ServiceIds};

/// The records of one filing, with a mark in place of each picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Block of the records.
    pub block: Block,
    /// How many records there are.
    pub records: usize,
    /// The records, one behind the other.
    pub text: String,
}

/// Bytes of a filing's records in a document, from its outline and its pictures.
pub fn record_bytes(outline: &str, filing: &RelayFiling) -> usize {
    let pictures = filing.attachments.iter().map(|attachment| attachment.jpeg.len().div_ceil(3) * 4);
    outline.len() + pictures.sum::<usize>()
}

/// Zxlb: what is cancelled.
#[derive(Clone, Copy)]
enum CancellationKind {
    Organiser = 0,
    Service = 1,
    Access = 2,
}

struct Author<'a> {
    dialect: &'a Dialect,
    ids: &'a FilingIds,
    filing: &'a RelayFiling,
    block: Block,
}

/// Checks a filing and writes its records.
pub fn write_outline(dialect: &Dialect, ids: &FilingIds, filing: &RelayFiling) -> Result<Outline, Vec<Violation>> {
    let mut violations = validate(dialect, filing);
    if ids.services.len() != filing.services.len() {
        violations.push(Violation { field: "services".into(), problem: "ids do not fit".into() });
    }
    let Some(block) = Block::of(filing.operation, dialect.interface).filter(|_| violations.is_empty()) else {
        return Err(violations);
    };
    let author = Author { dialect, ids, filing, block };
    let mut writer = XmlWriter::default();
    let records = author.write(&mut writer);
    Ok(Outline { block, records, text: writer.finish() })
}

impl Author<'_> {
    fn write(&self, out: &mut XmlWriter) -> usize {
        use BureauOperation as O;
        match self.filing.operation {
            O::AddAccess if self.dialect.interface == Interface::V3_0 => self.each_new_access(out),
            O::DeregisterOrganiser => {
                self.cancellation(out, CancellationKind::Organiser, self.ids.organiser.isp, self.ids.organiser.bureau);
                1
            }
            O::DeregisterService => self.each_cancellation(out, CancellationKind::Service, |ids| ids.service.bureau),
            O::CancelAccess => self.each_cancellation(out, CancellationKind::Access, |ids| ids.access.bureau),
            _ => {
                out.element(self.block.record_tag(), |record| self.whole_record(record));
                1
            }
        }
    }

    /// A record with everything that the filing has.
    fn whole_record(&self, record: &mut XmlWriter) {
        write_request_number(record, self.dialect, self.ids.organiser.isp);
        match self.block {
            Block::NewFiling => self.organiser(record, As::New),
            Block::Change | Block::ChangeOrganiser => self.organiser(record, As::OnRecord),
            _ => self.named_organiser(record),
        }
        if self.block != Block::ChangeOrganiser {
            for (service, ids) in self.services() {
                self.service(record, service, ids);
            }
        }
        self.pictures(record, |_| true);
    }

    fn services(&self) -> impl Iterator<Item = (&RelayService, &ServiceIds)> {
        self.filing.services.iter().zip(&self.ids.services)
    }

    fn organiser(&self, record: &mut XmlWriter, part: As) {
        write_organiser(record, self.dialect, &self.filing.organiser, self.ids.organiser, part);
    }

    /// An organiser on record, by its number.
    fn named_organiser(&self, record: &mut XmlWriter) {
        record.element("Zt_xx", |group| group.optional("Ztbah", self.filing.organiser.number.as_deref()));
    }

    fn service(&self, record: &mut XmlWriter, service: &RelayService, ids: &ServiceIds) {
        let scope = match self.block {
            Block::NewAccess => return self.new_access_v5(record, service, ids),
            Block::ChangeAccess => return self.changed_access_v5(record, service, ids),
            Block::NewFiling | Block::NewService => ServiceScope { part: As::New, with_access: true },
            Block::ChangeService => ServiceScope { part: As::OnRecord, with_access: false },
            _ => ServiceScope { part: As::OnRecord, with_access: true },
        };
        write_service(record, self.dialect, service, ids, scope);
    }

    /// V3.0: one record for each service, which is named by its number.
    fn each_new_access(&self, out: &mut XmlWriter) -> usize {
        for (index, (service, ids)) in self.services().enumerate() {
            out.element(self.block.record_tag(), |record| {
                record.element("Wz_xx", |group| group.optional("Wzbah", service.number.as_deref()));
                record.number("IspJrid", ids.access.isp);
                write_access_data(record, service, ids, As::New);
                self.pictures(record, |owner| match owner {
                    AttachmentOwner::Service(of) => of == index,
                    AttachmentOwner::Organiser => index == 0,
                });
            });
        }
        self.filing.services.len()
    }

    /// V5.0: a service of the record that gets an access, or a mini-program that gets a platform.
    fn new_access_v5(&self, record: &mut XmlWriter, service: &RelayService, ids: &ServiceIds) {
        if service.has_access() {
            record.element("Wz_xx", |group| {
                group.optional("Wzbah", service.number.as_deref());
                write_access(group, service, ids, As::New);
            });
        } else {
            record.element("XcxJrPt", |wrapper| {
                wrapper.element("Wz_xx", |group| {
                    group.optional("Wzbah", service.number.as_deref());
                    write_platforms(group, service);
                });
            });
        }
    }

    /// V5.0: the access of a service on record.
    fn changed_access_v5(&self, record: &mut XmlWriter, service: &RelayService, ids: &ServiceIds) {
        record.element("Wz_xx", |group| {
            group.optional("Wzbah", service.number.as_deref());
            write_access(group, service, ids, As::OnRecord);
        });
    }

    fn each_cancellation(
        &self,
        out: &mut XmlWriter,
        kind: CancellationKind,
        record_id: impl Fn(&ServiceIds) -> Option<i64>,
    ) -> usize {
        for (_, ids) in self.services() {
            self.cancellation(out, kind, ids.service.isp, record_id(ids));
        }
        self.filing.services.len()
    }

    fn cancellation(&self, out: &mut XmlWriter, kind: CancellationKind, isp_id: i64, record_id: Option<i64>) {
        out.element(self.block.record_tag(), |record| {
            write_request_number(record, self.dialect, isp_id);
            record.number("Zxlb", kind as u8);
            if let Some(record_id) = record_id {
                record.number("Jlid", record_id);
            }
            if let Some(cancellation) = &self.filing.cancellation {
                record.number("Zxly", cancellation.reason);
                record.optional("Zxlybz", cancellation.note.as_deref());
            }
        });
    }

    fn pictures(&self, record: &mut XmlWriter, is_wanted: impl Fn(AttachmentOwner) -> bool) {
        let is_new_filing = self.block == Block::NewFiling;
        write_pictures(record, self.dialect, self.filing, self.ids, is_new_filing, is_wanted);
    }
}

#[cfg(test)]
mod tests;

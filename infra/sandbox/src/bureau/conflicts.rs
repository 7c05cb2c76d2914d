//! What is wrong with a request because of what is on record and of what else is open, and who must answer the
//! ministry's SMS (filing-rules §2.2).

use std::collections::{HashMap, HashSet};

use super::Finding;
use super::interface::mobile_of;
use super::on_record::{OnRecord, Targets};
use super::registry::FilingId;
use super::request::{Operation, Receiver, Request};
use super::xml::Element;

/// Requests that are not decided yet, by what they are about.
#[derive(Debug, Default)]
pub struct OpenRequests {
    certificates: HashMap<(u32, String), FilingId>,
    domains: HashMap<String, FilingId>,
    names: HashMap<(u64, String), FilingId>,
    organisers: HashMap<u64, HashMap<FilingId, OpenRequest>>,
}

#[derive(Debug, Clone)]
struct OpenRequest {
    operation: Operation,
    isp_id: u64,
    services: Vec<u64>,
    access: Option<u64>,
}

impl OpenRequests {
    /// Enters a request that passed its checks.
    pub fn enter(&mut self, id: FilingId, request: &Request, targets: &Targets) {
        if let (Operation::AddFiling, Some(certificate)) = (request.operation, &request.certificate) {
            self.certificates.insert(certificate.clone(), id);
        }
        for domain in &request.domains {
            self.domains.insert(domain.clone(), id);
        }
        let Some(organiser) = targets.organiser else { return };
        if request.operation == Operation::AddService {
            for name in request.services.iter().filter_map(|it| it.text_at("Wzmc")) {
                self.names.insert((organiser, name.to_owned()), id);
            }
        }
        let open = OpenRequest {
            operation: request.operation,
            isp_id: request.isp_id,
            services: targets.services.clone(),
            access: targets.access,
        };
        self.organisers.entry(organiser).or_default().insert(id, open);
    }

    /// Takes a request out.
    pub fn leave(&mut self, id: FilingId, request: &Request, targets: &Targets) {
        if let Some(certificate) = &request.certificate
            && self.certificates.get(certificate) == Some(&id)
        {
            self.certificates.remove(certificate);
        }
        for domain in &request.domains {
            if self.domains.get(domain) == Some(&id) {
                self.domains.remove(domain);
            }
        }
        let Some(organiser) = targets.organiser else { return };
        self.names.retain(|_, of| *of != id);
        if let Some(open) = self.organisers.get_mut(&organiser) {
            open.remove(&id);
            if open.is_empty() {
                self.organisers.remove(&organiser);
            }
        }
    }

    fn about(&self, organiser: u64) -> impl Iterator<Item = &OpenRequest> {
        self.organisers.get(&organiser).into_iter().flat_map(HashMap::values)
    }
}

/// What is wrong with a request because of others.
pub fn findings(record: &OnRecord, open: &OpenRequests, request: &Request, targets: &Targets) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |code: u32, text: &str| findings.push(Finding::new(code, text));
    new_organiser(record, open, request, &mut add);
    domains(record, open, request, targets, &mut add);
    if let Some(organiser) = targets.organiser {
        names(record, open, request, targets, organiser, &mut add);
        in_flight(open, request, targets, organiser, &mut add);
        rights(record, request, targets, organiser, &mut add);
    }
    findings
}

fn new_organiser(record: &OnRecord, open: &OpenRequests, request: &Request, add: &mut impl FnMut(u32, &str)) {
    let Some(certificate) = &request.certificate else { return };
    if request.operation != Operation::AddFiling {
        return;
    }
    if let Some(known) = record.organiser_with_certificate(certificate).and_then(|id| record.organiser(id)) {
        add(1003, &format!("主办者冲突：该证件已备案，{}", known.number.organiser));
    } else if open.certificates.contains_key(certificate) {
        add(1003, "主办者冲突：该证件有在途备案申请");
    }
}

fn domains(
    record: &OnRecord,
    open: &OpenRequests,
    request: &Request,
    targets: &Targets,
    add: &mut impl FnMut(u32, &str),
) {
    for domain in &request.domains {
        match record.service_with_domain(domain) {
            Some(service) if !targets.services.contains(&service) => add(1005, &format!("域名已在库：{domain}")),
            Some(_) => {}
            None if open.domains.contains_key(domain) => add(1039, &format!("域名已报备：{domain}")),
            None => {}
        }
    }
}

/// Two services of one organiser cannot have the same name.
fn names(
    record: &OnRecord,
    open: &OpenRequests,
    request: &Request,
    targets: &Targets,
    organiser: u64,
    add: &mut impl FnMut(u32, &str),
) {
    let others = record.organiser(organiser).map(|it| it.services.as_slice()).unwrap_or_default();
    let others = others.iter().filter(|id| !targets.services.contains(id));
    let taken: HashSet<&str> = others.filter_map(|id| record.service(*id)).map(|it| it.name.as_str()).collect();
    for name in request.services.iter().filter_map(|it| it.text_at("Wzmc")) {
        if taken.contains(name) {
            add(1020, &format!("网站名称冲突：{name}"));
        } else if request.operation == Operation::AddService && open.names.contains_key(&(organiser, name.to_owned())) {
            add(1037, &format!("网站已报备：{name}"));
        }
    }
}

/// One request about an organiser at a time; the code says what stands in the way.
fn in_flight(
    open: &OpenRequests,
    request: &Request,
    targets: &Targets,
    organiser: u64,
    add: &mut impl FnMut(u32, &str),
) {
    use Operation as O;
    let is_same_service = |it: &OpenRequest| it.services.iter().any(|id| targets.services.contains(id));
    for other in open.about(organiser) {
        match (request.operation, other.operation) {
            (O::DeregisterOrganiser, O::DeregisterOrganiser) => add(1027, "注销主体重复提交"),
            (O::DeregisterOrganiser, O::DeregisterService) => add(1043, "网站注销中，不许注销主体"),
            (O::DeregisterService, O::DeregisterOrganiser) => add(1042, "主体注销中，不许注销网站"),
            (O::DeregisterService, O::DeregisterService) if is_same_service(other) => add(1030, "注销网站重复提交"),
            (O::CancelAccess, O::CancelAccess) if other.access == targets.access => add(1032, "取消接入重复提交"),
            (O::AddAccess, O::AddAccess) if is_same_service(other) && other.isp_id == request.isp_id => {
                add(1038, "接入已报备");
            }
            // Different providers may connect a service at the same time.
            (O::AddAccess, O::AddAccess) => {}
            (_, changing) if changing.is_change() => add(1017, "变更审核中"),
            // A second new service under the same name is told by its name or domain.
            (O::AddService, O::AddService) => {}
            _ => add(1003, "主办者冲突：该主体有在途备案申请"),
        }
    }
}

/// A provider acts on what it connects.
fn rights(record: &OnRecord, request: &Request, targets: &Targets, organiser: u64, add: &mut impl FnMut(u32, &str)) {
    use Operation as O;
    let Some(known) = record.organiser(organiser) else { return };
    let serves = |id: &u64| record.service(*id).is_some_and(|it| it.is_served_by(request.isp_id));
    let serves_organiser = known.isp_id == request.isp_id || known.services.iter().any(serves);
    match request.operation {
        O::AddFiling | O::AddService => {}
        O::AddAccess => {
            for service in targets.services.iter().filter_map(|id| record.service(*id)) {
                if service.accesses.iter().any(|(_, provider)| *provider == request.isp_id) {
                    add(1029, "同一网站接入重复");
                }
            }
        }
        O::CancelAccess => {
            let service = targets.services.first().and_then(|id| record.service(*id));
            let Some(service) = service else { return };
            if !service.accesses.contains(&(targets.access.unwrap_or(0), request.isp_id)) {
                add(1047, "只能取消本接入商的接入");
            } else if service.accesses.len() == 1 {
                add(1025, "网站只有一个接入，不能取消");
            }
        }
        O::DeregisterOrganiser | O::ChangeOrganiser => {
            if !serves_organiser {
                add(1048, "操作的不是您接入的备案");
            }
        }
        _ => {
            if !targets.services.iter().all(serves) {
                add(1048, "操作的不是您接入的备案");
            }
            let belongs = |id: &u64| record.service(*id).is_some_and(|it| it.organiser == organiser);
            if request.operation != O::MigrateService && !targets.services.iter().all(belongs) {
                add(1016, "数据在备案库不存在：网站不属于该主体");
            }
        }
    }
    change_of_organiser(record, request, organiser, known.province_code, add);
}

fn change_of_organiser(
    record: &OnRecord,
    request: &Request,
    organiser: u64,
    province_code: u32,
    add: &mut impl FnMut(u32, &str),
) {
    if !request.operation.is_change() {
        return;
    }
    // V3.0 names the phone by its old tag; V5.0 lets the place change.
    let is_v3 = request.organiser.text_at("Fzr/Fzr_sjhm").is_some();
    if is_v3 && request.province_code.is_some_and(|code| code != province_code) {
        add(1046, "变更不能改主体所在省");
    }
    let other = request.certificate.as_ref().and_then(|it| record.organiser_with_certificate(it));
    if other.is_some_and(|other| other != organiser) {
        add(1003, "主办者冲突：该证件已备案");
    }
}

/// Who must answer the ministry's SMS: one entry for each distinct mobile, the organiser's person first.
pub fn receivers(record: &OnRecord, request: &Request, targets: &Targets) -> Vec<Receiver> {
    use Operation as O;
    let organiser_on_record = || targets.organiser.and_then(|id| record.organiser(id)).map(|it| it.data());
    let services_on_record = || -> Vec<Element> {
        targets.services.iter().filter_map(|id| record.service(*id)).map(|it| it.data()).collect()
    };
    let mut persons: Vec<Element> = Vec::new();
    let mut ask = |part: &Element, tag: &str| persons.extend(part.child(tag).cloned());
    match request.operation {
        O::AddFiling => {
            ask(&request.organiser, "Fzr");
            request.services.iter().for_each(|it| ask(it, "Wz_Fzr"));
        }
        O::AddService | O::MigrateService => {
            organiser_on_record().iter().for_each(|it| ask(it, "Fzr"));
            request.services.iter().for_each(|it| ask(it, "Wz_Fzr"));
        }
        O::AddAccess | O::DeregisterService | O::ChangeAccess => {
            services_on_record().iter().for_each(|it| ask(it, "Wz_Fzr"));
        }
        O::DeregisterOrganiser => organiser_on_record().iter().for_each(|it| ask(it, "Fzr")),
        O::ChangeOrganiser | O::ChangeFiling | O::ChangeService => {
            let before = organiser_on_record();
            let tells_organiser = request.organiser.child("Dwmc").is_some();
            if before.is_some_and(|before| tells_organiser && differs(&before, &request.organiser, &["Bz"])) {
                ask(&request.organiser, "Fzr");
            }
            for (before, after) in services_on_record().iter().zip(&request.services) {
                if differs(before, after, &["Wz_Bz"]) {
                    ask(after, "Wz_Fzr");
                }
            }
        }
        O::CancelAccess => {}
    }
    let mut receivers: Vec<Receiver> = Vec::new();
    for person in persons.iter().filter(|person| mobile_of(person).is_some()) {
        let Some(receiver) = Receiver::of(person) else { continue };
        if !receivers.iter().any(|known| known.mobile == receiver.mobile) {
            receivers.push(receiver);
        }
    }
    receivers
}

/// Whether an uploaded part says something else than the record, ids and remarks aside.
fn differs(before: &Element, after: &Element, remarks: &[&str]) -> bool {
    let names: HashSet<&str> = before.children.iter().chain(&after.children).map(|it| it.name.as_str()).collect();
    names.iter().filter(|name| !is_frame(name) && !remarks.contains(name)).any(|name| {
        let content = |part: &Element| part.all(name).map(content_of).collect::<Vec<_>>();
        let (before, after) = (content(before), content(after));
        match *name {
            // The record also has the accesses of others, and a change of the service alone names none.
            "Jr_xx" => !after.iter().all(|access| before.contains(access)),
            _ => before != after,
        }
    })
}

/// Ids, numbers and what the bureau adds are not the content of a part.
fn is_frame(name: &str) -> bool {
    const ADDED: [&str; 14] = [
        "Ztid", "Wzid", "Ymid", "Jrid", "Ipid", "Baxh", "Ztbah", "Wzbah", "Bbfs", "Bbyhlx", "Scbbsj", "Zjxgsj",
        "Shrxm", "Shsj",
    ];
    name.starts_with("Isp") || ADDED.contains(&name)
}

fn content_of(part: &Element) -> String {
    let mut copy = part.clone();
    strip(&mut copy);
    copy.to_xml()
}

fn strip(part: &mut Element) {
    part.children.retain(|child| !is_frame(&child.name));
    part.children.iter_mut().for_each(strip);
}

//! The elements of the filed data (BASJ): what was uploaded, with the bureau's ids and numbers.

use chrono::{DateTime, Utc};

use super::records::{date_and_time, today};
use super::xml::Element;

/// Ids of the bureau: one counter for all kinds of parts.
#[derive(Debug)]
pub struct NewIds(u64);

impl Default for NewIds {
    fn default() -> Self {
        Self(900_000)
    }
}

impl NewIds {
    /// The next id.
    pub fn take(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// Data of an organiser, in the order of the filed data.
const ORGANISER_DATA: [&str; 7] = ["Dwmc", "Dwxz", "Tzr", "Txdz", "Zj", "Fzr", "Bz"];
/// What a service has besides its data.
const SERVICE_FRAME: [&str; 9] = ["IspWzid", "Wzid", "Ym_xx", "Jr_xx", "Baxh", "Wzbah", "Wz_Fzr", "Syurl", "Wz_Bz"];

/// `Zt_xx` of a new organiser.
pub fn organiser(uploaded: &Element, id: u64, number: &str, now: DateTime<Utc>) -> Element {
    let mut filed = Element::new("Zt_xx");
    copy(uploaded, &["IspZtid"], &mut filed);
    filed = filed.and("Ztid", id.to_string());
    finish_organiser(filed, uploaded, number, now)
}

/// `Zt_xx` of an organiser whose data changed.
pub fn changed_organiser(before: &Element, uploaded: &Element, number: &str, now: DateTime<Utc>) -> Element {
    let mut filed = Element::new("Zt_xx");
    copy(before, &["IspZtid", "Ztid"], &mut filed);
    finish_organiser(filed, uploaded, number, now)
}

fn finish_organiser(mut filed: Element, uploaded: &Element, number: &str, now: DateTime<Utc>) -> Element {
    copy(uploaded, &ORGANISER_DATA, &mut filed);
    filed
        .and("Baxh", number)
        .and("Bbyhlx", "1")
        .and("Scbbsj", today(now))
        .and("Zjxgsj", today(now))
        .and("Shrxm", "沙盒审核员")
        .and("Shsj", date_and_time(now))
}

/// `Wz_xx` of a new service.
pub fn new_service(uploaded: &Element, id: u64, number: &str, isp_id: u64, new_ids: &mut NewIds) -> Element {
    let before = Element::new("Wz_xx").and("Wzid", id.to_string()).and("Baxh", number);
    let mut filed = changed_service(before, uploaded, isp_id, new_ids);
    let own: Vec<Element> = uploaded.all("IspWzid").cloned().collect();
    filed.children.splice(0..0, own);
    filed
}

/// `Wz_xx` of a service whose data or access changed.
pub fn changed_service(before: Element, uploaded: &Element, isp_id: u64, new_ids: &mut NewIds) -> Element {
    let has_data = uploaded.child("Wzmc").is_some();
    let data = if has_data { uploaded } else { &before };
    let mut filed = Element::new("Wz_xx");
    copy(&before, &["IspWzid", "Wzid"], &mut filed);
    let content = data.children.iter().filter(|child| !SERVICE_FRAME.contains(&child.name.as_str()));
    filed.children.extend(content.cloned());
    for domain in data.all("Ym_xx") {
        let same = |it: &&Element| it.text_at("Ym") == domain.text_at("Ym");
        let known = before.all("Ym_xx").find(same).and_then(|it| it.text_at("Ymid"));
        filed.children.push(with_id("Ym_xx", domain, ("IspYmid", "Ymid"), known, &["Ym"], new_ids));
    }
    let uploaded_accesses: Vec<&Element> = uploaded.all("Jr_xx").collect();
    if uploaded_accesses.is_empty() {
        copy(&before, &["Jr_xx"], &mut filed);
    } else {
        let is_own = |it: &&Element| it.text_at("Ispid") == Some(isp_id.to_string().as_str());
        filed.children.extend(before.all("Jr_xx").filter(|it| !is_own(it)).cloned());
        let own = before.all("Jr_xx").find(is_own);
        for uploaded in uploaded_accesses {
            filed.children.push(access(own, uploaded, isp_id, new_ids));
        }
    }
    copy(data, &["Wz_Fzr", "Syurl", "Wz_Bz"], &mut filed);
    copy(&before, &["Baxh"], &mut filed);
    filed
}

/// The service with one more access, or a mini-program with more platforms.
pub fn with_access(mut filed: Element, uploaded: &Element, isp_id: u64, new_ids: &mut NewIds) -> Element {
    for new in uploaded.all("Jr_xx") {
        filed.children.push(access(None, new, isp_id, new_ids));
    }
    for platforms in uploaded.all("Xcx_xx") {
        match filed.children.iter_mut().find(|child| child.name == "Xcx_xx") {
            Some(known) => known.children.extend(platforms.children.iter().cloned()),
            None => filed.children.push(platforms.clone()),
        }
    }
    filed
}

/// The service without one of its accesses.
pub fn without_access(mut filed: Element, id: u64) -> Element {
    let id = id.to_string();
    filed.children.retain(|child| child.name != "Jr_xx" || child.text_at("Jrid") != Some(id.as_str()));
    filed
}

fn access(before: Option<&Element>, uploaded: &Element, isp_id: u64, new_ids: &mut NewIds) -> Element {
    let mut filed = Element::new("Jr_xx");
    copy(before.unwrap_or(uploaded), &["IspJrid"], &mut filed);
    let known = before.and_then(|it| it.text_at("Jrid")).map(str::to_owned);
    filed = filed.and("Jrid", known.unwrap_or_else(|| new_ids.take().to_string())).and("Ispid", isp_id.to_string());
    copy(uploaded, &["Wzfb", "Wzjrfs"], &mut filed);
    for range in uploaded.all("Ip_xx") {
        let ends = |it: &Element| (it.text_at("Qsip").map(str::to_owned), it.text_at("Zzip").map(str::to_owned));
        let same = before.into_iter().flat_map(|it| it.all("Ip_xx")).find(|it| ends(it) == ends(range));
        let known = same.and_then(|it| it.text_at("Ipid"));
        filed.children.push(with_id("Ip_xx", range, ("IspIpid", "Ipid"), known, &["Qsip", "Zzip"], new_ids));
    }
    filed
}

fn with_id(
    name: &str,
    uploaded: &Element,
    (isp_tag, tag): (&str, &str),
    known: Option<&str>,
    data: &[&str],
    new_ids: &mut NewIds,
) -> Element {
    let mut filed = Element::new(name);
    copy(uploaded, &[isp_tag], &mut filed);
    filed = filed.and(tag, known.map_or_else(|| new_ids.take().to_string(), str::to_owned));
    copy(uploaded, data, &mut filed);
    filed
}

/// The element with another text in one of its children.
pub fn with_text(mut element: Element, name: &str, text: &str) -> Element {
    element.children.retain(|child| child.name != name);
    element.and(name, text)
}

/// The letter behind a service's ordinal: none website, A APP, X mini-program, K quick app.
pub fn kind_letter(service: &Element) -> &'static str {
    match service.text_at("Fwlx") {
        Some("6") => "A",
        Some("7") => "X",
        Some("8") => "K",
        _ => "",
    }
}

/// A part as a provider sees it: without the ids that another provider gave.
pub fn seen_by(mut part: Element, is_own: bool, isp_id: u64) -> Element {
    if !is_own {
        part.children.retain(|child| !matches!(child.name.as_str(), "IspZtid" | "IspWzid"));
    }
    let provider = isp_id.to_string();
    for child in &mut part.children {
        match child.name.as_str() {
            "Ym_xx" if !is_own => child.children.retain(|it| it.name != "IspYmid"),
            "Jr_xx" if child.text_at("Ispid") != Some(provider.as_str()) => {
                child.children.retain(|it| it.name != "IspJrid");
                for range in &mut child.children {
                    range.children.retain(|it| it.name != "IspIpid");
                }
            }
            _ => {}
        }
    }
    part
}

/// Copies every child with one of the names, in the order of the names.
fn copy(from: &Element, names: &[&str], to: &mut Element) {
    for name in names {
        to.children.extend(from.all(name).cloned());
    }
}

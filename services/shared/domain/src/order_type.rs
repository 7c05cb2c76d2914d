//! The types of filing orders (备案订单类型, filing-rules §1.2) and what each of them is about.
//!
//! [`OrderType::description`] is the one table that the state machine, the rules, the API, the relay and the tests
//! read: which parts of a filing an order brings, changes, moves or takes away, who must hold the record, who is verified
//! and asked by SMS, and what is reported to the bureau. What the archive keeps of an order follows from the same parts.

use serde::{Deserialize, Serialize};

/// What a filing order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    /// 首次备案: organiser and services are new to the ministry.
    FirstFiling,
    /// 新增服务（有主体）: a service of an organiser that is filed through this provider.
    AddService,
    /// 新增服务（无主体）: a service of an organiser that is filed through another provider.
    AddServiceElsewhere,
    /// 新增接入（无主体）: organiser and service are filed through another provider.
    AddAccess,
    /// 继续接入（有主体）: the organiser is here, the service is filed through another provider.
    ContinueAccess,
    /// 变更主体
    ChangeOrganiser,
    /// 变更服务
    ChangeService,
    /// 变更备案: organiser and services together.
    ChangeBoth,
    /// 变更接入
    ChangeAccess,
    /// 注销主体: the organiser with all its services; cannot be undone.
    DeregisterOrganiser,
    /// 注销服务: one service.
    DeregisterService,
    /// 取消接入: the service stays filed, this provider no longer connects it.
    CancelAccess,
    /// 迁移备案: services move to another organiser without going offline.
    Migrate,
    /// 认领备案: a record that nobody's account holds is bound to an account.
    Claim,
    /// 转移备案: a record moves to another account of the same provider.
    Transfer,
}

/// What an order does with one part of a filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The order says nothing about it.
    Absent,
    /// Is on record through this provider and stays as it is.
    OnRecord,
    /// Is on record through another provider; what is declared must equal that record.
    OnRecordElsewhere,
    /// Is new to the ministry.
    New,
    /// Is on record through this provider and changes.
    Changed,
    /// Is on record under another organiser of the account, and goes to this one without a change of its own.
    Moved,
    /// Is taken off the record.
    Leaves,
}

impl Part {
    /// Whether the order names it by its number on record.
    pub fn is_on_record(self) -> bool {
        self.is_here() || self == Self::OnRecordElsewhere
    }

    /// Whether it must be on record through this provider.
    pub fn is_here(self) -> bool {
        matches!(self, Self::OnRecord | Self::Changed | Self::Moved | Self::Leaves)
    }

    /// Whether the order brings data of it that must be complete and proved.
    pub fn brings_data(self) -> bool {
        matches!(self, Self::New | Self::Changed | Self::Moved | Self::OnRecordElsewhere)
    }
}

/// Who holds the record of an organiser here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The account that asks.
    Asking,
    /// Another account.
    Other,
    /// No account.
    Nobody,
}

/// What is reported to the bureau.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BureauOperation {
    /// 新增备案 (XZBA)
    AddFiling,
    /// 新增网站 / 新增互联网信息服务 (XZWZ)
    AddService,
    /// 新增接入 (XZJR)
    AddAccess,
    /// 变更主体 (V3 BGBA, V5 BGZT)
    ChangeOrganiser,
    /// 变更服务 (V3 BGBA, V5 BGWZ)
    ChangeService,
    /// 变更备案 (BGBA)
    ChangeFiling,
    /// 变更接入 (V3 BGBA, V5 BGJR)
    ChangeAccess,
    /// 注销主体 (ZXBA, Zxlb 0)
    DeregisterOrganiser,
    /// 注销服务 (ZXBA, Zxlb 1)
    DeregisterService,
    /// 取消接入 (ZXBA, Zxlb 2)
    CancelAccess,
    /// 服务迁移 (V5 WZQY; not in V3)
    MigrateService,
}

impl BureauOperation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::AddFiling,
        Self::AddService,
        Self::AddAccess,
        Self::ChangeOrganiser,
        Self::ChangeService,
        Self::ChangeFiling,
        Self::ChangeAccess,
        Self::DeregisterOrganiser,
        Self::DeregisterService,
        Self::CancelAccess,
        Self::MigrateService,
    ];

    /// The text form, e.g. `add_filing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AddFiling => "add_filing",
            Self::AddService => "add_service",
            Self::AddAccess => "add_access",
            Self::ChangeOrganiser => "change_organiser",
            Self::ChangeService => "change_service",
            Self::ChangeFiling => "change_filing",
            Self::ChangeAccess => "change_access",
            Self::DeregisterOrganiser => "deregister_organiser",
            Self::DeregisterService => "deregister_service",
            Self::CancelAccess => "cancel_access",
            Self::MigrateService => "migrate_service",
        }
    }

    /// Whether pictures and slips of services go with it. A change of the organiser carries its services as they are.
    pub fn shows_services(self) -> bool {
        use BureauOperation as O;
        !matches!(self, O::ChangeOrganiser | O::DeregisterOrganiser | O::DeregisterService | O::CancelAccess)
    }

    /// The operation with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == text)
    }
}

/// Who is verified, or asked by the ministry's SMS, unless the province's rules say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Persons {
    /// Nobody.
    Nobody,
    /// The organiser's person in charge (P1).
    Organiser,
    /// Each service's person in charge (P2).
    Services,
    /// P1 and every P2.
    Both,
}

impl Persons {
    /// Whether the organiser's person in charge is among them.
    pub fn include_organiser(self) -> bool {
        matches!(self, Self::Organiser | Self::Both)
    }

    /// Whether the services' persons in charge are among them.
    pub fn include_services(self) -> bool {
        matches!(self, Self::Services | Self::Both)
    }
}

/// Everything that makes one order type differ from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The type.
    pub order_type: OrderType,
    /// Its Chinese name.
    pub name_zh: &'static str,
    /// The organiser (主体).
    pub organiser: Part,
    /// Who must hold the organiser's record here; absent where there needs to be none.
    pub holder: Option<Holder>,
    /// The services (互联网信息服务).
    pub services: Part,
    /// Their access through this provider (接入).
    pub access: Part,
    /// What is reported to the bureau; absent where the provider's own record changes alone.
    pub bureau: Option<BureauOperation>,
    /// Whose documents and, for services, faces are verified.
    pub verified: Persons,
    /// Who confirms the ministry's SMS (filing-rules §2.2).
    pub sms: Persons,
    /// Whether the provider's reviewer decides (初审).
    pub is_reviewed: bool,
    /// Services in one order at most; 0 where the order names none.
    pub max_services: usize,
}

const MAX_SERVICES: usize = 64;

/// In the order of [`OrderType`]; a test holds them together.
const DESCRIPTIONS: [Description; 15] = {
    use BureauOperation as B;
    use OrderType as T;
    use Part::{Absent, Changed, Leaves, Moved, New, OnRecord, OnRecordElsewhere};
    use Persons::{Both, Nobody, Organiser, Services};
    const fn row(
        (order_type, name_zh): (OrderType, &'static str),
        (organiser, services, access): (Part, Part, Part),
        bureau: Option<BureauOperation>,
        (verified, sms): (Persons, Persons),
        (is_reviewed, max_services): (bool, usize),
    ) -> Description {
        // A transfer and a claim say otherwise.
        let holder = match organiser {
            OnRecord | Changed | Moved | Leaves => Some(Holder::Asking),
            Absent | New | OnRecordElsewhere => None,
        };
        Description {
            order_type,
            name_zh,
            organiser,
            holder,
            services,
            access,
            bureau,
            verified,
            sms,
            is_reviewed,
            max_services,
        }
    }
    const MANY: (bool, usize) = (true, MAX_SERVICES);
    [
        row((T::FirstFiling, "首次备案"), (New, New, New), Some(B::AddFiling), (Both, Both), MANY),
        // The ministry asked P2 only in the pilot of 2017; since 2022 both (filing-rules §2.2).
        row((T::AddService, "新增服务"), (OnRecord, New, New), Some(B::AddService), (Services, Both), MANY),
        row(
            (T::AddServiceElsewhere, "新增服务（无主体）"),
            (OnRecordElsewhere, New, New),
            Some(B::AddService),
            (Both, Both),
            MANY,
        ),
        row(
            (T::AddAccess, "新增接入"),
            (OnRecordElsewhere, OnRecordElsewhere, New),
            Some(B::AddAccess),
            (Services, Services),
            MANY,
        ),
        row(
            (T::ContinueAccess, "继续接入"),
            (OnRecord, OnRecordElsewhere, New),
            Some(B::AddAccess),
            (Services, Services),
            MANY,
        ),
        row(
            (T::ChangeOrganiser, "变更主体"),
            (Changed, Absent, Absent),
            Some(B::ChangeOrganiser),
            (Organiser, Organiser),
            (true, 0),
        ),
        row(
            (T::ChangeService, "变更服务"),
            (OnRecord, Changed, OnRecord),
            Some(B::ChangeService),
            (Services, Services),
            MANY,
        ),
        row((T::ChangeBoth, "变更备案"), (Changed, Changed, OnRecord), Some(B::ChangeFiling), (Both, Both), MANY),
        row(
            (T::ChangeAccess, "变更接入"),
            (OnRecord, OnRecord, Changed),
            Some(B::ChangeAccess),
            (Nobody, Services),
            MANY,
        ),
        row(
            (T::DeregisterOrganiser, "注销主体"),
            (Leaves, Absent, Absent),
            Some(B::DeregisterOrganiser),
            (Nobody, Organiser),
            (true, 0),
        ),
        row(
            (T::DeregisterService, "注销服务"),
            (OnRecord, Leaves, Absent),
            Some(B::DeregisterService),
            (Nobody, Services),
            (true, 1),
        ),
        row(
            (T::CancelAccess, "取消接入"),
            (OnRecord, OnRecord, Leaves),
            Some(B::CancelAccess),
            (Nobody, Nobody),
            (true, 1),
        ),
        // The organiser is the one that takes the services over.
        row((T::Migrate, "迁移备案"), (OnRecord, Moved, OnRecord), Some(B::MigrateService), (Both, Both), MANY),
        Description {
            holder: Some(Holder::Nobody),
            ..row((T::Claim, "认领备案"), (OnRecord, Absent, Absent), None, (Organiser, Nobody), (true, 0))
        },
        Description {
            holder: Some(Holder::Other),
            ..row((T::Transfer, "转移备案"), (OnRecord, Absent, Absent), None, (Nobody, Nobody), (false, 0))
        },
    ]
};

impl Description {
    /// Whether a record or an access is taken away (注销, 取消接入): such an order says why, and ends cancelled.
    pub fn is_cancellation(&self) -> bool {
        use BureauOperation::{CancelAccess, DeregisterOrganiser, DeregisterService};
        matches!(self.bureau, Some(DeregisterOrganiser | DeregisterService | CancelAccess))
    }

    /// Whether documents or faces of anybody are verified.
    pub fn verifies_identity(&self) -> bool {
        self.verified != Persons::Nobody
    }

    /// Whether the registers of enterprises, citizens and domains are asked: only about data that the order brings.
    pub fn asks_registers(&self) -> bool {
        self.organiser.brings_data() || self.services.brings_data()
    }

    /// Whether the account that holds the record must consent, because no document proves the right to it.
    pub fn needs_consent(&self) -> bool {
        self.holder == Some(Holder::Other)
    }

    /// Whether the record goes to the account that orders (认领, 转移).
    pub fn takes_record(&self) -> bool {
        matches!(self.holder, Some(Holder::Other | Holder::Nobody))
    }
}

impl OrderType {
    /// Every type.
    pub const ALL: [Self; 15] = [
        Self::FirstFiling,
        Self::AddService,
        Self::AddServiceElsewhere,
        Self::AddAccess,
        Self::ContinueAccess,
        Self::ChangeOrganiser,
        Self::ChangeService,
        Self::ChangeBoth,
        Self::ChangeAccess,
        Self::DeregisterOrganiser,
        Self::DeregisterService,
        Self::CancelAccess,
        Self::Migrate,
        Self::Claim,
        Self::Transfer,
    ];

    /// What the type is about.
    pub fn description(self) -> &'static Description {
        &DESCRIPTIONS[self as usize]
    }

    /// The text form, e.g. `first_filing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstFiling => "first_filing",
            Self::AddService => "add_service",
            Self::AddServiceElsewhere => "add_service_elsewhere",
            Self::AddAccess => "add_access",
            Self::ContinueAccess => "continue_access",
            Self::ChangeOrganiser => "change_organiser",
            Self::ChangeService => "change_service",
            Self::ChangeBoth => "change_both",
            Self::ChangeAccess => "change_access",
            Self::DeregisterOrganiser => "deregister_organiser",
            Self::DeregisterService => "deregister_service",
            Self::CancelAccess => "cancel_access",
            Self::Migrate => "migrate",
            Self::Claim => "claim",
            Self::Transfer => "transfer",
        }
    }

    /// The type with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order_type| order_type.as_str() == text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_own_row_and_text() {
        for order_type in OrderType::ALL {
            assert_eq!(order_type.description().order_type, order_type);
            assert_eq!(OrderType::parse(order_type.as_str()), Some(order_type));
            assert_eq!(serde_json::to_value(order_type).unwrap(), order_type.as_str());
        }
        assert_eq!(OrderType::parse("first"), None);
    }

    #[test]
    fn the_table_contradicts_itself_nowhere() {
        for order_type in OrderType::ALL {
            let row = order_type.description();
            let name = row.name_zh;
            assert_eq!(row.services == Part::Absent, row.max_services == 0, "{name}: services");
            assert!(row.services != Part::Absent || row.access == Part::Absent, "{name}: access without service");
            assert!(row.bureau.is_some() || row.sms == Persons::Nobody, "{name}: the ministry asks nobody");
            assert!(!row.verified.include_services() || row.services.brings_data(), "{name}: nobody to verify");
            assert_eq!(row.holder.is_some(), row.organiser.is_here(), "{name}: who holds what is on record here");
            assert!(row.holder.is_some() || !row.services.is_here(), "{name}: a service here without its organiser");
            assert!(!row.takes_record() || row.bureau.is_none(), "{name}: no bureau knows accounts");
            assert!(row.organiser != Part::Moved && row.access != Part::Moved, "{name}: services alone move");
            assert!(!row.is_cancellation() || row.is_reviewed, "{name}: nothing is taken away unseen");
            let is_checked = row.is_reviewed || row.needs_consent();
            assert!(is_checked, "{name}: nothing is carried out that nobody agreed to");
        }
    }
}

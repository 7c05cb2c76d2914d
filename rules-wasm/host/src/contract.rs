//! The versions of the contract that this host serves side by side: one type that calls any of them.

use icp_rules_sdk::judge::BriefFinding;
use icp_rules_sdk::{Context, Description, Finding, Order, RequirementsAnswer};
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Store};

use crate::bindings::{v1_0, v1_1};
use crate::convert::Convert;
use crate::engine::Limited;

/// The interface that a module exports, without its version.
const INTERFACE: &str = "icp:bureau-rules/rules";
/// The versions that are served, the newest first.
pub const SERVED: [&str; 2] = ["1.1.0", "1.0.0"];

/// A module that is linked and ready to be instantiated.
pub(crate) enum Ready {
    V1_0(v1_0::BureauPre<Limited>),
    V1_1(v1_1::BureauPre<Limited>),
}

/// An instance for one call, or for one batch.
pub(crate) enum Instance {
    V1_0(v1_0::Bureau),
    V1_1(v1_1::Bureau),
}

/// The version of the contract that a module is written for.
pub(crate) fn version_of(component: &Component, engine: &Engine) -> Result<&'static str, String> {
    let kind = component.component_type();
    let exported = kind.exports(engine).find_map(|(name, _)| {
        let version = name.strip_prefix(INTERFACE)?.strip_prefix('@')?;
        Some(version.to_owned())
    });
    let Some(version) = exported else { return Err(format!("the module does not export {INTERFACE}")) };
    // The exact version: a module of a later one may have more than this host knows.
    SERVED.into_iter().find(|served| *served == version).ok_or_else(|| {
        format!("the module is written for {INTERFACE}@{version}; this host serves {}", SERVED.join(" and "))
    })
}

impl Ready {
    pub(crate) fn new(version: &str, pre: InstancePre<Limited>) -> wasmtime::Result<Self> {
        match version {
            "1.0.0" => v1_0::BureauPre::new(pre).map(Self::V1_0),
            _ => v1_1::BureauPre::new(pre).map(Self::V1_1),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        match self {
            Self::V1_0(pre) => pre.engine(),
            Self::V1_1(pre) => pre.engine(),
        }
    }

    pub(crate) fn instantiate(&self, store: &mut Store<Limited>) -> wasmtime::Result<Instance> {
        match self {
            Self::V1_0(pre) => pre.instantiate(store).map(Instance::V1_0),
            Self::V1_1(pre) => pre.instantiate(store).map(Instance::V1_1),
        }
    }
}

impl Instance {
    pub(crate) fn describe(&self, store: &mut Store<Limited>) -> wasmtime::Result<Description> {
        Ok(match self {
            Self::V1_0(bureau) => bureau.icp_bureau_rules_rules().call_describe(store)?.convert(),
            Self::V1_1(bureau) => bureau.icp_bureau_rules_rules().call_describe(store)?.convert(),
        })
    }

    pub(crate) fn requirements(
        &self,
        store: &mut Store<Limited>,
        order: &Order,
        context: &Context,
    ) -> wasmtime::Result<RequirementsAnswer> {
        Ok(match self {
            Self::V1_0(bureau) => bureau.icp_bureau_rules_rules().call_requirements(store, &order.convert())?.convert(),
            Self::V1_1(bureau) => {
                let rules = bureau.icp_bureau_rules_rules();
                rules.call_requirements(store, &order.convert(), &context.convert())?.convert()
            }
        })
    }

    pub(crate) fn judge(
        &self,
        store: &mut Store<Limited>,
        order: &Order,
        context: &Context,
    ) -> wasmtime::Result<Vec<Finding>> {
        Ok(match self {
            Self::V1_0(bureau) => {
                let rules = bureau.icp_bureau_rules_rules();
                rules.call_judge(store, &order.convert(), &context.convert())?.convert()
            }
            Self::V1_1(bureau) => {
                let rules = bureau.icp_bureau_rules_rules();
                rules.call_judge(store, &order.convert(), &context.convert())?.convert()
            }
        })
    }

    /// Judges cases in the form of the newest contract. An older module cannot read that form: it judges them one by
    /// one, in the same instance.
    pub(crate) fn judge_batch(
        &self,
        store: &mut Store<Limited>,
        cases: &[u8],
    ) -> wasmtime::Result<Result<Vec<Vec<Finding>>, String>> {
        let Self::V1_1(bureau) = self else { return self.judge_each(store, cases) };
        let answer = bureau.icp_bureau_rules_rules().call_judge_batch(store, cases)?;
        Ok(answer.map(|lists| lists.convert()))
    }

    /// As [`Instance::judge_batch`], with the findings in bytes and without their texts.
    pub(crate) fn judge_encoded(
        &self,
        store: &mut Store<Limited>,
        cases: &[u8],
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        if let Self::V1_1(bureau) = self {
            return bureau.icp_bureau_rules_rules().call_judge_encoded(store, cases);
        }
        let lists = match self.judge_each(store, cases)? {
            Ok(lists) => lists,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut bytes = Vec::new();
        for list in &lists {
            let brief: Vec<BriefFinding<'_>> = list.iter().map(BriefFinding::from).collect();
            match postcard::to_extend(&brief, bytes) {
                Ok(longer) => bytes = longer,
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        Ok(Ok(bytes))
    }

    fn judge_each(
        &self,
        store: &mut Store<Limited>,
        cases: &[u8],
    ) -> wasmtime::Result<Result<Vec<Vec<Finding>>, String>> {
        let mut lists = Vec::new();
        let mut rest = cases;
        while !rest.is_empty() {
            match postcard::take_from_bytes::<(Order, Context)>(rest) {
                Err(error) => return Ok(Err(format!("case {} cannot be read: {error}", lists.len()))),
                Ok(((order, context), after)) => {
                    lists.push(self.judge(store, &order, &context)?);
                    rest = after;
                }
            }
        }
        Ok(Ok(lists))
    }
}

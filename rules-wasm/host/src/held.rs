//! An instance that stays for several calls.

use icp_rules_sdk::{Context, Finding, Order};
use wasmtime::Store;

use crate::answers::Answers;
use crate::contract::Instance;
use crate::engine::{Clock, Limited};
use crate::module::{LoadedModule, failure};

/// An instance that stays for several calls, each with the limits of a call. Live orders never share one: this is for
/// a stock that is judged again, and for measurements. After a failure it is spent.
pub struct Held<'h> {
    module: &'h LoadedModule,
    clock: &'h Clock,
    store: Store<Limited>,
    instance: Instance,
    is_spent: bool,
}

impl<'h> Held<'h> {
    pub(crate) fn new(module: &'h LoadedModule, clock: &'h Clock) -> Result<Self, String> {
        let _running = clock.running();
        let (store, instance) = module.instance(1).map_err(|error| failure(&error))?;
        Ok(Self { module, clock, store, instance, is_spent: false })
    }

    /// Judges an order.
    ///
    /// # Errors
    /// When the module fails, or failed before.
    pub fn judge(&mut self, order: &Order, context: &Context) -> Result<Vec<Finding>, String> {
        self.call(1, |instance, store| instance.judge(store, order, context))
    }

    /// Judges `count` orders as [`Host::judge_encoded_with`](crate::Host::judge_encoded_with) does.
    ///
    /// # Errors
    /// When the module fails, failed before, or cannot read the cases.
    pub fn judge_encoded(&mut self, cases: &[u8], count: usize) -> Result<Answers, String> {
        let orders = u64::try_from(count).unwrap_or(u64::MAX);
        Answers::of(self.call(orders, |instance, store| instance.judge_encoded(store, cases))?, count)
    }

    fn call<T>(
        &mut self,
        orders: u64,
        call: impl FnOnce(&Instance, &mut Store<Limited>) -> wasmtime::Result<T>,
    ) -> Result<T, String> {
        if self.is_spent {
            return Err(String::from("the instance failed before"));
        }
        let _running = self.clock.running();
        let limits = &self.module.limits;
        let answer = limits.arm(&mut self.store, orders).and_then(|()| call(&self.instance, &mut self.store));
        answer.map_err(|error| {
            self.is_spent = true;
            failure(&error)
        })
    }

    /// Whether a call failed: then it judges no more.
    pub fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// Its linear memory in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().memory_bytes()
    }
}

//! The rules in Rego.

use std::sync::Arc;

use anyhow::anyhow;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{CompiledPolicy, Engine, Rc, Value};

use super::Found;

const RULES: &str = include_str!("guangdong.rego");
const ENTRY: &str = "data.guangdong.findings";

/// The compiled rules with all inputs.
pub struct Rego {
    vm: RegoVM,
    policy: CompiledPolicy,
    inputs: Vec<Value>,
}

impl Rego {
    /// Compiles the rules once, for both ways of running them.
    pub fn new(tables: &serde_json::Value, inputs: &[serde_json::Value]) -> anyhow::Result<Self> {
        let mut engine = Engine::new();
        engine.add_policy("guangdong.rego".to_owned(), RULES.to_owned())?;
        let data = Value::from(serde_json::json!({ "tables": tables }));
        engine.add_data(data.clone())?;
        let entry: Rc<str> = ENTRY.into();
        let policy = engine.compile_with_entrypoint(&entry)?;
        let program = Compiler::compile_from_policy(&policy, &[ENTRY]).map_err(|error| anyhow!("{error}"))?;
        let mut vm = RegoVM::new();
        vm.set_max_instructions(usize::MAX);
        vm.load_program(Arc::clone(&program));
        vm.set_data(data).map_err(|error| anyhow!("{error}"))?;
        Ok(Self { vm, policy, inputs: inputs.iter().cloned().map(Value::from).collect() })
    }

    /// A verdict of the virtual machine.
    pub fn judge_by_vm(&mut self, place: usize) -> Option<Value> {
        self.vm.set_input(self.inputs.get(place)?.clone());
        self.vm.execute().ok()
    }

    /// A verdict of the interpreter.
    pub fn judge_by_interpreter(&mut self, place: usize) -> Option<Value> {
        self.policy.eval_with_input(self.inputs.get(place)?.clone()).ok()
    }

    /// What the virtual machine finds.
    pub fn found_by_vm(&mut self, place: usize) -> anyhow::Result<Found> {
        let input = self.inputs.get(place).cloned().unwrap_or(Value::Undefined);
        self.vm.set_input(input);
        found(&self.vm.execute().map_err(|error| anyhow!("{error}"))?)
    }

    /// What the interpreter finds.
    pub fn found_by_interpreter(&mut self, place: usize) -> anyhow::Result<Found> {
        let input = self.inputs.get(place).cloned().unwrap_or(Value::Undefined);
        found(&self.policy.eval_with_input(input)?)
    }
}

fn found(answer: &Value) -> anyhow::Result<Found> {
    answer.as_set()?.iter().map(|text| Ok(text.as_string()?.to_string())).collect()
}

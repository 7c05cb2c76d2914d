//! From a book to a component.

/// Exports a rule book as the component's one interface. Call it once, at the root of a province's crate:
///
/// ```ignore
/// icp_rules_sdk::export_bureau!(BOOK);
/// ```
///
/// Natively it only defines the type `Bureau` with the same functions, so that tests may call them.
#[macro_export]
macro_rules! export_bureau {
    ($book:path) => {
        /// This province's rules behind the contract.
        pub struct Bureau;

        impl $crate::contract::Guest for Bureau {
            fn describe() -> $crate::Description {
                $crate::describe::describe(&$book)
            }

            fn requirements(order: $crate::Order, context: $crate::Context) -> $crate::RequirementsAnswer {
                $crate::requirements::requirements(&$book, &order, &context)
            }

            fn judge(order: $crate::Order, context: $crate::Context) -> Vec<$crate::Finding> {
                $crate::judge::judge(&$book, &order, &context)
            }

            fn judge_batch(cases: Vec<u8>) -> Result<Vec<Vec<$crate::Finding>>, String> {
                $crate::batch::judge(&$book, &cases)
            }

            fn judge_encoded(cases: Vec<u8>) -> Result<Vec<u8>, String> {
                $crate::batch::judge_encoded(&$book, &cases)
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export_component!(Bureau with_types_in $crate::bindings);
    };
}

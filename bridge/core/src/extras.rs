//! What the crates of interfaces keep for an instance beside its resources.

use std::any::Any;

/// One value a type, made at its first use.
#[derive(Default)]
pub struct Extras(Vec<Box<dyn Any + Send>>);

impl Extras {
    pub fn of<T: Any + Send>(&mut self, make: impl FnOnce() -> T) -> &mut T {
        let found = self.0.iter().position(|value| value.is::<T>());
        let at = found.unwrap_or_else(|| {
            self.0.push(Box::new(make()));
            self.0.len() - 1
        });
        match self.0[at].downcast_mut() {
            Some(value) => value,
            None => unreachable!("it was found by its type"),
        }
    }
}

//! The memory cap of one instance, over all its memories.

use wasmtime::ResourceLimiter;

const TABLE_ELEMENTS_MAX: usize = 1 << 20;

pub struct Limiter {
    max: usize,
    used: usize,
    refused: bool,
}

impl Limiter {
    pub fn new(max: usize) -> Self {
        Limiter { max, used: 0, refused: false }
    }

    /// Linear memory in use. Memories never shrink, so this is the peak too.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Whether a request was refused: a guest that fails afterwards failed for want of memory.
    pub fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let next = self.used.saturating_add(desired.saturating_sub(current));
        if next > self.max || maximum.is_some_and(|m| desired > m) {
            self.refused = true;
            return Ok(false);
        }
        self.used = next;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

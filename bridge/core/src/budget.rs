//! How much of something an instance may keep, counted anew only when it may be too much.
//!
//! Nobody tells when a guest drops a resource of WASI. So what was admitted is added up, and when the
//! sum reaches the limit its owner looks at what is really there.

pub struct Budget {
    max: usize,
    admitted: usize,
}

impl Budget {
    pub fn new(max: usize) -> Budget {
        Budget { max, admitted: 0 }
    }

    /// Whether so much more may be kept; `count` tells what is kept now.
    pub fn admit(&mut self, more: usize, count: impl FnOnce() -> usize) -> bool {
        if self.admitted.saturating_add(more) > self.max {
            self.admitted = count();
        }
        let fits = self.admitted.saturating_add(more) <= self.max;
        if fits {
            self.admitted += more;
        }
        fits
    }
}

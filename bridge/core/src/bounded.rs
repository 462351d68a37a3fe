//! A list from a guest whose length is judged before it is copied.
//!
//! What a guest returns is lifted whole before anyone can look at it. This type takes a list of at
//! most `MAX` elements and of a longer one only its length.

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmList};

#[derive(Debug, Clone)]
pub enum Bounded<T, const MAX: usize> {
    Taken(Vec<T>),
    TooLong(usize),
}

// SAFETY: everything is what `[T]` says of itself.
unsafe impl<T: ComponentType, const MAX: usize> ComponentType for Bounded<T, MAX> {
    type Lower = <[T] as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <[T] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <[T] as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: the same source is read by `WasmList` and, when it is short enough, by `Vec`; each checks
// what it reads.
unsafe impl<T: Lift, const MAX: usize> Lift for Bounded<T, MAX> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        let length = WasmList::<T>::linear_lift_from_flat(cx, ty, src)?.len();
        if length > MAX {
            return Ok(Bounded::TooLong(length));
        }
        Vec::<T>::linear_lift_from_flat(cx, ty, src).map(Bounded::Taken)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let length = WasmList::<T>::linear_lift_from_memory(cx, ty, bytes)?.len();
        if length > MAX {
            return Ok(Bounded::TooLong(length));
        }
        Vec::<T>::linear_lift_from_memory(cx, ty, bytes).map(Bounded::Taken)
    }
}

//! Puts functions and resources of the host into an interface, in the form that it asks for.
//!
//! A function has two steps that may touch the store and no more: `begin` takes the arguments and
//! starts the host call, `end` keeps what it opened. Between them it waits without the store, so the
//! same steps serve functions that block the guest and asynchronous ones.

use std::future::Future;

use kt_bridge_core::State;
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, LinkerInstance, Lower};
use wasmtime::StoreContextMut;

/// How an interface declares a function: `func` or `async func`.
#[derive(Clone, Copy)]
pub enum Form {
    Sync,
    #[cfg(feature = "p3")]
    Async,
}

/// What a function returns to the guest.
pub trait Output: ComponentType + Lower + Send + Sync + 'static {}
impl<T: ComponentType + Lower + Send + Sync + 'static> Output for T {}

/// What a function takes from the guest.
pub trait Input: ComponentNamedList + Lift + Send + Sync + 'static {}
impl<T: ComponentNamedList + Lift + Send + Sync + 'static> Input for T {}

/// A function whose answer is its result.
pub fn function<P, R, B, F>(
    at: &mut LinkerInstance<'_, State>,
    form: Form,
    name: &str,
    begin: B,
) -> wasmtime::Result<()>
where
    P: Input,
    R: Output,
    B: Fn(&mut State, P) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = wasmtime::Result<R>> + Send + 'static,
{
    function_with_end(at, form, name, begin, |_, result| Ok(result))
}

/// A function that keeps what the host answered in the store.
pub fn function_with_end<P, T, R, B, F, E>(
    at: &mut LinkerInstance<'_, State>,
    form: Form,
    name: &str,
    begin: B,
    end: E,
) -> wasmtime::Result<()>
where
    P: Input,
    T: Send + 'static,
    R: Output,
    B: Fn(&mut State, P) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = wasmtime::Result<T>> + Send + 'static,
    E: Fn(&mut State, T) -> wasmtime::Result<R> + Copy + Send + Sync + 'static,
{
    match form {
        Form::Sync => {
            at.func_wrap_async(name, move |mut store: StoreContextMut<'_, State>, input: P| {
                let answer = begin(store.data_mut(), input);
                Box::new(async move {
                    let answer = answer.await?;
                    Ok((end(store.data_mut(), answer)?,))
                })
            })
        }
        #[cfg(feature = "p3")]
        Form::Async => at.func_wrap_concurrent(name, move |accessor, input: P| {
            Box::pin(async move {
                let answer = accessor.with(|mut access| begin(access.data_mut(), input)).await?;
                accessor.with(|mut access| Ok((end(access.data_mut(), answer)?,)))
            })
        }),
    }
}

/// What an asynchronous function returns that has many items: a stream of them, and how it ended.
#[cfg(feature = "p3")]
pub type Streamed<T, E> =
    (wasmtime::component::StreamReader<T>, wasmtime::component::FutureReader<Result<(), E>>);

#[cfg(feature = "p3")]
pub fn streamed<T, E>(
    mut store: impl wasmtime::AsContextMut,
    items: Vec<T>,
    end: Result<(), E>,
) -> wasmtime::Result<Streamed<T, E>>
where
    T: Lift + Output + Unpin,
    E: Lift + Output,
{
    let items = wasmtime::component::StreamReader::new(&mut store, items)?;
    let end = async move { Ok::<_, wasmtime::Error>(end) };
    Ok((items, wasmtime::component::FutureReader::new(&mut store, end)?))
}

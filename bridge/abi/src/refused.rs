//! What stands behind the imports that a dependency does not inherit: an opening says that access
//! is denied, an environment or a list of directories is empty, anything else traps.
//!
//! Made from the types of what is imported, so that every version of an interface is refused.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kt_bridge_compose::{asked_name, is_refused_name};
use kt_bridge_core::State;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{
    Component, Linker, LinkerInstance, Resource, ResourceAny, ResourceType, Type, Val,
};
use wasmtime::{bail, AsContextMut, StoreContextMut};

/// A resource of a refused interface. There is none to be had but by a constructor, and that one
/// can do nothing.
struct Nothing;

/// The errors by which an interface says so, the plainest first.
const DENIALS: [&str; 9] = [
    "access-denied",
    "destination-not-allowed",
    "model-not-supported",
    "undefined",
    "internal-error",
    "other",
    "other-error",
    "io",
    "error",
];
/// Its payload is the name that was asked for.
const UNDEFINED: &str = "undefined";

/// What is refused, for the guest and for messages.
struct Refused {
    interface: String,
    function: String,
}

impl Refused {
    fn message(&self) -> String {
        format!("{:?} is not permitted", self.interface)
    }

    fn payload(&self, ty: &Type, case: &str, arguments: &[Val]) -> Option<Val> {
        match ty {
            Type::String => {
                let asked = arguments.iter().find_map(|argument| match argument {
                    Val::String(text) if case == UNDEFINED => Some(text.clone()),
                    _ => None,
                });
                Some(Val::String(asked.unwrap_or_else(|| self.message())))
            }
            Type::Option(option) => {
                let inner = self.payload(&option.ty(), case, arguments)?;
                Some(Val::Option(Some(Box::new(inner))))
            }
            _ => None,
        }
    }

    fn error(&self, ty: &Type, arguments: &[Val]) -> Option<Val> {
        match ty {
            Type::Enum(ty) => {
                let denial = DENIALS.iter().find(|denial| ty.names().any(|n| n == **denial))?;
                Some(Val::Enum((*denial).to_owned()))
            }
            Type::Variant(ty) => DENIALS.iter().find_map(|denial| {
                let case = ty.cases().find(|case| case.name == *denial)?;
                let payload = match &case.ty {
                    None => None,
                    Some(ty) => Some(Box::new(self.payload(ty, denial, arguments)?)),
                };
                Some(Val::Variant((*denial).to_owned(), payload))
            }),
            Type::String => Some(Val::String(self.message())),
            _ => None,
        }
    }

    /// None: there is no way to say it.
    fn answer(&self, ty: &Type, arguments: &[Val]) -> Option<Val> {
        match ty {
            Type::Result(ty) => {
                let error = match ty.err() {
                    None => None,
                    Some(ty) => Some(Box::new(self.error(&ty, arguments)?)),
                };
                Some(Val::Result(Err(error)))
            }
            Type::List(_) => Some(Val::List(vec![])),
            Type::Option(_) => Some(Val::Option(None)),
            _ => None,
        }
    }

    fn constructs(&self, ty: &Type) -> bool {
        self.function.starts_with("[constructor]")
            && *ty == Type::Own(ResourceType::host::<Nothing>())
    }

    fn fill(
        &self,
        store: impl AsContextMut,
        ty: &ComponentFunc,
        arguments: &[Val],
        results: &mut [Val],
    ) -> wasmtime::Result<()> {
        let (Some(result), Some(ty)) = (results.first_mut(), ty.results().next()) else {
            return Ok(());
        };
        *result = if self.constructs(&ty) {
            Val::Resource(Resource::<Nothing>::new_own(0).try_into_resource_any(store)?)
        } else {
            let Some(answer) = self.answer(&ty, arguments) else {
                bail!("{}: {}", self.function, self.message());
            };
            answer
        };
        Ok(())
    }
}

/// The handles within arguments, which are ours now.
fn handles_in(value: &Val, to: &mut Vec<ResourceAny>) {
    match value {
        Val::Resource(handle) => to.push(*handle),
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
            items.iter().for_each(|item| handles_in(item, to));
        }
        Val::Record(fields) => fields.iter().for_each(|(_, item)| handles_in(item, to)),
        Val::Map(pairs) => pairs.iter().for_each(|(key, item)| {
            handles_in(key, to);
            handles_in(item, to);
        }),
        Val::Variant(_, Some(item)) | Val::Option(Some(item)) => handles_in(item, to),
        Val::Result(Ok(Some(item)) | Err(Some(item))) => handles_in(item, to),
        _ => {}
    }
}

fn handles(arguments: &[Val]) -> Vec<ResourceAny> {
    let mut handles = vec![];
    arguments.iter().for_each(|argument| handles_in(argument, &mut handles));
    handles
}

async fn refuse(
    refused: Arc<Refused>,
    mut store: StoreContextMut<'_, State>,
    ty: ComponentFunc,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    for handle in handles(arguments) {
        handle.resource_drop_async(&mut store).await?;
    }
    refused.fill(store, &ty, arguments, results)
}

/// The same for asynchronous functions, whose store is not held for the time of the call.
#[cfg(feature = "p3")]
fn define_async(
    place: &mut LinkerInstance<'_, State>,
    function: &str,
    refused: Arc<Refused>,
) -> wasmtime::Result<()> {
    place.func_new_concurrent(function, move |accessor, ty, arguments, results| {
        let refused = refused.clone();
        Box::pin(async move {
            accessor.with(|mut access| {
                for handle in handles(arguments) {
                    drop_now(handle, access.as_context_mut());
                }
                refused.fill(access.as_context_mut(), &ty, arguments, results)
            })
        })
    })
}

/// A handle whose destructor cannot be awaited. One of another kind lives as long as the instance.
#[cfg(feature = "p3")]
fn drop_now(handle: ResourceAny, store: StoreContextMut<'_, State>) {
    if handle.ty() == ResourceType::host::<Nothing>() {
        let _ = handle.try_into_resource::<Nothing>(store);
    } else {
        kt_bridge_network::drop_request(handle, store);
    }
}

fn define(
    place: &mut LinkerInstance<'_, State>,
    function: &str,
    is_async: bool,
    refused: Refused,
) -> wasmtime::Result<()> {
    let refused = Arc::new(refused);
    #[cfg(feature = "p3")]
    if is_async {
        return define_async(place, function, refused);
    }
    let _ = is_async;
    place.func_new_async(function, move |store, ty, arguments, results| {
        let refused = refused.clone();
        let called: Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send>> =
            Box::pin(refuse(refused, store, ty, arguments, results));
        Box::new(called)
    })
}

/// Provides every refused interface that the component imports.
pub fn link_refused(linker: &mut Linker<State>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine();
    let ty = component.component_type();
    // A type that an earlier import has is only repeated by a later one.
    let mut known = vec![];
    for (import, item) in ty.imports(engine) {
        let instance = match item.ty {
            ComponentItem::ComponentInstance(instance) => instance,
            ComponentItem::Resource(resource) => {
                known.push(resource);
                continue;
            }
            _ => continue,
        };
        let mut place = if is_refused_name(import) { Some(linker.instance(import)?) } else { None };
        for (name, item) in instance.exports(engine) {
            match (item.ty, &mut place) {
                (ComponentItem::Resource(resource), place) if !known.contains(&resource) => {
                    known.push(resource);
                    if let Some(place) = place {
                        place.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                    }
                }
                (ComponentItem::ComponentFunc(function), Some(place)) => {
                    let interface = asked_name(import).to_owned();
                    let refused = Refused { interface, function: name.to_owned() };
                    define(place, name, function.async_(), refused)?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

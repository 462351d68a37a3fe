//! The attribute macros of `spin-kinesis-sdk`; use them through that crate.

use proc_macro::TokenStream;
use quote::quote;
use syn::{parse_macro_input, Error, ItemFn};

/// Makes a function the handler of `fermyon:spin-kinesis@2.0.0`, the world of the original plugin.
///
/// ```ignore
/// #[kinesis_component]
/// fn handle(records: Vec<KinesisRecord>) -> Result<(), Error> { .. }
/// ```
///
/// The function may be `async`, and its error may be anything with `Display`: its text goes to
/// stderr and to the trigger, which gives the whole batch again.
#[proc_macro_attribute]
pub fn kinesis_component(_: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    if let Err(problem) = takes(&function, 1, "the records: `records: Vec<KinesisRecord>`") {
        return problem.to_compile_error().into();
    }
    let name = &function.sig.ident;
    let wait = function.sig.asyncness.map(|_| quote!(.await));
    quote! {
        #function
        const _: () = {
            struct Handler;
            impl ::spin_kinesis_sdk::__private::kinesis::Guest for Handler {
                fn handle_batch_records(
                    records: ::std::vec::Vec<::spin_kinesis_sdk::KinesisRecord>,
                ) -> ::std::result::Result<(), ::spin_kinesis_sdk::Error> {
                    ::spin_kinesis_sdk::__private::run(async move {
                        #name(records) #wait .map_err(::spin_kinesis_sdk::__private::reported)
                    })
                }
            }
            ::spin_kinesis_sdk::__private::kinesis::__export_kinesis!(
                Handler with_types_in ::spin_kinesis_sdk::__private::kinesis
            );
        };
    }
    .into()
}

/// Makes a function the handler of `trigger-kinesis:handler@0.1.0`.
///
/// ```ignore
/// #[stream_handler]
/// fn handle(context: Context, records: Vec<Record>) -> Result<ItemFailures, Error> { .. }
/// ```
///
/// An `async fn` makes it an asynchronous handler, which may wait for several things at once.
/// What it may return is said by [`Answer`](trait@stream::Answer).
#[proc_macro_attribute]
pub fn stream_handler(_: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    let wanted = "the context and the records: `context: Context, records: Vec<Record>`";
    if let Err(problem) = takes(&function, 2, wanted) {
        return problem.to_compile_error().into();
    }
    let name = &function.sig.ident;
    let asyncness = &function.sig.asyncness;
    let wait = asyncness.map(|_| quote!(.await));
    let (bindings, export) = if asyncness.is_some() {
        (quote!(stream_async), quote!(__export_stream_async))
    } else {
        (quote!(stream), quote!(__export_stream))
    };
    quote! {
        #function
        const _: () = {
            struct Handler;
            impl ::spin_kinesis_sdk::__private::#bindings::Guest for Handler {
                #asyncness fn batch(
                    context: ::spin_kinesis_sdk::stream::Context,
                    records: ::std::vec::Vec<::spin_kinesis_sdk::stream::Record>,
                ) -> ::std::result::Result<::spin_kinesis_sdk::stream::BatchResult, ::std::string::String> {
                    ::spin_kinesis_sdk::__private::answered(#name(context, records) #wait)
                }
            }
            ::spin_kinesis_sdk::__private::#bindings::#export!(
                Handler with_types_in ::spin_kinesis_sdk::__private::#bindings
            );
        };
    }
    .into()
}

fn takes(function: &ItemFn, count: usize, what: &str) -> Result<(), Error> {
    if function.sig.inputs.len() == count {
        return Ok(());
    }
    Err(Error::new_spanned(&function.sig, format!("a handler takes {what}")))
}

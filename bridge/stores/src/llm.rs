//! Language models: `fermyon:spin/llm` and `fermyon:spin/llm@2.0.0`, the same but for the name.

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower};

use crate::ask::list;
use crate::provide::{function, Form};

const INFER: u32 = 0x0800;
const EMBED: u32 = 0x0801;

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Error {
    #[component(name = "model-not-supported")]
    ModelNotSupported,
    #[component(name = "runtime-error")]
    RuntimeError(String),
    #[component(name = "invalid-input")]
    InvalidInput(String),
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        match error.fault {
            Fault::NotFound => Error::ModelNotSupported,
            // The interface's words for a model that the component may not use.
            Fault::AccessDenied | Fault::Invalid => Error::InvalidInput(error.message),
            _ => Error::RuntimeError(error.message),
        }
    }
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct Params {
    #[component(name = "max-tokens")]
    max_tokens: u32,
    #[component(name = "repeat-penalty")]
    repeat_penalty: f32,
    #[component(name = "repeat-penalty-last-n-token-count")]
    repeat_penalty_last_n: u32,
    #[component(name = "temperature")]
    temperature: f32,
    #[component(name = "top-k")]
    top_k: u32,
    #[component(name = "top-p")]
    top_p: f32,
}

impl Default for Params {
    /// What the interface's other host takes when the guest says nothing.
    fn default() -> Params {
        Params {
            max_tokens: 100,
            repeat_penalty: 1.1,
            repeat_penalty_last_n: 64,
            temperature: 0.8,
            top_k: 40,
            top_p: 0.9,
        }
    }
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct Usage {
    #[component(name = "prompt-token-count")]
    prompt_tokens: u32,
    #[component(name = "generated-token-count")]
    generated_tokens: u32,
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct Inferred {
    #[component(name = "text")]
    text: String,
    #[component(name = "usage")]
    usage: Usage,
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct EmbeddingsUsage {
    #[component(name = "prompt-token-count")]
    prompt_tokens: u32,
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct Embeddings {
    #[component(name = "embeddings")]
    embeddings: Vec<Vec<f32>>,
    #[component(name = "usage")]
    usage: EmbeddingsUsage,
}

fn tokens(value: Value) -> Result<u32, HostError> {
    let value = value.integer()?;
    u32::try_from(value).map_err(|_| HostError::new(Fault::Other, "a count that is out of range"))
}

fn inferred(value: Value) -> Result<Inferred, HostError> {
    let [text, prompt, generated] = value.items()?;
    let usage = Usage { prompt_tokens: tokens(prompt)?, generated_tokens: tokens(generated)? };
    Ok(Inferred { text: text.text()?, usage })
}

fn embeddings(value: Value) -> Result<Embeddings, HostError> {
    let [embeddings, prompt] = value.items()?;
    let vector = |vector| list(vector, |number| Ok(number.real()? as f32));
    Ok(Embeddings {
        embeddings: list(embeddings, vector)?,
        usage: EmbeddingsUsage { prompt_tokens: tokens(prompt)? },
    })
}

fn define(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    function(
        at,
        Form::Sync,
        "infer",
        |state, (model, prompt, params): (String, String, Option<Params>)| {
            let p = params.unwrap_or_default();
            let arguments = vec![
                model.into(),
                prompt.into(),
                i64::from(p.max_tokens).into(),
                f64::from(p.repeat_penalty).into(),
                i64::from(p.repeat_penalty_last_n).into(),
                f64::from(p.temperature).into(),
                i64::from(p.top_k).into(),
                f64::from(p.top_p).into(),
            ];
            let answer = state.host.call(INFER, arguments);
            async move { Ok(answer.await.and_then(inferred).map_err(Error::from)) }
        },
    )?;
    function(
        at,
        Form::Sync,
        "generate-embeddings",
        |state, (model, texts): (String, Vec<String>)| {
            let answer = state.host.call(EMBED, vec![model.into(), texts.into_iter().collect()]);
            async move { Ok(answer.await.and_then(embeddings).map_err(Error::from)) }
        },
    )
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define(&mut linker.instance("fermyon:spin/llm")?)?;
    define(&mut linker.instance("fermyon:spin/llm@2.0.0")?)
}

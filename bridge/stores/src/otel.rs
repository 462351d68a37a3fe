//! Telemetry of guests: `wasi:otel@0.2.0-rc.2`.
//!
//! What a guest reports is handed on as it is: a record as the list of its fields in their order, a
//! variant as [its case's number, payload], a number without sign as the integer of its bits.

use kt_bridge_core::{HostError, State, Value};
use wasmtime::component::{flags, ComponentType, Lift, Linker, LinkerInstance, Lower};
use wasmtime::StoreContextMut;

use crate::provide::{function, Form};

const SPAN_START: u32 = 0x0a00;
const SPAN_END: u32 = 0x0a01;
const OUTER_CONTEXT: u32 = 0x0a02;
const METRICS: u32 = 0x0a03;
const LOG: u32 = 0x0a04;

/// What can be told to the host.
trait Told {
    fn told(self) -> Value;
}

macro_rules! plain {
    ($($type:ty as $as:ty,)*) => {$(
        impl Told for $type {
            fn told(self) -> Value {
                Value::from(self as $as)
            }
        }
    )*};
}
plain! { bool as bool, f64 as f64, u8 as i64, i8 as i64, u32 as i64, i32 as i64, u64 as i64, i64 as i64, }

impl Told for String {
    fn told(self) -> Value {
        Value::Text(self)
    }
}
impl<T: Told> Told for Option<T> {
    fn told(self) -> Value {
        self.map_or(Value::None, Told::told)
    }
}
impl<T: Told> Told for Vec<T> {
    fn told(self) -> Value {
        Value::List(self.into_iter().map(Told::told).collect())
    }
}
impl<A: Told, B: Told> Told for (A, B) {
    fn told(self) -> Value {
        Value::List(vec![self.0.told(), self.1.told()])
    }
}

macro_rules! records {
    ($($name:ident { $($field:ident $text:tt: $type:ty,)* })*) => {$(
        #[derive(ComponentType, Lift, Lower, Clone)]
        #[component(record)]
        struct $name { $(#[component(name = $text)] $field: $type,)* }

        impl Told for $name {
            fn told(self) -> Value {
                Value::List(vec![$(self.$field.told()),*])
            }
        }
    )*};
}

macro_rules! variants {
    ($($name:ident { $($case:ident $text:tt $number:literal: $type:ty,)* })*) => {$(
        #[derive(ComponentType, Lift, Lower, Clone)]
        #[component(variant)]
        enum $name { $(#[component(name = $text)] $case($type),)* }

        impl Told for $name {
            fn told(self) -> Value {
                match self {
                    $($name::$case(payload) => {
                        Value::List(vec![Value::Integer($number), payload.told()])
                    })*
                }
            }
        }
    )*};
}

macro_rules! enums {
    ($($name:ident { $($case:ident $text:tt,)* })*) => {$(
        #[allow(dead_code)] // Only Lift makes them.
        #[derive(ComponentType, Lift, Lower, Clone, Copy)]
        #[component(enum)]
        #[repr(u8)]
        enum $name { $(#[component(name = $text)] $case,)* }

        impl Told for $name {
            fn told(self) -> Value {
                Value::Integer(self as i64)
            }
        }
    )*};
}

flags! {
    TraceFlags {
        #[component(name = "sampled")]
        const SAMPLED;
    }
}

impl Told for TraceFlags {
    fn told(self) -> Value {
        Value::Boolean(self == TraceFlags::SAMPLED)
    }
}

/// The variant `status`: one case of three has a payload.
#[derive(ComponentType, Lift, Lower, Clone)]
#[component(variant)]
enum Status {
    #[component(name = "unset")]
    Unset,
    #[component(name = "ok")]
    Ok,
    #[component(name = "error")]
    Error(String),
}

impl Told for Status {
    fn told(self) -> Value {
        let (case, payload) = match self {
            Status::Unset => (0, Value::None),
            Status::Ok => (1, Value::None),
            Status::Error(text) => (2, text.told()),
        };
        Value::List(vec![Value::Integer(case), payload])
    }
}

enums! {
    SpanKind {
        Client "client",
        Server "server",
        Producer "producer",
        Consumer "consumer",
        Internal "internal",
    }
    Temporality {
        Cumulative "cumulative",
        Delta "delta",
        LowMemory "low-memory",
    }
}

records! {
    Datetime {
        seconds "seconds": u64,
        nanoseconds "nanoseconds": u32,
    }
    KeyValue {
        key "key": String,
        value "value": String,
    }
    Resource {
        attributes "attributes": Vec<KeyValue>,
        schema_url "schema-url": Option<String>,
    }
    Scope {
        name "name": String,
        version "version": Option<String>,
        schema_url "schema-url": Option<String>,
        attributes "attributes": Vec<KeyValue>,
    }
    SpanContext {
        trace_id "trace-id": String,
        span_id "span-id": String,
        flags "trace-flags": TraceFlags,
        is_remote "is-remote": bool,
        state "trace-state": Vec<(String, String)>,
    }
    Event {
        name "name": String,
        time "time": Datetime,
        attributes "attributes": Vec<KeyValue>,
    }
    Link {
        context "span-context": SpanContext,
        attributes "attributes": Vec<KeyValue>,
    }
    SpanData {
        context "span-context": SpanContext,
        parent "parent-span-id": String,
        kind "span-kind": SpanKind,
        name "name": String,
        start "start-time": Datetime,
        end "end-time": Datetime,
        attributes "attributes": Vec<KeyValue>,
        events "events": Vec<Event>,
        links "links": Vec<Link>,
        status "status": Status,
        scope "instrumentation-scope": Scope,
        dropped_attributes "dropped-attributes": u32,
        dropped_events "dropped-events": u32,
        dropped_links "dropped-links": u32,
    }
    LogRecord {
        time "timestamp": Option<Datetime>,
        observed "observed-timestamp": Option<Datetime>,
        severity_text "severity-text": Option<String>,
        severity "severity-number": Option<u8>,
        body "body": Option<String>,
        attributes "attributes": Option<Vec<KeyValue>>,
        event_name "event-name": Option<String>,
        resource "resource": Option<Resource>,
        scope "instrumentation-scope": Option<Scope>,
        trace_id "trace-id": Option<String>,
        span_id "span-id": Option<String>,
        flags "trace-flags": Option<TraceFlags>,
    }
    Exemplar {
        attributes "filtered-attributes": Vec<KeyValue>,
        time "time": Datetime,
        value "value": Number,
        span_id "span-id": String,
        trace_id "trace-id": String,
    }
    NumberPoint {
        attributes "attributes": Vec<KeyValue>,
        value "value": Number,
        exemplars "exemplars": Vec<Exemplar>,
    }
    Gauge {
        points "data-points": Vec<NumberPoint>,
        start "start-time": Option<Datetime>,
        time "time": Datetime,
    }
    Sum {
        points "data-points": Vec<NumberPoint>,
        start "start-time": Datetime,
        time "time": Datetime,
        temporality "temporality": Temporality,
        is_monotonic "is-monotonic": bool,
    }
    HistogramPoint {
        attributes "attributes": Vec<KeyValue>,
        count "count": u64,
        bounds "bounds": Vec<f64>,
        buckets "bucket-counts": Vec<u64>,
        min "min": Option<Number>,
        max "max": Option<Number>,
        sum "sum": Number,
        exemplars "exemplars": Vec<Exemplar>,
    }
    Histogram {
        points "data-points": Vec<HistogramPoint>,
        start "start-time": Datetime,
        time "time": Datetime,
        temporality "temporality": Temporality,
    }
    Buckets {
        offset "offset": i32,
        counts "counts": Vec<u64>,
    }
    ExponentialPoint {
        attributes "attributes": Vec<KeyValue>,
        count "count": u64,
        min "min": Option<Number>,
        max "max": Option<Number>,
        sum "sum": Number,
        scale "scale": i8,
        zero_count "zero-count": u64,
        positive "positive-bucket": Buckets,
        negative "negative-bucket": Buckets,
        zero_threshold "zero-threshold": f64,
        exemplars "exemplars": Vec<Exemplar>,
    }
    Exponential {
        points "data-points": Vec<ExponentialPoint>,
        start "start-time": Datetime,
        time "time": Datetime,
        temporality "temporality": Temporality,
    }
    Metric {
        name "name": String,
        description "description": String,
        unit "unit": String,
        data "data": MetricData,
    }
    ScopeMetrics {
        scope "scope": Scope,
        metrics "metrics": Vec<Metric>,
    }
    ResourceMetrics {
        resource "resource": Resource,
        scopes "scope-metrics": Vec<ScopeMetrics>,
    }
}

variants! {
    Number {
        Float "f64" 0: f64,
        Signed "s64" 1: i64,
        Unsigned "u64" 2: u64,
    }
    MetricData {
        FloatGauge "f64-gauge" 0: Gauge,
        FloatSum "f64-sum" 1: Sum,
        FloatHistogram "f64-histogram" 2: Histogram,
        FloatExponential "f64-exponential-histogram" 3: Exponential,
        UnsignedGauge "u64-gauge" 0: Gauge,
        UnsignedSum "u64-sum" 1: Sum,
        UnsignedHistogram "u64-histogram" 2: Histogram,
        UnsignedExponential "u64-exponential-histogram" 3: Exponential,
        SignedGauge "s64-gauge" 0: Gauge,
        SignedSum "s64-sum" 1: Sum,
        SignedHistogram "s64-histogram" 2: Histogram,
        SignedExponential "s64-exponential-histogram" 3: Exponential,
    }
}

fn context_of(value: Value) -> Result<SpanContext, HostError> {
    let [trace_id, span_id, sampled, is_remote, state] = value.items()?;
    let pair = |item: Value| {
        let [key, value] = item.items()?;
        Ok((key.text()?, value.text()?))
    };
    Ok(SpanContext {
        trace_id: trace_id.text()?,
        span_id: span_id.text()?,
        flags: if sampled.boolean()? { TraceFlags::SAMPLED } else { TraceFlags::empty() },
        is_remote: is_remote.boolean()?,
        state: state.list()?.into_iter().map(pair).collect::<Result<_, _>>()?,
    })
}

/// A function without a result: what the host cannot use is its concern, never the guest's. It is
/// waited for, so that a guest reports no faster than it is read.
fn report<T: ComponentType + Lift + Told + Send + Sync + 'static>(
    at: &mut LinkerInstance<'_, State>,
    name: &str,
    operation: u32,
) -> wasmtime::Result<()> {
    at.func_wrap_async(name, move |mut store: StoreContextMut<'_, State>, (what,): (T,)| {
        let answer = store.data_mut().host.call(operation, vec![what.told()]);
        Box::new(async move {
            let _ = answer.await;
            Ok(())
        })
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut tracing = linker.instance("wasi:otel/tracing@0.2.0-rc.2")?;
    report::<SpanContext>(&mut tracing, "on-start", SPAN_START)?;
    report::<SpanData>(&mut tracing, "on-end", SPAN_END)?;
    function(&mut tracing, Form::Sync, "outer-span-context", |state, ()| {
        let answer = state.host.call(OUTER_CONTEXT, vec![]);
        async move { Ok(answer.await.and_then(context_of)?) }
    })?;
    let mut metrics = linker.instance("wasi:otel/metrics@0.2.0-rc.2")?;
    function(&mut metrics, Form::Sync, "export", |state, (metrics,): (ResourceMetrics,)| {
        let answer = state.host.call(METRICS, vec![metrics.told()]);
        async move { Ok(answer.await.map(|_| ()).map_err(|error| error.message)) }
    })?;
    report::<LogRecord>(&mut linker.instance("wasi:otel/logs@0.2.0-rc.2")?, "on-emit", LOG)
}

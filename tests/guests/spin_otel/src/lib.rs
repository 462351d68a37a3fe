//! Reports what its records say, and prints what came of it.
//!
//!   outer                    prints the host's span context
//!   span <name> [<deed>...]  does the rest with a span of its own open, then ends it
//!   unended <name>           begins a span and leaves it open
//!   unbegun <name>           ends a span that was never begun
//!   get <url>                a request by fermyon:spin/http
//!   metrics <points>         a counter with so many points, a gauge and two histograms
//!   log <text>

use std::time::{SystemTime, UNIX_EPOCH};

use fermyon::spin::http;
use wasi::clocks::wall_clock::Datetime;
use wasi::otel::logs::{on_emit, LogRecord};
use wasi::otel::metrics;
use wasi::otel::metrics::{MetricData, MetricNumber, Temporality};
use wasi::otel::tracing;
use wasi::otel::tracing::{SpanContext, SpanData, SpanKind, Status, TraceFlags};
use wasi::otel::types::{InstrumentationScope, KeyValue, Resource};

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "wit/otel.wit"],
    world: "test:otel/otel",
    generate_all,
});

struct Handler;
export!(Handler);

type Deed = Result<String, String>;

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data.inner).into_owned();
            match run(&text.split(' ').collect::<Vec<_>>(), &tracing::outer_span_context()) {
                Ok(done) => println!("{done}"),
                Err(error) => println!("error {error}"),
            }
        }
        Ok(())
    }
}

fn run(words: &[&str], parent: &SpanContext) -> Deed {
    match words {
        ["outer"] => {
            let sampled = parent.trace_flags == TraceFlags::SAMPLED;
            Ok(format!("outer {} {} {sampled}", parent.trace_id, parent.span_id))
        }
        ["span", name, deed @ ..] => span(name, deed, parent),
        ["unended", name] => {
            tracing::on_start(&child(name, parent));
            Ok("begun".to_owned())
        }
        ["unbegun", name] => {
            tracing::on_end(&span_data(name, &child(name, parent), parent, now()));
            Ok("ended".to_owned())
        }
        ["get", url] => get(url),
        ["metrics", points] => export(points.parse().map_err(|error| format!("{error:?}"))?)
            .map(|()| "exported".to_owned()),
        ["log", text] => {
            log(text, parent);
            Ok("logged".to_owned())
        }
        [] => Ok("nothing".to_owned()),
        _ => Err(format!("unknown: {words:?}")),
    }
}

fn now() -> Datetime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "guest-library".to_owned(),
        version: Some("1.2".to_owned()),
        schema_url: None,
        attributes: vec![],
    }
}

fn attribute(key: &str, json: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: json.to_owned() }
}

/// A span's id is made of its name, so that tests know it.
fn child(name: &str, parent: &SpanContext) -> SpanContext {
    let id = name.bytes().fold(7u64, |id, byte| id.wrapping_mul(257).wrapping_add(byte.into()));
    SpanContext { span_id: format!("{id:016x}"), ..parent.clone() }
}

fn span_data(name: &str, context: &SpanContext, parent: &SpanContext, start: Datetime) -> SpanData {
    SpanData {
        span_context: context.clone(),
        parent_span_id: parent.span_id.clone(),
        span_kind: SpanKind::Internal,
        name: name.to_owned(),
        start_time: start,
        end_time: now(),
        attributes: vec![attribute("colour", "\"blue\""), attribute("sizes", "[1,2]")],
        events: vec![tracing::Event {
            name: "halfway".to_owned(),
            time: start,
            attributes: vec![attribute("late", "true")],
        }],
        links: vec![tracing::Link { span_context: parent.clone(), attributes: vec![] }],
        status: Status::Error("went wrong".to_owned()),
        instrumentation_scope: scope(),
        dropped_attributes: 0,
        dropped_events: 1,
        dropped_links: 0,
    }
}

fn span(name: &str, deed: &[&str], parent: &SpanContext) -> Deed {
    let context = child(name, parent);
    let start = now();
    tracing::on_start(&context);
    let done = run(deed, &context);
    tracing::on_end(&span_data(name, &context, parent, start));
    done
}

fn get(url: &str) -> Deed {
    let request = http::Request {
        method: fermyon::spin::http_types::Method::Get,
        uri: url.to_owned(),
        headers: vec![],
        params: vec![],
        body: None,
    };
    let response = http::send_request(&request).map_err(|error| format!("{error:?}"))?;
    Ok(String::from_utf8_lossy(&response.body.unwrap_or_default()).into_owned())
}

fn export(points: u64) -> Result<(), String> {
    let time = now();
    let sum = metrics::Sum {
        data_points: (0..points)
            .map(|number| metrics::SumDataPoint {
                attributes: vec![attribute("number", &number.to_string())],
                value: MetricNumber::U64(40 + number),
                exemplars: vec![],
            })
            .collect(),
        start_time: time,
        time,
        temporality: Temporality::Delta,
        is_monotonic: true,
    };
    let gauge = metrics::Gauge {
        data_points: vec![metrics::GaugeDataPoint {
            attributes: vec![],
            value: MetricNumber::S64(-5),
            exemplars: vec![],
        }],
        start_time: None,
        time,
    };
    let histogram = metrics::Histogram {
        data_points: vec![metrics::HistogramDataPoint {
            attributes: vec![],
            count: 3,
            bounds: vec![1.0, 2.5],
            bucket_counts: vec![1, 0, 2],
            min: Some(MetricNumber::F64(0.5)),
            max: None,
            sum: MetricNumber::F64(10.5),
            exemplars: vec![metrics::Exemplar {
                filtered_attributes: vec![],
                time,
                value: MetricNumber::F64(7.5),
                span_id: "0102030405060708".to_owned(),
                trace_id: "0102030405060708090a0b0c0d0e0f10".to_owned(),
            }],
        }],
        start_time: time,
        time,
        temporality: Temporality::Cumulative,
    };
    let bucket = |offset, counts| metrics::ExponentialBucket { offset, counts };
    let exponential = metrics::ExponentialHistogram {
        data_points: vec![metrics::ExponentialHistogramDataPoint {
            attributes: vec![],
            count: 4,
            min: None,
            max: Some(MetricNumber::F64(9.0)),
            sum: MetricNumber::F64(12.0),
            scale: -1,
            zero_count: 1,
            positive_bucket: bucket(-2, vec![1, 300]),
            negative_bucket: bucket(0, vec![]),
            zero_threshold: 0.25,
            exemplars: vec![],
        }],
        start_time: time,
        time,
        temporality: Temporality::Cumulative,
    };
    let metric = |name: &str, data| metrics::Metric {
        name: name.to_owned(),
        description: "of a guest".to_owned(),
        unit: "1".to_owned(),
        data,
    };
    metrics::export(&metrics::ResourceMetrics {
        resource: Resource {
            attributes: vec![attribute("guest.version", "\"3\"")],
            schema_url: None,
        },
        scope_metrics: vec![metrics::ScopeMetrics {
            scope: scope(),
            metrics: vec![
                metric("guest.sum", MetricData::U64Sum(sum)),
                metric("guest.gauge", MetricData::S64Gauge(gauge)),
                metric("guest.histogram", MetricData::F64Histogram(histogram)),
                metric("guest.exponential", MetricData::F64ExponentialHistogram(exponential)),
            ],
        }],
    })
}

fn log(text: &str, parent: &SpanContext) {
    on_emit(&LogRecord {
        timestamp: Some(now()),
        observed_timestamp: None,
        severity_text: Some("WARN".to_owned()),
        severity_number: Some(13),
        body: Some(format!(
            "{{\"text\":\"{text}\",\"bytes\":\"data:application/octet-stream;base64,AAH/\"}}"
        )),
        attributes: Some(vec![attribute("share", "0.5")]),
        event_name: Some("said".to_owned()),
        resource: None,
        instrumentation_scope: Some(scope()),
        trace_id: Some(parent.trace_id.clone()),
        span_id: Some(parent.span_id.clone()),
        trace_flags: Some(parent.trace_flags),
    });
}
